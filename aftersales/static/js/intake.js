// The intake form works out level and deadlines while it is filled in: the page the server would answer "look" with, taken for its side only.
import { clocks } from "./clock.js";

const form = document.getElementById("intake");
const ASKS = new Set(["device_id", "customer_id", "is_device_down", "is_treatment_affected", "has_alternative", "harm", "fault_level", "received_at"]);
let running;

async function foresee() {
  running?.abort();
  const request = running = new AbortController();
  const body = new FormData(form);
  body.set("do", "look");
  body.set("code", "");
  try {
    const answer = await fetch(form.action, { method: "POST", body, signal: request.signal });
    if (!answer.ok) return;
    const told = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("foresight");
    if (!told) return;
    document.getElementById("foresight").replaceWith(told);
    clocks(told);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

form.addEventListener("change", ({ target }) => ASKS.has(target.name) && foresee());
