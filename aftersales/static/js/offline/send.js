// Sends what waits, in order. An entry that is refused or meets somebody else's change stays, and holds back the later ones of its record.
import { all, drop, put } from "./store.js";

const LOST = 120_000; // a page that was closed while it sent leaves its entry "sending"

// Returns {sent: number} or {problem: "offline" | "signed out" | "server"}.
export async function send() {
  if (!navigator.locks) return work();
  return navigator.locks.request("late", work);
}

async function work() {
  let sent = 0;
  try {
    const answer = await fetch("/waiting/hello", { headers: { Accept: "application/json" } });
    if (!answer.ok) return { problem: answer.status === 401 ? "signed out" : "server", sent };
    const { me, csrf } = await answer.json();
    const held = new Set();
    for (const { key } of (await all()).filter((entry) => entry.me === me)) {
      const entry = (await all()).find((each) => each.key === key); // its version may have been renewed by the one before
      if (!entry) continue;
      const isOver = entry.state === "sending" && Date.now() - entry.order > LOST;
      if (!(entry.state === "waiting" || isOver) || held.has(entry.record)) { held.add(entry.record); continue; }
      const outcome = await one(entry, csrf);
      if (outcome.problem) return { ...outcome, sent };
      if (outcome.done) sent += 1; else held.add(entry.record);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { problem: "offline", sent };
  }
  return { sent };
}

async function one(entry, csrf) {
  const body = new FormData();
  for (const [name, value] of entry.fields) body.append(name, value);
  body.set("csrf_token", csrf);
  const headers = { Accept: "application/json", "Idempotency-Key": entry.key };
  if (entry.captured) headers["Captured-At"] = entry.captured;
  const response = await fetch(entry.path, { method: "POST", body, headers });
  if (response.redirected) return { problem: "signed out" };
  if (response.status >= 500 || response.status === 429) return { problem: "server" };
  const answer = await response.json().catch(() => ({ message: String(response.status), errors: {} }));
  if (!response.ok) {
    await put({ ...entry, state: response.status === 409 ? "conflict" : "refused", answer });
    return {};
  }
  await drop(entry.key);
  await renew(entry.me, answer);
  return { done: true };
}

// It was our own entry that moved the record: the ones made after it on the same page are not out of date.
async function renew(me, { record, before, version }) {
  if (!record) return;
  const type = `/${record.split("/")[0]}/`;
  for (const entry of await all()) {
    if (entry.me !== me || entry.record !== record || !entry.path.startsWith(type)) continue;
    const fields = entry.fields.map(([name, value]) => [name, name === "version" && value === String(before) ? String(version) : value]);
    await put({ ...entry, fields });
  }
}
