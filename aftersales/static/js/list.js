// The list of a record type: the keys that walk along it, ticks, menus that close, and the order of columns.

// j and k walk along the rows, Enter opens the one whose link has the focus.
function walk(event) {
  const step = { j: 1, k: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
  const links = [...document.querySelectorAll("tr[data-href] a.plain")];
  const at = links.indexOf(document.activeElement);
  links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
}

function tickAll({ target }) {
  if (!target.matches("[data-tick-all]")) return;
  for (const box of target.closest("table").querySelectorAll("[name=ids]")) box.checked = target.checked;
}

// Lines in an order: arrows and dragging move one; nothing is sent before it is saved.
export function sortable(list) {
  let dragged;
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button[value^='up:'], button[value^='down:']");
    if (!button) return;
    event.preventDefault();
    const line = button.closest("li");
    if (button.value.startsWith("up:")) line.previousElementSibling?.before(line);
    else if (line.nextElementSibling?.matches("li")) line.nextElementSibling.after(line);
    button.focus();
  });
  list.addEventListener("dragstart", ({ target }) => (dragged = target.closest("li")).classList.add("dragged"));
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("li");
    event.preventDefault();
    if (!over || !dragged || over === dragged) return;
    const { top, height } = over.getBoundingClientRect();
    over[event.clientY < top + height / 2 ? "before" : "after"](dragged);
  });
  list.addEventListener("dragend", () => { dragged?.classList.remove("dragged"); dragged = undefined; });
}

function closeOthers({ target }) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
}

// Escape closes the menu around the focus and gives the focus back to what opened it.
function leave(event) {
  const menu = event.key === "Escape" && !event.defaultPrevented && event.target.closest("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
}

export function lists(root) {
  root.addEventListener("keydown", leave);
  root.addEventListener("keydown", walk);
  root.addEventListener("change", tickAll);
  root.addEventListener("click", closeOthers);
  root.querySelectorAll("[data-sortable]").forEach(sortable);
}
