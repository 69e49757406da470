// Light, dark or as the system has it: a button that goes round, remembered by this browser.
const root = document.documentElement;
const NEXT = { system: "light", light: "dark", dark: "system" };
const MEDIA = { system: "screen and (prefers-color-scheme: dark)", light: "not all", dark: "screen" };

export function lights() {
  const buttons = [...document.querySelectorAll("[data-light-next]")];
  const say = () => {
    for (const button of buttons) {
      button.title = button.dataset[root.dataset.light];
      button.setAttribute("aria-label", button.title);
      button.hidden = false;
    }
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      root.dataset.light = NEXT[root.dataset.light];
      document.getElementById("dark").media = MEDIA[root.dataset.light];
      try { localStorage.setItem("light", root.dataset.light); } catch { /* a private window forgets */ }
      say();
    });
  }
  say();
}
