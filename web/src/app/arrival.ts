import { readSetupCode } from "../gateway/setup_code";

/**
 * Read the secrets that the address of the page holds (`#bootstrapToken=…`, `#token=…`) and take them out of it at once,
 * so that no history, bookmark or screenshot keeps them. A token lives as long as the tab, as a reload must not lose it.
 */
export function arrive(): { code?: string; shared?: string } {
  const hash = new URLSearchParams(location.hash.slice(1));
  const code = hash.get("bootstrapToken");
  const shared = hash.get("token");
  if (code !== null || shared !== null) history.replaceState(null, "", location.pathname + location.search);
  if (code) return { code: readSetupCode(`#bootstrapToken=${code}`)?.bootstrapToken ?? code };
  return shared ? { shared } : {};
}
