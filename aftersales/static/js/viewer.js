// Papers and pictures are looked at in the page: a click on a link with data-view opens it in a dialog; without a script it is a link.
import { element, word } from "./words.js";

function show(link) {
  const isPaper = link.dataset.view === "pdf";
  const seen = isPaper ? element("iframe", { src: link.href, title: link.textContent.trim() }) : element("img", { src: link.href, alt: link.textContent.trim() });
  const close = element("button", { class: "btn primary", type: "button", "data-dialog-close": "" }, word("close"));
  const foot = element("footer", {}, element("a", { class: "btn", href: link.href, target: "_blank" }, word("open")), close);
  if (isPaper) {
    const print = element("button", { class: "btn", type: "button" }, word("print"));
    print.addEventListener("click", () => seen.contentWindow.print());
    foot.prepend(print);
  }
  const box = element("dialog", { class: "viewer", "aria-label": link.textContent.trim() }, element("div", { class: "body" }, seen), foot);
  document.body.append(box);
  box.addEventListener("close", () => { box.remove(); link.focus(); });
  box.showModal();
  close.focus();
}

export function viewers(root) {
  root.addEventListener("click", (event) => {
    const link = event.target.closest("[data-view]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link);
  });
}
