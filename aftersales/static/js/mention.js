// @name in a comment: those who may read the record are offered while it is typed.
import { element, word } from "./words.js";

const BEGUN = /(?:^|[^A-Za-z0-9._%+-])@([\p{L}\p{N}_.-]{0,40})$/u;
const PAUSE = 180;

function offer(area) {
  const list = element("ul", { class: "combo-list", role: "listbox", hidden: "" });
  area.after(list);
  let timer;
  const begun = () => BEGUN.exec(area.value.slice(0, area.selectionStart))?.[1];
  const close = () => { clearTimeout(timer); list.hidden = true; };
  const take = (option) => {
    const end = area.selectionStart;
    area.setRangeText(`${option.textContent} `, end - begun().length, end, "end");
    close();
    area.focus();
  };
  const ask = async () => {
    const url = new URL(area.dataset.mention, location.href);
    url.searchParams.set("q", begun() ?? "");
    const answer = await fetch(url).catch(() => null);
    if (!answer?.ok || begun() === undefined) return;
    const { results } = await answer.json();
    list.replaceChildren(...results.map(({ name }) => element("li", { role: "option" }, name)));
    if (!results.length) list.append(element("li", { class: "note" }, word("nobody")));
    list.hidden = false;
  };
  area.addEventListener("input", () => { close(); if (begun() !== undefined) timer = setTimeout(ask, PAUSE); });
  area.addEventListener("blur", () => setTimeout(close, 150));
  area.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key !== "Escape" && !list.querySelector("[role=option]")) return;
    const at = [...list.children].findIndex((each) => each.ariaSelected === "true");
    if (event.key === "Escape") close();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      list.children[at]?.setAttribute("aria-selected", "false");
      [...list.children].at((at + (event.key === "ArrowDown" ? 1 : -1) + (at < 0 && event.key === "ArrowUp" ? 1 : 0)) % list.children.length).setAttribute("aria-selected", "true");
    }
    if (event.key === "Enter" || event.key === "Tab") { event.preventDefault(); take(list.children[Math.max(0, at)]); }
  });
  list.addEventListener("mousedown", (event) => { event.preventDefault(); const option = event.target.closest("[role=option]"); if (option) take(option); });
}

export function mentions(root) {
  for (const area of root.querySelectorAll("[data-mention]")) offer(area);
}
