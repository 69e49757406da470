// A form marked data-late="words" is written down on the device before it is posted: if there is no network, it waits there.
// data-record names the record, data-home the page to go back to; data-single: a later one takes the place of an earlier one.
import { element, toast, word } from "../words.js";
import { all, drop, mine, put } from "./store.js";

const page = document.documentElement;
export const me = Number(page.dataset.me);
export const isKept = "kept" in page.dataset;

// The server's time minus the device's, from the last page that came from the server.
export function measure() {
  if (isKept) return;
  const [arrival] = performance.getEntriesByType("navigation");
  const offset = Date.parse(page.dataset.now) - (performance.timeOrigin + (arrival?.responseStart ?? 0));
  try { localStorage.setItem("offset", String(Math.round(offset))); } catch { /* then the device's own clock has to do */ }
}

function now() {
  let offset = 0;
  try { offset = Number(localStorage.getItem("offset")) || 0; } catch { /* as above */ }
  return new Date(Date.now() + offset).toISOString();
}

async function hold(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (isKept && form.querySelector("[type=password]")) {
    event.preventDefault();
    toast(word("password"));
    return;
  }
  if (!form.dataset.late || !navigator.serviceWorker?.controller) return;
  event.preventDefault();
  const sent = new FormData(form, event.submitter);
  const address = new URL(form.action, location.href), corrected = address.searchParams.get("entry");
  address.searchParams.delete("entry");
  const entry = {
    key: crypto.randomUUID(), me, state: "sending", order: Date.now(), captured: now(), path: address.pathname + address.search,
    home: form.dataset.home ?? location.pathname + location.search, title: form.dataset.late, record: form.dataset.record,
    about: document.querySelector("h1")?.innerText.trim() ?? document.title, texts: texts(form),
    fields: [...sent].filter(([name, value]) => name !== "csrf_token" && !(value instanceof File && !value.name)),
  };
  if (corrected) await drop(corrected);
  if ("single" in form.dataset) for (const old of await waiting(entry.path)) await drop(old.key);
  await put(entry);
  form.append(element("input", { type: "hidden", name: "entry_key", value: entry.key }));
  if (event.submitter?.name) form.append(element("input", { type: "hidden", name: event.submitter.name, value: event.submitter.value }));
  HTMLFormElement.prototype.submit.call(form);
}

const waiting = async (path) => (await all()).filter((entry) => entry.me === me && entry.path === path && entry.state !== "sending");

const texts = (form) => Object.fromEntries([...form.querySelectorAll("input[data-lookup]")].map((store) => [store.name, shownIn(store)?.value ?? ""]));
const shownIn = (store) => store.nextElementSibling?.querySelector("input");

// A form that waits, or was refused, opens with what was written into it.
async function refill(form) {
  const address = new URL(form.action, location.href), key = address.searchParams.get("entry");
  const [entry] = key ? (await mine(me)).filter((each) => each.key === key) : await waiting(address.pathname + address.search);
  if (!entry || !(key || "single" in form.dataset)) return;
  for (const [name, value] of entry.fields) {
    const field = form.elements[name];
    if (!field || typeof value !== "string" || name === "version") continue;
    field.value = value;
    if (field.dataset?.lookup && shownIn(field)) shownIn(field).value = entry.texts[name] ?? value;
  }
}

// A part of a form that opens with a step of the record opens here when that step waits.
async function goAhead(part) {
  const { record } = part.form.dataset;
  if (!(await mine(me)).some((entry) => entry.record === record && entry.path.includes("/perform/"))) return;
  part.disabled = false;
  part.querySelector("[data-until]")?.remove();
}

export function holds(root) {
  root.addEventListener("submit", hold);
  for (const form of root.querySelectorAll("form[data-late]")) refill(form);
  for (const part of root.querySelectorAll("[data-ahead]")) goAhead(part);
}

// The work of a record that waits goes on: each step that was written down gives way to the next, and is listed with what is done.
export async function showProgress(root) {
  const list = root.querySelector("[data-waits]");
  if (!list) return;
  const entries = (await mine(me)).filter((entry) => entry.record === list.dataset.waits);
  list.hidden = !entries.length;
  list.querySelector("ul").replaceChildren(...entries.map((entry) => element("li", {}, element("span", {}, entry.title), element("small", {}, clock(entry.captured)))));
  const steps = [...root.querySelectorAll("[data-step]")];
  const done = new Set(entries.map((entry) => entry.path.split("?")[0]));
  const last = steps.findLastIndex((step) => done.has(step.dataset.step));
  if (last < 0) return;
  steps.forEach((step, at) => { step.hidden = at !== last + 1; });
}

export const clock = (iso) => iso ? new Date(iso).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" }) : "";
