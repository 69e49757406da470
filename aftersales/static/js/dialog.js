// Dialogs with a form: data-dialog="#id" opens one; a page that comes back with errors carries <dialog open> and it opens again, modal.
import { element, word } from "./words.js";

export function dialogs(root) {
  root.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) open(document.querySelector(opener.dataset.dialog));
    if (event.target.closest("[data-dialog-close]")) event.target.closest("dialog").close();
    if (event.target.tagName === "DIALOG" && outside(event)) event.target.close();
  });
  for (const dialog of root.querySelectorAll("dialog[open]")) {
    dialog.open = false;
    open(dialog);
  }
}

function open(dialog) {
  dialog.showModal();
  (dialog.querySelector("[aria-invalid=true]") ?? dialog.querySelector(".body :is(input:not([type=hidden]), select, textarea)") ?? dialog.querySelector("footer .btn:last-child"))?.focus();
}

function outside({ target, clientX, clientY }) {
  const edge = target.getBoundingClientRect();
  return !target.querySelector("form") && (clientX < edge.left || clientX > edge.right || clientY < edge.top || clientY > edge.bottom);
}

export function ask(text, label, tone) {
  const yes = element("button", { class: `btn ${tone}`, value: "yes" }, label);
  const box = element("dialog", { "aria-label": text }, element("form", { method: "dialog" },
    element("div", { class: "body" }, text),
    element("footer", {}, element("button", { class: "btn", value: "" }, word("cancel")), yes)));
  document.body.append(box);
  box.showModal();
  yes.focus();
  return new Promise((resolve) => box.addEventListener("close", () => { box.remove(); resolve(box.returnValue === "yes"); }));
}
