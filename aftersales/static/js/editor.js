// The editor of a document's text: buttons that write its marks, and beside it what it will look like, made by the server.
import { element } from "./words.js";

const WAIT = 400; // ms after the last key

export function editors(root) {
  for (const place of root.querySelectorAll("[data-editor]")) edit(place);
}

function edit(place) {
  const area = place.querySelector(`textarea[name=${place.dataset.editor}]`);
  if (!area) return;
  const shown = element("article", { class: "document-text", "aria-live": "polite" });
  const bar = element("div", { class: "editor-bar", role: "toolbar" }, ...JSON.parse(place.dataset.marks).map(([label, before, after]) => button(area, label, before, after)));
  if (place.dataset.attach) bar.append(...figureButton(place, area));
  const frame = element("div", { class: "editing" });
  area.before(bar, frame);
  frame.append(area, shown);
  area.closest(".field")?.classList.add("wide");
  let waiting;
  area.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, WAIT, place, area, shown);
  });
  show(place, area, shown);
}

function button(area, label, before, after) {
  const made = element("button", { type: "button", class: "btn small" }, label);
  made.addEventListener("click", () => {
    const { selectionStart: start, selectionEnd: end, value } = area;
    const own = before.startsWith("\n") && (start === 0 || value[start - 1] === "\n") ? before.slice(1) : before; // what begins a line needs no second break
    area.focus();
    area.setRangeText(own + value.slice(start, end) + after, start, end, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return made;
}

// A picture is filed on the version at once and named in the text where the cursor stands.
function figureButton(place, area) {
  const file = element("input", { type: "file", accept: "image/png,image/jpeg,image/webp", hidden: "" });
  const made = element("button", { type: "button", class: "btn small" }, place.dataset.figure);
  const problem = element("span", { class: "problem", role: "alert" });
  made.addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const [picture] = file.files;
    if (!picture) return;
    const body = new FormData();
    body.set("files", picture);
    body.set("purpose", "figure");
    body.set("csrf_token", area.form.elements.namedItem("csrf_token").value);
    const answer = await fetch(place.dataset.attach, { method: "POST", body }).catch(() => null);
    file.value = "";
    problem.textContent = answer?.ok ? "" : place.dataset.refused;
    if (!answer?.ok) return;
    const caption = picture.name.replace(/\.[^.]+$/, "");
    area.setRangeText(`\n![${caption}](<${picture.name}>)\n`, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  });
  return [made, file, problem];
}

async function show(place, area, shown) {
  const answer = await fetch(place.dataset.preview, { method: "POST", body: new FormData(area.form) }).catch(() => null);
  if (!answer?.ok) return; // the text is what counts; it is shown again at the next key
  const { html, message } = await answer.json();
  if (html !== undefined) shown.innerHTML = html; // made from escaped text by the server
  else shown.replaceChildren(element("p", { class: "problem" }, message));
}
