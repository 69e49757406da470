// The widgets of the pages. Each enhances what already works as plain HTML; the order matters only for submit (forms last).
import { sides } from "./js/side.js";
import { lights } from "./js/light.js";
import { keys } from "./js/keys.js";
import { dialogs } from "./js/dialog.js";
import { clocks } from "./js/clock.js";
import { rows } from "./js/rows.js";
import { forms } from "./js/forms.js";

// Fetched only by a page that has something for them.
const PARTS = {
  "[data-lookup]": ["./js/lookup.js", "lookups"],
  "form[data-follow]": ["./js/follow.js", "follows"],
  "[data-code]": ["./js/scan.js", "scans"],
  "form[data-draft]": ["./js/drafts.js", "drafts"],
  "[data-view]": ["./js/viewer.js", "viewers"],
  "[data-mention]": ["./js/mention.js", "mentions"],
  "[data-fetch]": ["./js/fetch.js", "fetches"],
  "[data-signature]": ["./js/signature.js", "signatures"],
  "[data-rows]": ["./js/row-form.js", "rowForms"],
  "[data-narrow]": ["./js/narrow.js", "narrow"],
  "[data-board]": ["./js/board.js", "boards"],
  "[data-sortable]": ["./js/list.js", "lists"],
  "input[type=file]": ["./js/files.js", "files"],
  "input[type=date], input[type=datetime-local]": ["./js/day.js", "days"],
  "[data-editor]": ["./js/editor.js", "editors"],
};

// A draft that was sent is cleared by the page that follows, and all of them at sign-out.
function holdsDrafts() {
  try { return Object.keys(localStorage).some((key) => key.startsWith("draft:")); } catch { return false; }
}

sides();
lights();
keys();
// Before the first wait: a tap while the parts are still on their way must open its dialog.
[dialogs, clocks, rows].forEach((enhance) => enhance(document));
const wanted = Object.entries(PARTS).filter(([selector]) => document.querySelector(selector) || (selector === "form[data-draft]" && holdsDrafts()));
const parts = await Promise.all(wanted.map(async ([, [path, name]]) => (await import(path))[name]));
[...parts, forms].forEach((enhance) => enhance(document));
// Whoever is sent out carries the queue along; it comes last, to hold what the others let pass.
if (document.documentElement.dataset.me) (await import("./js/offline/connection.js")).connection(document);
