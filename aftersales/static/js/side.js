// The side: shut and opened on a desk, a drawer on a phone; folded groups are remembered. "/" goes to the search box.
const narrow = matchMedia("(max-width: 900px)");
const root = document.documentElement;

function remember(key, value) {
  try { localStorage.setItem(key, value); } catch { /* private windows forget, which is what they are for */ }
}
function remembered(key) {
  try { return localStorage.getItem(key); } catch { return null; }
}

function drawer(open) {
  if (open) root.dataset.drawer = "open"; else delete root.dataset.drawer;
  document.querySelector("[data-side-toggle]")?.setAttribute("aria-expanded", open);
  if (open) document.querySelector(".side a")?.focus();
}

function toggle() {
  if (narrow.matches) return drawer(root.dataset.drawer !== "open");
  root.dataset.side = root.dataset.side === "shut" ? "open" : "shut";
  remember("side", root.dataset.side);
}

function searchBox() {
  const search = document.querySelector("[data-search]");
  // Fetched when somebody goes there.
  search?.addEventListener("focus", async () => (await import("./suggest.js")).suggest(search), { once: true });
  return search;
}

export function sides() {
  const search = searchBox();
  document.querySelector("[data-side-toggle]")?.addEventListener("click", toggle);
  document.querySelector("[data-drawer-close]")?.addEventListener("click", () => drawer(false));
  const kept = new Map((remembered("groups") ?? "").split("\n").filter(Boolean).map((line) => [line.slice(1), line[0] === "+"]));
  for (const group of document.querySelectorAll(".side-group[data-name]")) {
    const { name } = group.dataset;
    if (kept.has(name)) group.open = kept.get(name) || Boolean(group.querySelector("[aria-current]"));
    group.querySelector("summary").addEventListener("click", () => {
      kept.set(name, !group.open);
      remember("groups", [...kept].map(([each, open]) => (open ? "+" : "-") + each).join("\n"));
    });
  }
  document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest" });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && root.dataset.drawer) { drawer(false); document.querySelector("[data-side-toggle]")?.focus(); }
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  });
}
