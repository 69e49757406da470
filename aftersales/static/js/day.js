// The browser writes days in its own language. Where that is not the page's, the day chosen is told again in the page's words.
const page = document.documentElement.lang;
const isSame = navigator.language.split("-")[0] === page.split("-")[0];
const told = new Intl.DateTimeFormat(page, { dateStyle: "full", timeZone: "UTC" });

export function days(root) {
  if (isSame) return;
  for (const input of root.querySelectorAll("input[type=date], input[type=datetime-local]")) {
    const words = document.createElement("small");
    words.className = "hint";
    input.after(words);
    const say = () => {
      const day = input.value.slice(0, 10);
      words.textContent = day ? [told.format(new Date(day)), input.value.slice(11)].filter(Boolean).join(" ") : "";
    };
    input.addEventListener("input", say);
    say();
  }
}
