// What widgets say comes from the page (templates/_words.html), in the reader's language.
const spoken = document.getElementById("words")?.dataset ?? {};

export const word = (name, value) => (spoken[name] ?? "").replace("{}", value);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

let lastToast;
export function toast(text) {
  lastToast?.remove();
  lastToast = element("div", { class: "toast", role: "status" }, text);
  document.body.append(lastToast);
  setTimeout((shown) => shown.remove(), 2400, lastToast);
}
