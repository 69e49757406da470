// Chosen pictures are shown before they are sent; what the server would not take is said at once, not after the upload.
import { element } from "./words.js";

const SIZES = ["B", "KB", "MB", "GB"];

function size(bytes) {
  const step = bytes ? Math.min(3, Math.floor(Math.log2(bytes) / 10)) : 0;
  return `${(bytes / 1024 ** step).toFixed(step > 1 ? 1 : 0)} ${SIZES[step]}`;
}

function figure(file) {
  const shown = element("figure", { title: file.name });
  if (/^image\/(png|jpeg|webp|gif)$/.test(file.type)) {
    const picture = element("img", { alt: "", src: URL.createObjectURL(file) });
    picture.addEventListener("load", () => URL.revokeObjectURL(picture.src));
    shown.append(picture);
  }
  shown.append(`${size(file.size)} ${file.name}`);
  return shown;
}

export function files(root) {
  root.addEventListener("change", (event) => {
    if (event.target.type !== "file") return;
    const picker = event.target.closest(".picker");
    picker?.querySelector(".previews")?.replaceChildren(...[...event.target.files].map(figure));
    const sum = [...event.target.files].reduce((bytes, file) => bytes + file.size, 0);
    event.target.setCustomValidity(sum > Number(picker?.dataset.most ?? Infinity) ? picker.dataset.tooMuch : "");
    if (!event.target.checkValidity()) event.target.reportValidity();
  });
}
