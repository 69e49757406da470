// Tables and lists: a click on a row follows its link, filters apply as they are chosen, codes are copied.
import { toast, word } from "./words.js";

function follow(event) {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.button > 1 || event.target.closest("a, button, input, select, label, summary, .tickcell") || String(getSelection())) return;
  if (event.button === 1 || event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
  else location.assign(row.dataset.href);
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    toast(word("copied"));
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling); // no permission, or plain http: select it for the hand
  }
}

export function rows(root) {
  root.addEventListener("click", follow);
  root.addEventListener("auxclick", follow);
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
  });
  for (const form of root.querySelectorAll("form[data-filters]")) {
    form.querySelector(":scope > [data-apply]").hidden = !form.querySelector("input[type=search]");
    form.addEventListener("change", ({ target }) => target.matches("select") && !target.closest("details") && form.requestSubmit());
    form.addEventListener("formdata", ({ formData }) => [...formData].forEach(([name, value]) => value || formData.delete(name)));
  }
}
