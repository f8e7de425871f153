// Tells the browser which language the page is in: for its fonts, and for screen readers.
(function () {
  "use strict";

  function follow(state) {
    const apply = () => {
      const language = state.get("page_lang");
      if (language) document.documentElement.lang = language;
    };
    state.addListener(({ keys }) => { if (keys && keys.includes("page_lang")) apply(); });
    apply();
  }

  (function wait() {
    if (window.trame && window.trame.state) follow(window.trame.state);
    else setTimeout(wait, 100);
  })();
})();
