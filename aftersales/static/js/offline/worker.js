// The service worker. Pages come from the network and from here only when there is none, marked as kept; the pages of one person are gone
// when another one's come, at the door, and at sign-out. What a page posts goes to the network too, and waits on the device when there is none.
import { all, drop, put } from "/static/js/offline/store.js";
import { send } from "/static/js/offline/send.js";

const FILES = "files", PAGES = "pages-";
const PATIENCE = 10_000, FRESH = 10 * 60_000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("sync", (event) => event.waitUntil(send()));
self.addEventListener("message", (event) => event.waitUntil(keepAlso(event.data)));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.mode === "navigate") event.respondWith(request.method === "POST" ? post(request, pathname) : page(event));
  else if (request.method === "GET" && pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.method === "GET" && pathname.endsWith("/lookup")) event.respondWith(lookup(request));
});

// -- reading --

async function page(event) {
  try {
    const response = await patiently(event.request);
    event.waitUntil(note(event.request.url, response.clone()));
    return response;
  } catch {
    return await kept(event.request.url) ?? await kept("/waiting/") ?? Response.error();
  }
}

async function patiently(request) {
  const impatience = new AbortController();
  const timer = setTimeout(() => impatience.abort(), PATIENCE);
  try { return await fetch(request, { signal: impatience.signal }); } finally { clearTimeout(timer); }
}

async function note(url, response) {
  if (response.type === "opaqueredirect") return;
  const [person, keep] = (response.headers.get("Page-For") ?? "").split(";");
  if (!person) return new URL(response.url).pathname === "/login/" ? forget() : undefined;
  await forget(PAGES + person);
  if (response.ok && !response.redirected && (keep || await (await caches.open(PAGES + person)).match(url))) await keepPage(person, url, response);
}

async function keepPage(person, url, response) {
  const text = await response.text();
  for (const [, address] of text.matchAll(/(?:src|href)="(\/static\/[^"]+)"/g)) await keepFile(address);
  const headers = { "Kept-At": String(Date.now()) };
  for (const name of ["Content-Type", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"]) headers[name] = response.headers.get(name);
  await (await caches.open(PAGES + person)).put(url.split("#")[0], new Response(text, { headers }));
}

async function kept(url) {
  const cache = (await caches.keys()).find((name) => name.startsWith(PAGES));
  const found = cache && await (await caches.open(cache)).match(url.split("#")[0]);
  if (!found) return undefined;
  return new Response((await found.text()).replace("<html ", '<html data-kept="" '), { headers: found.headers });
}

async function forget(but) {
  for (const name of await caches.keys()) if (name.startsWith(PAGES) && name !== but) await caches.delete(name);
}

// The forms that belong to a page are fetched with it, and what can be chosen in them, so that they open in a cellar too.
async function keepAlso({ me, urls }) {
  const cache = await caches.open(PAGES + me);
  for (const url of urls) {
    const before = await cache.match(url);
    if (before && Date.now() - Number(before.headers.get("Kept-At")) < FRESH) continue;
    try {
      const response = await fetch(url);
      if (!response.ok || response.redirected || response.headers.get("Page-For")?.split(";")[0] !== String(me)) continue;
      const text = await response.clone().text();
      await keepPage(me, new URL(url, self.location.origin).href, response);
      for (const [, address] of text.matchAll(/data-lookup="([^"]+)"/g)) await keepChoices(cache, address);
    } catch { return; }
  }
}

async function keepChoices(cache, address) {
  const response = await fetch(`${address}${address.includes("?") ? "&" : "?"}most=1`);
  if (response.ok && !response.redirected) await cache.put(address, response);
}

async function lookup(request) {
  try {
    return await patiently(request);
  } catch (error) {
    const url = new URL(request.url);
    const among = url.searchParams.get("among");
    const found = await caches.match(url.pathname + (among ? `?among=${among}` : ""));
    if (!found) throw error;
    const asked = (url.searchParams.get("q") ?? "").toLowerCase();
    const { results } = await found.json();
    return Response.json({ results: results.filter(({ text, hint }) => `${text} ${hint}`.toLowerCase().includes(asked)), more: false });
  }
}

// With the scripts that a script asks for, at once or when a page needs them.
const looked = new Set();
async function keepFile(address) {
  if (looked.has(address)) return;
  looked.add(address);
  const response = await (await caches.open(FILES)).match(address) ?? await file(new Request(address)).catch(() => undefined);
  if (!response?.ok || !address.endsWith(".js")) return;
  for (const [, name] of (await response.text()).matchAll(/"(\.{1,2}\/[^"]+\.js)"/g)) await keepFile(new URL(name, new URL(address, self.location.origin)).pathname);
}

async function file(request) {
  const cache = await caches.open(FILES);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const found = await cache.match(request);
    if (!found) throw error;
    return found;
  }
}

// -- writing --

async function post(request, pathname) {
  if (pathname === "/account/signout") await forget();
  const path = request.url.slice(self.location.origin.length).split("#")[0];
  try {
    const response = await fetch(request);
    for (const entry of await sending(path)) await drop(entry.key);
    return response;
  } catch {
    const entries = await sending(path);
    for (const entry of entries) await put({ ...entry, state: "waiting" });
    await self.registration.sync?.register("late").catch(() => undefined); // not every browser has it: then the page sends
    return Response.redirect(entries.at(-1)?.home ?? "/waiting/?failed=1", 303);
  }
}

const sending = async (path) => (await all()).filter((entry) => entry.state === "sending" && entry.path === path);
