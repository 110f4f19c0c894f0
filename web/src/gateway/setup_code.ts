import { fromBase64Url } from "./base64";

/** A setup code, read. `urls` are WebSocket addresses of the box, best first. */
export interface SetupCode {
  bootstrapToken: string;
  urls: string[];
  expiresAtMs?: number;
}

const TOKEN = /^[A-Za-z0-9_-]{32,128}$/;

/**
 * Read what a person pasted or a camera saw: the bare code, `oc-pair://CODE`, a link with `#bootstrapToken=…`, the JSON
 * inside, a bare token, or a printed recovery code. Null when it is none of them.
 */
export function readSetupCode(text: string): SetupCode | null {
  const trimmed = text.trim();
  const link = /[#&?]bootstrapToken=([A-Za-z0-9_-]+)/.exec(trimmed);
  if (link) return { bootstrapToken: link[1]!, urls: [] };
  const recovery = /^recovery-[A-Za-z0-9-]{16,128}$/i.exec(trimmed);
  if (recovery) return { bootstrapToken: trimmed, urls: [] };
  const code = trimmed.replace(/^oc-pair:(\/\/)?/i, "").replace(/\s+/g, "");
  if (code.startsWith("{")) return fromJson(trimmed);
  try {
    const inside = fromJson(new TextDecoder("utf-8", { fatal: true }).decode(fromBase64Url(code)));
    if (inside) return inside;
  } catch {
    // Not base64 of UTF-8: perhaps a bare token.
  }
  return TOKEN.test(code) && code.length === 43 ? { bootstrapToken: code, urls: [] } : null;
}

function fromJson(text: string): SetupCode | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { bootstrapToken, url, urls, expiresAtMs } = value as Record<string, unknown>;
  if (typeof bootstrapToken !== "string" || !TOKEN.test(bootstrapToken)) return null;
  const known = [url, ...(Array.isArray(urls) ? urls : [])].filter((one): one is string => typeof one === "string");
  return {
    bootstrapToken,
    urls: [...new Set(known)].slice(0, 9),
    ...(typeof expiresAtMs === "number" ? { expiresAtMs } : {}),
  };
}
