// Signature pad: finger, pen or mouse. Strokes are kept as points in parts of the width, so that turning the phone keeps the ink.
import { element, word } from "./words.js";

const INK = "#10243f";
const EXPORT_WIDTH = 900;

class Pad {
  constructor(box) {
    this.box = box;
    this.canvas = box.querySelector("canvas");
    this.strokes = [];
    this.store = element("input", { type: "hidden", name: box.dataset.signature });
    box.append(this.store);
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.draw(event));
    for (const name of ["pointerup", "pointercancel"]) this.canvas.addEventListener(name, () => this.end());
    box.querySelector("[data-clear]").addEventListener("click", () => { this.strokes = []; this.end(); this.paint(); });
    new ResizeObserver(() => this.fit()).observe(this.canvas);
    box.closest("form")?.addEventListener("submit", (event) => this.check(event));
  }

  fit() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width) return;
    const scale = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.paint();
  }

  point(event) {
    const edge = this.canvas.getBoundingClientRect();
    return [(event.clientX - edge.left) / edge.width, (event.clientY - edge.top) / edge.width, event.pointerType === "pen" ? event.pressure : 0.5];
  }

  begin(event) {
    if (event.button) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push(this.stroke = [this.point(event)]);
    this.paint();
  }

  draw(event) {
    if (!this.stroke) return;
    const all = event.getCoalescedEvents?.() ?? [];
    this.stroke.push(...(all.length ? all : [event]).map((each) => this.point(each)));
    this.paint();
  }

  end() {
    this.stroke = null;
    this.store.value = this.strokes.length ? this.export() : "";
    this.box.classList.toggle("bad", false);
    this.store.dispatchEvent(new Event("change", { bubbles: true }));
  }

  paint(canvas = this.canvas) {
    const pen = canvas.getContext("2d");
    const { width } = canvas;
    // A signature drawn upright and turned is scaled to stay inside.
    const tallest = Math.max(0, ...this.strokes.flat().map((point) => point[1])) * width;
    const unit = tallest > canvas.height ? width * (canvas.height / tallest) * 0.96 : width;
    pen.clearRect(0, 0, width, canvas.height);
    Object.assign(pen, { strokeStyle: INK, fillStyle: INK, lineCap: "round", lineJoin: "round" });
    for (const stroke of this.strokes) {
      stroke.forEach(([x, y, pressure], at) => {
        const [fromX, fromY] = stroke[Math.max(0, at - 1)];
        pen.lineWidth = (unit / 400) * (1 + 2 * pressure);
        pen.beginPath();
        pen.moveTo(fromX * unit, fromY * unit);
        pen.lineTo(x * unit + (at ? 0 : 0.01), y * unit);
        pen.stroke();
      });
    }
  }

  export() {
    const copy = element("canvas");
    copy.width = EXPORT_WIDTH;
    copy.height = Math.round(EXPORT_WIDTH * (this.canvas.height / this.canvas.width));
    this.paint(copy);
    return copy.toDataURL("image/png");
  }

  check(event) {
    if (this.store.value || !("required" in this.box.dataset) || event.submitter?.formNoValidate) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.box.classList.add("bad");
    this.box.setAttribute("tabindex", "-1");
    this.box.focus();
    let note = this.box.parentElement.querySelector(".error");
    if (!note) this.box.after(note = element("span", { class: "error", role: "alert" }));
    note.textContent = word("sign");
  }
}

export function signatures(root) {
  for (const box of root.querySelectorAll("[data-signature]")) new Pad(box);
}
