import { computed, signal } from "@preact/signals";

/** Where the app is. Paths are real paths: the gateway answers all of them with the app. */
export interface Place {
  path: string;
  query: URLSearchParams;
}

const here = (): Place => ({
  path: globalThis.location?.pathname ?? "/",
  query: new URLSearchParams(globalThis.location?.search ?? ""),
});

const place = signal<Place>(here());

export interface Route extends Place {
  params: Readonly<Record<string, string>>;
}

/** Filled by the shell with the pattern of the view that is shown. */
export const pattern = signal("/");

export const route = computed<Route>(() => ({
  ...place.value,
  params: match(pattern.value, place.value.path) ?? {},
}));

export const path = computed(() => place.value.path);

/** Go to a path of the app. `replace` leaves no step in the history. */
export function go(to: string, { replace = false }: { replace?: boolean } = {}): void {
  if (to === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  place.value = here();
}

/** Match `/chat/:key?` against a path. Null when it does not fit; a trailing `?` makes a part optional. */
export function match(wanted: string, actual: string): Readonly<Record<string, string>> | null {
  const parts = wanted.split("/").filter(Boolean);
  const given = actual.split("/").filter(Boolean);
  if (given.length > parts.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const value = given[index];
    if (part.startsWith(":")) {
      const optional = part.endsWith("?");
      if (value === undefined) {
        if (!optional) return null;
        continue;
      }
      params[part.slice(1, optional ? -1 : undefined)] = decode(value);
    } else if (part !== value) return null;
  }
  return params;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Follow the browser's buttons, and clicks on links of the app, without loading the page again. */
export function listen(): void {
  addEventListener("popstate", () => (place.value = here()));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (link.dataset["native"] !== undefined) return; // A page of the gateway itself (the trust page).
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
