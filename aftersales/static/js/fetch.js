// A part of the page that is asked for once the page is there: the part of the same id of the page behind data-fetch.
export function fetches(root) {
  for (const place of root.querySelectorAll("[data-fetch]")) fill(place);
}

async function fill(place) {
  const answer = await fetch(place.dataset.fetch).catch(() => null);
  if (!answer?.ok) return; // the link in it still leads there
  const part = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(place.id);
  if (part) place.replaceChildren(...part.childNodes);
  if (part && "empty" in part.dataset) place.remove();
}
