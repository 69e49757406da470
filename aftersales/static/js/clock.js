// Clock chips: <time data-due data-state="running"> shows the time left or overdue and changes colour at data-warn (else two hours before).
// met, missed and paused keep the server's words.
import { word } from "./words.js";

const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const EVERY = 30_000;

export function span(milliseconds) {
  const minutes = Math.floor(milliseconds / MINUTE);
  if (milliseconds < HOUR) return word("minutes", minutes);
  if (milliseconds < DAY) return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
  if (milliseconds < 3 * DAY) return `${word("days", Math.floor(milliseconds / DAY))} ${word("hours", Math.floor((milliseconds % DAY) / HOUR))}`;
  return word("days", Math.floor(milliseconds / DAY));
}

function late(milliseconds) {
  if (milliseconds < HOUR) return word("minutes", Math.floor(milliseconds / MINUTE));
  return milliseconds < 2 * DAY ? word("hours", Math.floor(milliseconds / HOUR)) : word("days", Math.floor(milliseconds / DAY));
}

function tell(clock, now) {
  const due = Date.parse(clock.dataset.due);
  if (Number.isNaN(due)) return;
  const left = due - now;
  const pressing = clock.dataset.warn ? now >= Date.parse(clock.dataset.warn) : left < 2 * HOUR;
  clock.textContent = left < 0 ? word("late", late(-left)) : word("left", span(left));
  clock.classList.remove("ok", "warn", "late");
  clock.classList.add(left < 0 ? "late" : pressing ? "warn" : "ok");
}

export function clocks(root) {
  if (!word("left")) return;
  const running = root.querySelectorAll('time[data-due][data-state="running"]');
  const zone = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Shanghai" });
  for (const clock of running) if (!clock.title) clock.title = zone.format(new Date(clock.dataset.due));
  const update = () => running.forEach((clock) => tell(clock, Date.now()));
  update();
  setInterval(update, EVERY);
  document.addEventListener("visibilitychange", () => document.hidden || update());
}
