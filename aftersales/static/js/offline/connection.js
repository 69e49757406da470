// Whether there is a network, what waits to be sent, and from when the page is. Loaded for whoever is signed in.
import { element, word } from "../words.js";
import { clock, holds, isKept, me, measure, showProgress } from "./hold.js";
import { send } from "./send.js";
import { mine } from "./store.js";

const badge = document.getElementById("connection");

async function tell() {
  const count = (await mine(me)).length;
  const parts = [navigator.onLine && !isKept ? "" : word("offline"), count ? word("waiting", count) : ""].filter(Boolean);
  badge.hidden = !parts.length;
  badge.textContent = parts.join(" · ");
}

async function catchUp() {
  await tell();
  if (!navigator.onLine) return;
  const { sent, problem } = (await mine(me)).some((entry) => entry.state === "waiting") ? await send() : {};
  await tell();
  if (sent || (isKept && !problem && await reachable())) location.reload();
}

const reachable = () => fetch("/waiting/hello", { method: "HEAD" }).then(() => true, () => false);

function mark() {
  const since = element("div", { class: "flash warn kept", role: "status" }, word("kept", clock(document.documentElement.dataset.now)));
  document.querySelector("main").prepend(since);
}

// What waits is this person's and leaves no trace on a shared device: say so before they go.
function warnAtTheDoor() {
  for (const form of document.querySelectorAll("form[action='/account/signout']")) form.addEventListener("submit", async (event) => {
    if (event.target.dataset.sure || !badge.textContent) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if ((await mine(me)).length && !confirm(word("leaving"))) return;
    event.target.dataset.sure = "1";
    event.target.requestSubmit();
  });
}

async function keepForms() {
  const named = document.querySelector("[data-keep]");
  const worker = (await navigator.serviceWorker.ready).active;
  worker.postMessage({ me, urls: ["/", "/waiting/", ...(named && !isKept ? named.dataset.keep.split(" ") : [])] });
}

export async function connection(root) {
  if (!me || !("serviceWorker" in navigator)) return;
  measure();
  holds(root);
  root.dispatchEvent(new Event("holding"));
  warnAtTheDoor();
  if (isKept) mark();
  for (const name of ["online", "offline"]) addEventListener(name, catchUp);
  addEventListener("pageshow", () => showProgress(root));
  await navigator.serviceWorker.register("/sw.js", { type: "module" });
  if (navigator.onLine) keepForms();
  await showProgress(root);
  await catchUp();
}
