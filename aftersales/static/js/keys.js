// Keys for hands that stay on them: g h home, g i inbox, n a new entry, ? what there is; "/" is the search box's own (side.js). Never while typing.
const PLACES = { "g h": ".side-top [data-go=home]", "g i": ".side-top [data-go=inbox]", n: ".heading .acts a[href$='/add']" };
const PAUSE = 1000;
let led = -PAUSE;

export function keys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    const after = event.timeStamp - led < PAUSE;
    led = event.key === "g" ? event.timeStamp : -PAUSE;
    if (event.key === "?") document.getElementById("keys").showModal();
    else document.querySelector(PLACES[after ? `g ${event.key}` : event.key] ?? ":not(*)")?.click();
  });
}
