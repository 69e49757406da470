// Look-up: <input type="hidden" data-lookup="/url" name value=id data-text> stays in the form and keeps the id; the input behind it, which
// shows the words until then, becomes a combobox.
// /url?q=text answers {"results": [{"id", "text", "hint"}], "recent": how many of them come first because they were chosen before, "more": bool}. data-depends="a b" sends the values of the fields named a and b along.
import { element, word } from "./words.js";

const PAUSE = 180;
const RECENT = 6;
let serial = 0;
const made = new WeakMap();

class Lookup {
  constructor(store) {
    this.store = store;
    const list = `lookup-${++serial}`;
    this.input = element("input", {
      type: "text", id: `${store.id || list}-text`, role: "combobox", autocomplete: "off", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list,
    });
    for (const name of ["placeholder", "aria-label", "aria-describedby", "aria-invalid"]) if (store.hasAttribute(name)) this.input.setAttribute(name, store.getAttribute(name));
    this.input.required = store.required;
    this.input.disabled = store.disabled || store.readOnly;
    this.list = element("ul", { id: list, role: "listbox", class: "combo-list", hidden: "" });
    this.clear = element("button", { type: "button", "aria-label": word("clear"), tabindex: "-1" }, "×");
    this.box = element("div", { class: "combo" }, this.input, this.clear, this.list);
    store.required = false;
    store.nextElementSibling.replaceWith(this.box);
    this.start();
    document.querySelector(`label[for="${CSS.escape(store.id)}"]`)?.setAttribute("for", this.input.id);
    this.listen();
    this.showClear();
    made.set(store, this);
  }

  start() { this.input.value = this.text = this.store.dataset.text || this.store.value; }

  listen() {
    this.input.addEventListener("input", () => { this.validate(); this.later(); });
    this.input.addEventListener("click", () => this.list.hidden && this.fetch(this.input.value === this.text ? "" : this.input.value));
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.leave());
    this.clear.addEventListener("click", () => { this.choose("", ""); this.input.focus(); });
    this.list.addEventListener("pointerdown", (event) => event.pointerType === "mouse" && event.preventDefault());
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.take(event.target.closest("[role=option]")));
    for (const name of this.depends()) this.field(name)?.addEventListener("change", ({ detail }) => detail === "put" || this.choose("", ""));
  }

  // Ids alone, per person and field: names stay on the server, which shows of them what may still be chosen.
  get memory() { return `recent:${document.documentElement.dataset.person}:${new URL(this.store.dataset.lookup, location.href).pathname}:${this.store.name}`; }
  recent() { try { return JSON.parse(localStorage.getItem(this.memory)) ?? []; } catch { return []; } }

  remember(id) {
    try { localStorage.setItem(this.memory, JSON.stringify([id, ...this.recent().filter((each) => each !== id)].slice(0, RECENT))); } catch { /* a full or forbidden store: nothing is offered first */ }
  }

  depends() { return (this.store.dataset.depends ?? "").split(/[\s,]+/).filter(Boolean); }
  field(name) { return this.store.form?.elements.namedItem(name); }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetch(this.input.value), PAUSE);
  }

  async fetch(text) {
    clearTimeout(this.timer);
    this.request?.abort();
    const request = this.request = new AbortController();
    const url = new URL(this.store.dataset.lookup, location.href);
    url.searchParams.set("q", text.trim());
    if (!text.trim()) url.searchParams.set("recent", this.recent().join());
    for (const name of this.depends()) url.searchParams.set(name, this.field(name)?.value ?? "");
    if (this.list.hidden) this.note(word("searching"));
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: request.signal });
      if (!answer.ok) throw new Error(answer.status);
      this.show(await answer.json());
    } catch {
      if (!request.signal.aborted) this.note(word("failed"));
    }
  }

  show({ results, recent, more, add }) {
    const scanned = this.scanned;
    this.scanned = false;
    if (scanned && results.length === 1) return this.choose(String(results[0].id), results[0].text);
    if (!results.length) {
      this.note(word("nothing"));
      if (add) this.list.append(element("li", { class: "note", role: "presentation" }, element("a", { href: add, target: "_blank" }, word("add"))));
      return;
    }
    this.list.replaceChildren(...results.map((found, at) => {
      const option = element("li", { role: "option", id: `${this.list.id}-${at}`, "data-id": found.id, "data-text": found.text, "aria-selected": "false" }, found.text);
      if (found.hint) option.append(element("small", {}, found.hint));
      return option;
    }));
    if (recent) {
      this.list.prepend(element("li", { class: "note", role: "presentation" }, word("recent")));
      if (recent < results.length) this.list.children[recent].after(element("li", { class: "note", role: "presentation" }, word("all")));
    }
    if (more) this.list.append(element("li", { class: "note", role: "presentation" }, word("more")));
    this.open();
    if (this.input.value.trim() && this.input.value !== this.text) this.mark(this.list.firstElementChild);
  }

  note(text) {
    this.list.replaceChildren(element("li", { class: "note", role: "presentation" }, text));
    this.open();
  }

  open() {
    if (document.activeElement !== this.input) return;
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.input.removeAttribute("aria-activedescendant");
  }

  close() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  marked() { return this.list.querySelector("[aria-selected=true]"); }

  mark(option) {
    this.marked()?.setAttribute("aria-selected", "false");
    if (!option) return;
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  key(event) {
    if (event.isComposing) return; // Enter confirms a pinyin candidate first
    const options = [...this.list.querySelectorAll("[role=option]")];
    const at = options.indexOf(this.marked());
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (this.list.hidden) return this.fetch("");
      const step = event.key === "ArrowDown" ? 1 : -1;
      return this.mark(options.at((at + step + (at < 0 && step < 0 ? 1 : 0)) % options.length));
    }
    if (event.key === "Enter") {
      event.preventDefault(); // a scanner ends with Enter, before the answer is there
      if (!this.list.hidden && this.marked()) return this.take(this.marked());
      this.scanned = Boolean(this.input.value.trim()) && this.input.value !== this.text;
      if (this.scanned) this.fetch(this.input.value);
    }
    if (event.key === "Escape" && !this.list.hidden) { event.preventDefault(); event.stopPropagation(); this.input.value = this.text; this.validate(); this.close(); }
    if (event.key === "Tab") this.take(this.marked());
  }

  take(option) {
    if (!option || this.list.hidden) return;
    this.remember(option.dataset.id);
    this.choose(option.dataset.id, option.dataset.text);
  }

  choose(id, text, detail) {
    this.close();
    this.input.value = this.text = text;
    this.validate();
    this.showClear();
    if (this.store.value === id) return;
    this.store.value = id;
    this.store.dispatchEvent(new CustomEvent("change", { bubbles: true, detail }));
  }

  validate() { this.input.setCustomValidity(this.input.value.trim() && this.input.value !== this.text ? word("choose") : ""); }

  leave() {
    this.close();
    if (!this.input.value.trim()) this.choose("", "");
  }

  showClear() { this.clear.hidden = !this.text || this.input.disabled; }
}

// Several records: each a chip before the box; the hidden input keeps their ids with commas between.
class Many extends Lookup {
  start() {
    this.chosen = this.store.dataset.text ? JSON.parse(this.store.dataset.text) : [];
    this.chips = element("ul", { class: "combo-chips" });
    this.box.prepend(this.chips);
    this.chips.addEventListener("click", ({ target }) => target.dataset.id && this.keep(this.chosen.filter((each) => String(each.id) !== target.dataset.id)));
    this.draw();
  }

  choose(id, text) {
    this.close();
    this.input.value = "";
    this.validate();
    if (id && !this.chosen.some((each) => String(each.id) === id)) this.keep([...this.chosen, { id, text }]);
  }

  keep(chosen) {
    this.chosen = chosen;
    this.store.value = chosen.map((each) => each.id).join(",");
    this.draw();
    this.store.dispatchEvent(new Event("change", { bubbles: true }));
  }

  draw() {
    this.chips.replaceChildren(...this.chosen.map((each) => element("li", { class: "chip" }, each.text,
      element("button", { type: "button", "data-id": each.id, "aria-label": word("remove") }, "×"))));
  }
}

// Put a choice into a field from outside: what another field brings along, or a draft.
export function put(store, value, text) {
  const lookup = made.get(store);
  if (lookup instanceof Many) return lookup.keep(value ? JSON.parse(text) : []);
  if (lookup) return lookup.choose(value, text, "put"); // not the person: what depends on it stays
  store.value = value;
  store.dispatchEvent(new Event("change", { bubbles: true }));
}

// What a draft keeps beside the value of a field, so that `put` can show it again.
export function textOf(store) {
  const lookup = made.get(store);
  return lookup instanceof Many ? JSON.stringify(lookup.chosen) : lookup?.text ?? "";
}

export function lookups(root) {
  for (const store of root.querySelectorAll("input[data-lookup]")) new ("many" in store.dataset ? Many : Lookup)(store);
}
