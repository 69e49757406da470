// The dispatch board: an order dragged onto a person is the same choice as in the list beside it, sent by the same form.
// Who may be sent to it is read from that list, on the order's own page; whatever is dropped, the server decides.

const asked = new Map(); // order → what its page says of each person

function pageOf(order) {
  const url = new URL(location);
  url.searchParams.set("order", order);
  url.hash = "crew";
  return url;
}

async function answers(order) {
  const page = new DOMParser().parseFromString(await (await fetch(pageOf(order))).text(), "text/html");
  const refusals = [...page.querySelectorAll("[data-refusal]")].map((li) => [li.dataset.person, li.dataset.refusal]);
  return { refusals: new Map(refusals), asksReason: Boolean(page.querySelector("#assign [name=reason]")) };
}

function show(people, { refusals }) {
  for (const person of people) {
    const refusal = refusals.get(person.dataset.person);
    if (!refusal) continue;
    person.classList.add("cannot");
    if (person.querySelector(".late")) continue; // the list of another order says it already
    person.append(Object.assign(document.createElement("small"), { className: "why-not late", textContent: refusal }));
  }
}

async function drop(order, person) {
  const { refusals, asksReason } = await asked.get(order);
  if (asksReason || refusals.has(person)) { // a reason is to be given, or told
    const url = pageOf(order);
    url.searchParams.set("engineer_id", person);
    location.assign(url);
    return;
  }
  const form = document.getElementById("drop");
  form.action = `/dispatch/${order}/assign`;
  form.elements.engineer_id.value = person;
  form.requestSubmit();
}

function board(root) {
  const people = [...root.querySelectorAll("[data-person]")];
  let dragged;

  function begin(row) {
    dragged = row;
    const { order } = row.dataset;
    row.classList.add("dragged");
    root.classList.add("dragging");
    if (!asked.has(order)) asked.set(order, answers(order));
    asked.get(order).then((told) => dragged === row && show(people, told));
  }
  const over = (target) => people.forEach((person) => person.classList.toggle("over", person.contains(target)));
  function end(target) {
    const [order, person] = [dragged?.dataset.order, target?.closest("[data-person]")?.dataset.person];
    dragged?.classList.remove("dragged");
    dragged = undefined;
    root.classList.remove("dragging");
    for (const item of people) { item.classList.remove("cannot", "over"); item.querySelector(".why-not")?.remove(); }
    if (order && person) drop(order, person);
  }

  root.addEventListener("dragstart", (event) => {
    const row = event.target.closest("[data-order]");
    if (!row) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.querySelector("a.code").textContent);
    begin(row);
  });
  root.addEventListener("dragover", (event) => {
    if (!dragged || !event.target.closest("[data-person]")) return;
    event.preventDefault();
    over(event.target);
  });
  root.addEventListener("drop", (event) => { if (dragged) { event.preventDefault(); end(event.target); } });
  root.addEventListener("dragend", () => end());

  // Fingers and pens drag nothing by themselves: the grip follows the pointer.
  const under = ({ clientX, clientY }) => document.elementFromPoint(clientX, clientY);
  root.addEventListener("pointerdown", (event) => {
    const grip = event.pointerType !== "mouse" && event.target.closest("[data-grip]");
    if (!grip) return;
    grip.setPointerCapture(event.pointerId);
    begin(grip.closest("[data-order]"));
  });
  root.addEventListener("pointermove", (event) => event.pointerType !== "mouse" && dragged && over(under(event)));
  root.addEventListener("pointerup", (event) => event.pointerType !== "mouse" && dragged && end(under(event)));
  root.addEventListener("pointercancel", (event) => event.pointerType !== "mouse" && dragged && end());

  if (!people.length) return;
  for (const row of root.querySelectorAll("[data-order]")) row.draggable = true;
  for (const part of root.querySelectorAll("[data-grip], [data-draggable]")) part.hidden = false;
}

export function boards(root) {
  root.querySelectorAll("[data-board]").forEach(board);
}
