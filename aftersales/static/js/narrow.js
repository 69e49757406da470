// A search box over a long table: rows without the phrase are hidden, and with them a section of which none is left.
export function narrow(root) {
  for (const input of root.querySelectorAll("[data-narrow]")) {
    const bodies = [...root.querySelectorAll(`${input.dataset.narrow} tbody`)];
    input.hidden = false;
    input.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    input.addEventListener("input", () => {
      const phrase = input.value.trim().toLowerCase();
      for (const body of bodies) {
        const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
        for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(phrase);
        body.hidden = rows.every((row) => row.hidden);
      }
    });
  }
}
