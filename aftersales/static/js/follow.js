// Dependent fields: choosing a record, or scanning a code, brings what follows into other fields, marked as taken over; whoever types over it keeps theirs.
import { put } from "./lookup.js";
import { element, word } from "./words.js";

export async function follow(field) {
  const { form } = field;
  const url = new URL(form.dataset.follow, location.href);
  url.searchParams.set("field", field.name);
  url.searchParams.set("value", field.value);
  const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) return false; // saving fills it on the server
  const { values, known } = await answer.json();
  for (const [name, { value, text }] of Object.entries(values)) take(form.elements.namedItem(name), field, value, text);
  tell(field, known);
  return Object.keys(values).length > 0;
}

function take(target, source, value, text) {
  if (!target || target.value === value || target.closest("details:not([open])")) return; // what is folded away is filled by saving
  const box = target.closest(".field");
  if (target !== source && target.value && !box.classList.contains("taken")) return; // somebody's own words
  put(target, value, text);
  box.classList.add("taken");
  box.querySelector("label").append(box.querySelector(".mark") ?? element("span", { class: "mark" }, word("taken")));
}

function tell(field, known) {
  const box = field.closest(".field");
  box.querySelector(".known")?.remove();
  if (known) box.append(element("span", { class: "hint known", role: "status" }, known));
}

export function follows(root) {
  // What the address of a new record's form presets is followed as if it had been chosen.
  for (const field of root.querySelectorAll(".record-form[data-follow] [data-fills]")) if (field.value && !field.form.elements.version) follow(field);
  root.addEventListener("change", ({ target }) => {
    if (!target.form?.dataset.follow) return;
    if ("fills" in target.dataset) follow(target);
  });
  root.addEventListener("input", ({ target, isTrusted }) => {
    const box = isTrusted && target.form?.dataset.follow && target.closest(".taken");
    if (!box) return;
    box.classList.remove("taken");
    box.querySelector(".mark")?.remove();
  });
}
