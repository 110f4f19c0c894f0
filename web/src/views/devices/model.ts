import { t } from "../../app/i18n";
import { readSetupCode } from "../../gateway";

/** What the box tells of devices (protocol 5.3). */
export interface Pending {
  requestId: string;
  deviceId: string;
  role: string;
  roles: string[];
  scopes: string[];
  ts: number;
  displayName?: string;
  platform?: string;
  deviceFamily?: string;
  clientMode?: string;
  browserOrigin?: string;
  remoteIp?: string;
  isRepair?: boolean;
}

export interface Token {
  role: string;
  scopes: string[];
  createdAtMs: number;
  rotatedAtMs?: number;
  revokedAtMs?: number;
}

export interface Paired {
  deviceId: string;
  platform: string;
  role: string;
  roles: string[];
  scopes: string[];
  approvedVia: string;
  approvedAtMs: number;
  tokens: Token[];
  displayName?: string;
  operatorLabel?: string;
  deviceFamily?: string;
  clientMode?: string;
  remoteIp?: string;
  lastSeenAtMs?: number;
  connected?: boolean;
}

export interface DeviceList {
  pending: Pending[];
  paired: Paired[];
}

export interface SetupCode {
  setupId: string;
  setupCode: string;
  gatewayUrl: string;
  access: "full" | "limited" | "node";
  expiresAtMs: number;
  qrDataUrl?: string;
  accessDowngraded?: boolean;
}

export interface Reach {
  urls: string[];
  loopbackOnly: boolean;
  openLan?: string;
  trustPage?: string;
}

export type Rights = "owner" | "limited" | "read" | "node" | "none";

/** The one word for what roles and scopes allow. Admin has every right; write has read. */
export function rights(roles: readonly string[], scopes: readonly string[]): Rights {
  if (roles.includes("operator") || scopes.length) {
    if (scopes.includes("operator.admin")) return "owner";
    if (scopes.includes("operator.write")) return "limited";
    if (scopes.some((scope) => scope.startsWith("operator."))) return "read";
  }
  return roles.includes("node") ? "node" : "none";
}

/** What a device may do now: its tokens say so, as those that were revoked open nothing. */
export function rightsOf(device: Paired): Rights {
  const live = device.tokens.filter((token) => token.revokedAtMs === undefined);
  if (!live.length) return "none";
  return rights(live.map((token) => token.role), live.flatMap((token) => token.scopes));
}

/** Whether a device also offers abilities, beside what its person may do. */
export const alsoNode = (device: { roles: readonly string[] }): boolean => device.roles.includes("node") && device.roles.includes("operator");

export const deviceName = (device: { displayName?: string; operatorLabel?: string; platform?: string }): string =>
  device.operatorLabel || device.displayName || device.platform || t("devices.unnamed");

/** What kind of thing it is, in its own words; a browser says only "web". */
export const kindOf = (device: { platform?: string }): string => (device.platform === "web" ? t("devices.browser") : (device.platform ?? ""));

/** This device first, then those that are connected, then the one seen last. */
export function sorted(devices: readonly Paired[], own: string | null): Paired[] {
  const rank = (device: Paired): number => (device.deviceId === own ? 2 : device.connected ? 1 : 0);
  return [...devices].sort((a, b) => rank(b) - rank(a) || (b.lastSeenAtMs ?? b.approvedAtMs) - (a.lastSeenAtMs ?? a.approvedAtMs));
}

/** The link that opens the web app with a code in it. Null for a code that cannot be read. */
export function pageLink(code: string): string | null {
  const read = readSetupCode(code);
  const url = read?.urls[0];
  if (!read || !url) return null;
  return `${url.replace(/^ws/, "http").replace(/\/+$/, "")}/#bootstrapToken=${read.bootstrapToken}`;
}

const LIFE_MS = 600_000;

/** When a code ends by the clock of this browser, which may be wrong: a code lives ten minutes. */
export function endsAt(expiresAtMs: number, now: number): number {
  const left = expiresAtMs - now;
  return now + (left > 0 && left <= LIFE_MS + 30_000 ? left : LIFE_MS);
}
