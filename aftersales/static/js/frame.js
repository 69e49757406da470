// Runs before the first paint, so that a folded side stays folded and the chosen light stays on without a flicker. Everything else is in app.js.
(function () {
  var root = document.documentElement;
  try {
    if (localStorage.getItem("side") === "shut") root.dataset.side = "shut";
    root.dataset.light = localStorage.getItem("light") || "system";
  } catch (blocked) { root.dataset.light = "system"; }
  var media = { light: "not all", dark: "screen" }[root.dataset.light];
  if (media) document.getElementById("dark").media = media;
}());
