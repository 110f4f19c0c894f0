import type { IconName } from "../../ui";

/** The first 16 of the 64 digits of a key, in groups: enough to compare by eye. */
export const fingerprint = (id: string): string => (id.slice(0, 16).match(/.{4}/g) ?? []).join(" ");

/** The part of a request id that people type. */
export const short = (id: string): string => id.slice(0, 8);

/** A picture for a device, by what it says of itself. */
export function platformIcon(kind: { role?: string; clientMode?: string | undefined; deviceFamily?: string | undefined; platform?: string | undefined }): IconName {
  if (kind.role === "node") return "node";
  if (kind.deviceFamily === "browser" || kind.clientMode === "webchat") return "globe";
  if (kind.clientMode === "cli") return "log";
  return "devices";
}
