// Rows of a record edited together: each is moved, taken out and added here; the server does the same where there is no script.
import { sortable } from "./list.js";
import { lookups } from "./lookup.js";

// Text that is typed is guarded by its own events; a row that moved or went is a change as well.
const touched = (list) => list.querySelector("input")?.dispatchEvent(new Event("input", { bubbles: true }));

function add(list, number) {
  const spare = list.querySelector("template").content.cloneNode(true);
  const line = spare.querySelector("li");
  for (const part of line.querySelectorAll("[id], [name], [for], [value], [aria-describedby]")) {
    for (const name of ["id", "name", "for", "value", "aria-describedby"]) {
      if (part.hasAttribute(name)) part.setAttribute(name, part.getAttribute(name).replace(/\bnew\b/, `n${number}`));
    }
  }
  list.querySelector("template").before(spare);
  lookups(line);
  line.querySelector("input:not([type=hidden]), select")?.focus();
}

function rowForm(list) {
  const form = list.closest("form");
  let number = list.children.length; // more than the server has given
  sortable(list);
  list.addEventListener("dragend", () => touched(list));
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=do]");
    if (!button || button.value === "save") return;
    event.preventDefault();
    if (button.value === "add") add(list, ++number);
    if (button.value.startsWith("drop:")) button.closest("li").remove();
    touched(list);
  });
}

export const rowForms = (root) => root.querySelectorAll("[data-rows]").forEach(rowForm);
