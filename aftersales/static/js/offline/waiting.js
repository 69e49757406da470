// The list of what waits on this device: each entry with what it is, and what can be done when it was refused or met somebody else's change.
import { element, toast } from "../words.js";
import { me } from "./hold.js";
import { send } from "./send.js";
import { all, changes, drop, mine, put } from "./store.js";

const box = document.getElementById("waiting");
const say = (name, value = "") => (box.dataset[name] ?? "").replace("{}", value);
const when = (iso) => iso ? new Date(iso).toLocaleString("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: "Asia/Shanghai" }) : say("asOfNow");
const button = (text, act, tone = "") => {
  const made = element("button", { type: "button", class: `btn ${tone}` }, text);
  made.addEventListener("click", act);
  return made;
};

function sides({ differences = [], meanwhile = [] }) {
  const head = element("tr", {}, ...[say("field"), say("mine"), say("theirs")].map((text) => element("th", { scope: "col" }, text)));
  const rows = differences.map((cells) => element("tr", {}, ...cells.map((text) => element("td", {}, text || "—"))));
  const told = meanwhile.map(({ title, who, when: at }) => element("li", {}, `${title} · ${who} · ${at}`));
  return [
    element("p", {}, say("conflictText")), element("ul", { class: "plain" }, ...told),
    ...(rows.length ? [element("table", { class: "sides" }, element("thead", {}, head), element("tbody", {}, ...rows))] : []),
  ];
}

function card(entry) {
  const { answer, state } = entry;
  const tone = { conflict: "warn", refused: "late" }[state] ?? "info";
  const acts = [];
  if (state === "conflict") acts.push(button(say("anyway"), () => again(entry, answer.renew), "primary"));
  if (state === "refused" && answer.errors?.captured_at) acts.push(button(say("now"), () => again({ ...entry, captured: null }), "primary"));
  if (state === "refused") acts.push(button(say("retry"), () => again(entry)), element("a", { class: "btn", href: correction(entry) }, say("open")));
  acts.push(button(say("drop"), () => confirm(say("dropSure")) && drop(entry.key).then(show), "danger"));
  const words = state === "refused" ? Object.values(answer.errors ?? {}).flat().concat(Object.keys(answer.errors ?? {}).length ? [] : [answer.message]) : [];
  return element("li", { class: "card" },
    element("header", {}, element("b", {}, entry.title), element("span", { class: `chip ${tone}` }, say(state))),
    element("small", {}, `${entry.about} · ${when(entry.captured)}`),
    ...words.map((text) => element("p", { class: "error" }, text)),
    ...(state === "conflict" ? sides(answer) : []),
    ...(state === "waiting" ? [] : [element("div", { class: "actions start" }, ...acts)]),
    ...(state === "waiting" ? [element("div", { class: "actions start" }, acts.at(-1))] : []));
}

// A page of its own opens with what was written; a step or a picture is made again on the record's page.
const correction = ({ path, home, key }) => /\/(perform|attach)(\/|$)/.test(path) ? home : `${path}${path.includes("?") ? "&" : "?"}entry=${key}`;

async function again(entry, renew = {}) {
  const fields = entry.fields.map(([name, value]) => [name, renew[name] ?? value]);
  await put({ ...entry, fields, state: "waiting", answer: null });
  await go();
}

async function go() {
  const { problem, sent } = await send();
  await show();
  if (problem) toast(say({ offline: "noNetwork", "signed out": "signIn", server: "serverProblem" }[problem]));
  else if (sent) toast(say("sentText", sent));
}

async function show() {
  const entries = await mine(me), others = (await all()).filter((entry) => entry.me !== me).length;
  box.querySelector("[data-list]").replaceChildren(...entries.map(card));
  box.querySelector("[data-empty]").hidden = entries.length > 0;
  box.querySelector("[data-send]").hidden = !entries.some((entry) => entry.state === "waiting");
  const note = box.querySelector("[data-others]");
  note.hidden = !others;
  note.textContent = say("others", others);
}

box.querySelector("[data-send]").addEventListener("click", go);
changes?.addEventListener("message", show);
await show();
box.querySelector("[data-absent]").hidden = location.pathname === "/waiting/"; // the worker answers with this page for one it has not kept
box.querySelector("[data-failed]").hidden = !new URLSearchParams(location.search).has("failed");
