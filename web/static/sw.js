/* Keeps the app on the device, so that it opens without a network. Only the app: nothing that was said is kept here. */
const NAME = "homarus-BUILD";
const FILES = [/* FILES */];
const PATIENCE_MS = 2500;

self.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(NAME);
    await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("homarus-") && name !== NAME).map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/assets/") || url.pathname === "/theme.js" || url.pathname === "/icon.svg") event.respondWith(kept(request));
  else if (request.mode === "navigate" && isApp(url.pathname)) event.respondWith(page(request));
});

/* Pages of the gateway itself (/trust, /j/…) are none of the app's. */
const isApp = (path) => /^\/(chat|today|history|devices|nodes|models|status|usage|logs|config|settings|welcome)?(\/|$)/.test(path);

async function kept(request) {
  return (await caches.match(request)) ?? fetch(request);
}

async function page(request) {
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const fresh = fetch(request).catch(() => undefined);
  const first = await Promise.race([fresh, late]);
  if (first && first.ok) return first;
  return (await caches.match("/")) ?? (await fresh) ?? Response.error();
}
