// What the search box finds while one types: <input data-search>, answered by /search/suggest. Enter without a choice searches as ever.
import { element, word } from "./words.js";

const PAUSE = 180;

export function suggest(input) {
  const box = element("div", { class: "suggest", id: "suggest", role: "listbox", hidden: "" });
  input.form.append(box);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": "suggest", "aria-expanded": "false", "aria-autocomplete": "list" })) input.setAttribute(name, value);
  let timer, request, asked = "";

  const show = (open) => { box.hidden = !open; input.setAttribute("aria-expanded", open); if (!open) input.removeAttribute("aria-activedescendant"); };
  const options = () => [...box.querySelectorAll("[role=option]")];
  const active = () => box.querySelector("[aria-selected=true]");

  function mark(option) {
    active()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
  }

  async function fetchHits() {
    const phrase = input.value.trim();
    request?.abort();
    if (!phrase) return show(false);
    if (phrase === asked) return show(true);
    request = new AbortController();
    try {
      const answer = await fetch(`/search/suggest?q=${encodeURIComponent(phrase)}`, { headers: { Accept: "application/json" }, signal: request.signal });
      if (!answer.ok) throw new Error(answer.status);
      asked = phrase;
      draw((await answer.json()).groups);
    } catch (error) {
      if (error.name !== "AbortError") show(false); // the box still searches by Enter
    }
  }

  function draw(groups) {
    let count = 0;
    box.replaceChildren(...groups.flatMap((group) => [
      element("div", { class: "suggest-head" }, element("span", {}, group.label), ...(group.url ? [element("a", { href: group.url, tabindex: "-1" }, word("all"))] : [])),
      ...group.hits.map((hit) => element("a", { href: hit.url, role: "option", id: `hit-${++count}`, "aria-selected": "false", tabindex: "-1" },
        element("b", {}, hit.text), element("small", {}, hit.hint))),
    ]));
    if (!count) box.replaceChildren(element("p", {}, word("nothing")));
    show(true);
  }

  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(fetchHits, PAUSE); });
  input.addEventListener("focus", () => input.value.trim() && fetchHits());
  input.addEventListener("blur", () => setTimeout(() => show(false), 150)); // a click on a hit comes first
  input.addEventListener("keydown", (event) => {
    const found = options(), here = found.indexOf(active());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(found.at((here + (event.key === "ArrowDown" ? 1 : here < 0 ? 0 : -1)) % (found.length || 1)));
    } else if (event.key === "Enter" && here >= 0 && !box.hidden) {
      event.preventDefault();
      location.assign(found[here].href);
    } else if (event.key === "Escape") show(false);
  });
}
