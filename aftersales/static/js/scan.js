// Codes: a USB scanner is a keyboard that ends with Enter; a telephone has a camera. Where the browser reads no codes itself, the server does.
import { follow } from "./follow.js";
import { element, word } from "./words.js";

const GS = "\x1d"; // FNC1; keyboard scanners send it as Ctrl+]
const FORMATS = ["qr_code", "data_matrix", "code_128", "code_39", "ean_13", "ean_8", "itf"];
const ICON = '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="M2 5V2h3M11 2h3v3M14 11v3h-3M5 14H2v-3M5 5v6M8 5v6M11 5v6"/></svg>';
const AGAIN = 500;

function insert(field, text) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

async function scanned(field) {
  if (field.dataset.go) return field.form.requestSubmit(field.form.querySelector(field.dataset.go));
  if (field.form?.dataset.follow) await follow(field);
  const fields = [...field.form.elements].filter((each) => each.tabIndex >= 0 && each.offsetParent && !each.disabled && each.type !== "submit");
  fields[fields.indexOf(field) + 1]?.focus();
}

function key(event) {
  const field = event.target;
  if (!("code" in (field.dataset ?? {})) || event.isComposing) return;
  if (event.ctrlKey && event.key === "]") { event.preventDefault(); insert(field, GS); }
  if (event.key === "Enter") { event.preventDefault(); field.value.trim() && scanned(field); }
}

async function byServer(picture, field) {
  const body = new FormData();
  body.set("csrf_token", field.form.elements.namedItem("csrf_token").value);
  body.set("picture", picture, "picture.jpg");
  const answer = await fetch("/scan", { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
  return answer?.ok ? (await answer.json()).codes : [];
}

function still(video) {
  const canvas = element("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
}

async function reader() {
  if (!("BarcodeDetector" in window)) return null;
  const known = await BarcodeDetector.getSupportedFormats().catch(() => []);
  const formats = FORMATS.filter((format) => known.includes(format));
  return formats.length ? new BarcodeDetector({ formats }) : null;
}

// Shows the rear camera, or where a page may not (no https) a button that takes a photo, until a code is read or the person gives up.
async function open(field) {
  const note = element("p", { role: "status" }, word("aim"));
  const video = element("video", { class: "scan-view", playsinline: "", muted: "" });
  const photo = element("input", { type: "file", accept: "image/*", capture: "environment" });
  const box = element("dialog", { "aria-label": word("scan") },
    element("div", { class: "body" }, note, video, element("label", { class: "picker" }, photo, element("span", {}, word("photo")))),
    element("footer", {}, element("button", { class: "btn", type: "button", "data-dialog-close": "" }, word("cancel"))));
  document.body.append(box);
  box.showModal();
  const stream = await navigator.mediaDevices?.getUserMedia({ video: { facingMode: "environment" } }).catch(() => null);
  box.addEventListener("close", () => { stream?.getTracks().forEach((track) => track.stop()); box.remove(); });
  const found = (codes) => {
    if (!codes.length || !box.open) return false;
    box.close();
    field.value = codes[0];
    field.dispatchEvent(new Event("input", { bubbles: true }));
    scanned(field);
    return true;
  };
  photo.addEventListener("change", async () => {
    note.textContent = word("searching");
    if (!found(await byServer(photo.files[0], field))) note.textContent = word("unread");
  });
  video.hidden = !stream;
  if (!stream) { note.textContent = word("camera"); return; }
  video.srcObject = stream;
  await video.play();
  const detector = await reader();
  const look = async () => {
    if (!box.open) return;
    const codes = detector ? (await detector.detect(video).catch(() => [])).map((each) => each.rawValue) : await byServer(await still(video), field);
    if (!found(codes)) setTimeout(look, detector ? AGAIN / 2 : 2 * AGAIN);
  };
  look();
}

export function scans(root) {
  root.addEventListener("keydown", key);
  for (const field of root.querySelectorAll("[data-code]")) {
    if (!field.form?.elements.namedItem("csrf_token")) continue;
    const button = element("button", { type: "button", class: "btn", "aria-label": word("scan"), title: word("scan"), tabindex: "-1" });
    button.innerHTML = ICON;
    const box = element("span", { class: "scannable" });
    field.before(box);
    box.append(field, button);
    button.addEventListener("click", () => open(field));
  }
}
