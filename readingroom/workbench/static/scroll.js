// The wheel over a slice: all turns since the last picture become one message, and the next
// goes when a picture is on the screen. Nothing queues up, so that scrolling ends with the hand.
(function () {
  "use strict";
  const AHEAD = 2; // Messages under way: one being drawn here, one at the server.
  const LOST_MS = 400; // A picture that did not come by then is no longer waited for.
  const NOTCH_PX = 100; // What one notch of a wheel reports; a touch pad reports less, oftener.
  const PAD_PX = 30;
  const SLICES = ["axial", "coronal", "sagittal", "prior_axial", "prior_coronal"];
  const views = {};

  function slicesOf(event) {
    if (event.deltaMode) return -Math.sign(event.deltaY);
    const size = Math.abs(event.deltaY);
    const slices = size < NOTCH_PX / 2 ? size / PAD_PX : Math.max(1, Math.round(size / NOTCH_PX));
    return -Math.sign(event.deltaY) * slices;
  }

  function send(name) {
    const view = views[name];
    const whole = Math.trunc(view.slices);
    const now = performance.now();
    if (now - view.since > LOST_MS) view.ahead = 0;
    if (!whole || view.ahead >= AHEAD) return;
    view.slices -= whole;
    view.ahead += 1;
    view.since = now;
    window.trame.trigger("view_scroll", [name, whole]);
    setTimeout(send, LOST_MS + 1, name); // The last turn must arrive, whatever is lost.
  }

  window.addEventListener("wheel", (event) => {
    const cell = event.target.closest && event.target.closest(".rv-cell[data-view]");
    const name = cell && cell.dataset.view;
    if (!SLICES.includes(name) || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const view = (views[name] = views[name] || { slices: 0, ahead: 0, since: 0 });
    const slices = slicesOf(event);
    if (slices * view.slices < 0) view.slices = 0; // The hand has turned round.
    view.slices += slices;
    send(name);
  }, { capture: true, passive: false });

  document.addEventListener("picture", (event) => {
    const cell = event.target.closest && event.target.closest(".rv-cell[data-view]");
    const name = cell && cell.dataset.view;
    if (!views[name]) return;
    views[name].ahead = 0;
    send(name);
  });
})();
