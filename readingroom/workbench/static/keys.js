// Keys go to the session process, except while someone types or a dialog is open.
(function () {
  "use strict";
  const REPEATING = ["j", "k", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "ctrl+z", "ctrl+y"];

  function typing(target) {
    return target && (target.isContentEditable
      || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
  }

  // Digits by their place, so that Shift with a digit is the same on every keyboard.
  function nameOf(event) {
    const digit = /^Digit([0-9])$/.exec(event.code);
    if (event.key === " ") return "Space";
    const key = digit && event.shiftKey ? digit[1]
      : event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const parts = [];
    if (event.ctrlKey || event.metaKey) parts.push("ctrl");
    if (event.shiftKey && key !== "?") parts.push("shift");
    return [...parts, key].join("+");
  }

  window.addEventListener("keydown", (event) => {
    const name = nameOf(event);
    if (name === "ctrl+s") event.preventDefault(); // Never the browser's own "save page".
    if (event.altKey || event.isComposing || typing(event.target) || !window.trame) return;
    if (document.querySelector(".v-dialog.v-overlay--active") && name !== "?") return;
    const state = window.trame.state;
    const keys = state.get("page_keys") || [];
    if (!keys.includes(name)) return;
    // On a button that was clicked, Space presses it again: that is the browser's own.
    if (name === "Space" && event.target.matches(":focus-visible")) return;
    if (event.repeat && !REPEATING.includes(name)) return;
    event.preventDefault();
    event.stopPropagation();
    window.trame.trigger("page_key", [name]);
  }, true);
})();
