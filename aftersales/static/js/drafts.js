// Drafts: what is typed into a form stays in this browser, for this person and this address, until it was saved or they sign out.
import { put, textOf } from "./lookup.js";
import { element, word } from "./words.js";

const PREFIX = "draft:";
const NEVER = new Set(["csrf_token", "version", "entry_key", "password"]);
const PAUSE = 400;
const checked = new WeakSet();

const read = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };
const write = (key, draft) => { try { localStorage.setItem(key, JSON.stringify(draft)); } catch { /* a full or forbidden store: the form works without */ } };

function allKept() { return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)); }

function kept(form) {
  return [...form.elements].filter((field) => field.name && !NEVER.has(field.name) && !["file", "submit", "password"].includes(field.type));
}

function values(form) {
  return kept(form).filter((field) => !/radio|checkbox/.test(field.type) || field.checked)
    .map((field) => [field.name, field.value, textOf(field)]);
}

function restore(form, draft) {
  for (const [name, value, text] of draft.values) {
    const field = form.elements.namedItem(name);
    if (field instanceof RadioNodeList) field.value = value;
    else if (field?.type === "checkbox") field.checked = true;
    else if (field) put(field, value, text);
  }
}

function offer(form, key, draft) {
  const time = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Shanghai" }).format(new Date(draft.at));
  const yes = element("button", { type: "button", class: "btn small" }, word("restore"));
  const no = element("button", { type: "button", class: "btn small" }, word("discard"));
  const bar = element("div", { class: "flash warn", role: "status" }, element("span", {}, word("draft", time)), yes, no);
  form.before(bar);
  yes.addEventListener("click", () => { restore(form, draft); bar.remove(); });
  no.addEventListener("click", () => { localStorage.removeItem(key); bar.remove(); });
}

// Nobody has to try whether the network is back.
function offerAgain(bar, form, submitter) {
  if (!bar.isConnected) return;
  const again = element("button", { type: "button", class: "btn small" }, word("again"));
  again.addEventListener("click", () => form.requestSubmit(submitter));
  bar.className = "flash ok not-sent";
  bar.replaceChildren(element("span", {}, word("online")), again);
}

async function send(event, form, key) {
  if (event.defaultPrevented || checked.has(form)) return;
  if (document.documentElement.dataset.me && "late" in form.dataset) return write(key, { at: Date.now(), values: values(form), sent: true }); // the queue keeps it
  event.preventDefault();
  event.stopImmediatePropagation();
  const { submitter } = event;
  const there = await fetch("/static/mark.svg", { method: "HEAD", cache: "no-store" }).then((answer) => answer.ok, () => false);
  document.querySelector(".not-sent")?.remove();
  if (!there) {
    write(key, { at: Date.now(), values: values(form) });
    const bar = element("div", { class: "flash late not-sent", role: "alert" }, element("span", {}, word("unsent")));
    form.before(bar);
    scrollTo({ top: 0 });
    window.addEventListener("online", () => offerAgain(bar, form, submitter), { once: true });
    return;
  }
  write(key, { at: Date.now(), values: values(form), sent: true });
  checked.add(form);
  form.requestSubmit(submitter);
  checked.delete(form);
}

function keep(form) {
  const key = `${PREFIX}${form.dataset.draft}:${location.pathname}${location.search}`;
  const draft = read(key);
  if (draft && ("answered" in form.dataset || form.querySelector(".form-errors"))) write(key, { ...draft, sent: false });
  else if (draft && JSON.stringify(draft.values) !== JSON.stringify(values(form))) offer(form, key, draft);
  let timer;
  for (const name of ["input", "change"]) form.addEventListener(name, ({ isTrusted }) => {
    clearTimeout(timer);
    if (isTrusted || name === "change") timer = setTimeout(() => write(key, { at: Date.now(), values: values(form) }), PAUSE);
  });
  form.addEventListener("submit", (event) => send(event, form, key));
  return key;
}

export function drafts(root) {
  const here = new Set([...root.querySelectorAll("form[data-draft]")].map(keep));
  // Whoever came to another page after sending has it saved.
  for (const key of allKept()) if (!here.has(key) && read(key)?.sent) localStorage.removeItem(key);
  root.addEventListener("submit", ({ target }) => {
    if (target.getAttribute("action")?.endsWith("/signout")) for (const key of allKept()) localStorage.removeItem(key);
  });
}
