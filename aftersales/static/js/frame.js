// Runs before the first paint, so that a folded side stays folded and the chosen light stays on without a flicker; and before the first
// tap. Everything else is in app.js.
(function () {
  var root = document.documentElement;
  try {
    if (localStorage.getItem("side") === "shut") root.dataset.side = "shut";
    root.dataset.light = localStorage.getItem("light") || "system";
  } catch (blocked) { root.dataset.light = "system"; }
  var media = { light: "not all", dark: "screen" }[root.dataset.light];
  if (media) document.getElementById("dark").media = media;

  // What may wait for a network is not sent before js/offline is there to write it down: without one it would be lost.
  var held = null;
  function hold(event) {
    if (!event.target.dataset.late || !(navigator.serviceWorker || {}).controller) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!held) setTimeout(release, 5000); // the scripts may never come
    held = event;
  }
  function release() {
    document.removeEventListener("submit", hold, true);
    if (held) held.target.requestSubmit(held.submitter);
    held = null;
  }
  document.addEventListener("submit", hold, true);
  document.addEventListener("holding", release, { once: true });
}());
