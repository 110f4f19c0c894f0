import { signal } from "@preact/signals";

interface InstallPrompt extends Event {
  prompt(): Promise<{ outcome: "accepted" | "dismissed" }>;
}

/** Asks the browser to install the app; null where it does not offer that. */
export const installable = signal<(() => Promise<boolean>) | null>(null);

interface Policy {
  createScriptURL(url: string): string;
}
declare const trustedTypes: { createPolicy(name: string, rules: Policy): Policy } | undefined;

const WORKER = "/sw.js";

/** Keep the app itself on this device, so that it starts without a network. Plain HTTP pages have no such thing. */
export function keepOffline(): void {
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    installable.value = async () => (await (event as InstallPrompt).prompt()).outcome === "accepted";
  });
  if (!("serviceWorker" in navigator) || !globalThis.isSecureContext) return;
  const rules: Policy = { createScriptURL: (url) => (url === WORKER ? url : "about:blank") };
  const policy = typeof trustedTypes === "undefined" ? rules : trustedTypes.createPolicy("homarus", rules);
  navigator.serviceWorker.register(policy.createScriptURL(WORKER)).catch((error: unknown) => {
    console.warn("the app is not kept on this device", error); // An untrusted certificate, or a private window.
  });
}
