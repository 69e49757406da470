// What waits on this device, in IndexedDB: one object per entry, in the order in which they were captured. Shared by pages and service worker.
// {key, me, state: "sending" | "waiting" | "conflict" | "refused", path, home, title, about, record, captured, fields: [[name, text or file]], texts, answer}
const opened = new Promise((resolve, reject) => {
  const asked = indexedDB.open("late", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("entries", { keyPath: "key" });
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
});

async function run(mode, work) {
  const change = (await opened).transaction("entries", mode);
  const asked = work(change.objectStore("entries"));
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve(asked.result);
    change.onerror = change.onabort = () => reject(change.error);
  });
}

// Told to the other pages and the worker, where the browser can: any of them may be the one that sends.
export const changes = "BroadcastChannel" in globalThis ? new BroadcastChannel("late") : null;

async function write(work) {
  await run("readwrite", work);
  changes?.postMessage(null);
}

export const put = (entry) => write((entries) => entries.put(entry));
export const drop = (key) => write((entries) => entries.delete(key));
export const all = async () => (await run("readonly", (entries) => entries.getAll())).sort((one, other) => one.order - other.order);
export const mine = async (me) => (await all()).filter((entry) => entry.me === me && entry.state !== "sending");
