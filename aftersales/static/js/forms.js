// Forms: ask before what cannot be undone, send once, warn before typed text is lost.
import { ask } from "./dialog.js";
import { word } from "./words.js";

const typed = new Set();
const confirmed = new WeakSet();

async function confirm(event, button) {
  event.preventDefault();
  event.stopImmediatePropagation();
  if (button.form && !button.form.reportValidity()) return;
  const tone = button.classList.contains("danger") ? "danger" : "primary";
  if (!await ask(button.dataset.confirm, button.textContent.trim() || word("ok"), tone)) return;
  confirmed.add(button);
  button.click();
  confirmed.delete(button);
}

function once(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  typed.delete(form);
  const button = event.submitter;
  button?.setAttribute("aria-busy", "true");
  // Back from a download or the page cache the form is usable again.
  const free = () => { delete form.dataset.sent; button?.removeAttribute("aria-busy"); };
  addEventListener("pageshow", free, { once: true });
  setTimeout(free, 15_000);
}

// What is missing the browser says in its own language; the page has its reader's.
const told = new Set();

function tell({ target }) {
  if (!target.validity.valueMissing || target.validity.customError) return;
  target.setCustomValidity(word("needed"));
  told.add(target);
}

function untell() {
  for (const field of told) field.setCustomValidity("");
  told.clear();
}

export function forms(root) {
  root.addEventListener("invalid", tell, true);
  for (const name of ["input", "change", "click"]) root.addEventListener(name, untell, true);
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-confirm]");
    if (button && !confirmed.has(button)) confirm(event, button);
  }, true);
  root.addEventListener("submit", once);
  for (const name of ["input", "change"]) {
    root.addEventListener(name, ({ target }) => target.form?.hasAttribute("data-guard") && typed.add(target.form));
  }
  addEventListener("beforeunload", (event) => { if (typed.size) event.preventDefault(); });
  root.addEventListener("click", (event) => {
    const wrong = event.target.closest(".form-errors a");
    if (!wrong) return;
    event.preventDefault();
    root.querySelector(`${CSS.escape(wrong.hash).replace("\\#", "#")} :is(input:not([type=hidden]), select, textarea)`)?.focus();
  });
  [...root.querySelectorAll("[aria-invalid=true]")].find((field) => field.type !== "hidden")?.focus();
}
