// A picture that was taken is sent at once, and a test value says at once whether it is within the limits.
import "../app.js"; // first of all what holds a form that cannot be sent

function sendPictures(input) {
  if ("send" in input.dataset && input.files.length) input.form.requestSubmit();
}

function judge({ target }) {
  const { lower, upper } = target.dataset;
  if (lower === undefined && upper === undefined) return;
  const typed = target.value.trim().replace(/[，,]/, "."), value = Number(typed);
  const isOut = !typed || Number.isNaN(value) ? null : (lower && value < Number(lower)) || (upper && value > Number(upper));
  target.closest("li").querySelector(".verdict").dataset.now = isOut === null ? "" : isOut ? "failed" : "passed";
}

document.addEventListener("change", ({ target }) => sendPictures(target));
document.addEventListener("input", judge);
document.querySelectorAll("[data-send]").forEach(sendPictures); // taken while this was loading
