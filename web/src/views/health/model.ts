/** What the box tells of its health, and how a fix is shown. Pure. */
import type { FromBox } from "../../words/told";

export interface Condition extends FromBox {
  subject: string;
  severity: string;
}

export interface Status {
  runtimeVersion: string;
  conditions: Condition[];
  ready: boolean;
  uptimeMs: number;
}

export interface Finding extends FromBox {
  severity: "critical" | "warning";
}

export interface Door {
  address: string;
  who: string;
  needs: string;
  encrypted: boolean;
}

export interface Audit {
  doors: Door[];
  findings: Finding[];
  notes: string[];
  devices: number;
  owners: number;
  waiting: number;
  codes: number;
  fingerprint?: string;
  authorityFingerprint?: string;
  certificateUntilMs?: number;
  trustPage?: string;
}

// The box writes these in English; what is not listed is shown as it is.
const WHO: Readonly<Record<string, string>> = {
  "root and the user of the gateway": "root",
  "programs on this machine": "machine",
  "every network this machine is in": "networks",
  "the network of that address": "address",
  "your tailnet": "tailnet",
  "whoever your proxy lets in": "proxy",
};

/** The key of the words for who may come through a door; undefined where only the text of the box says it. */
export const whoKey = (who: string): string | undefined => WHO[who];

/** The key of the words for what a door asks for. */
export const needsKey = (needs: string): string | undefined => (needs.includes("auth.mode is none") ? "open" : needs.startsWith("nothing:") ? "kernel" : /token.*paired device/.test(needs) ? "secret" : undefined);

/** A fix as sentences and the commands in them: `…` is a command, and so is a text that begins with `homarus `. */
export function fixParts(fix: string): { text: string; commands: string[] } {
  if (/^(chmod |sudo |homarus |systemctl )/.test(fix) && !fix.includes("`")) return { text: "", commands: [fix] };
  const whole = /^`([^`]+)`$/.exec(fix)?.[1];
  if (whole) return { text: "", commands: [whole] };
  const commands = [...fix.matchAll(/`([^`]+)`/g)].map((found) => found[1]!).filter((command) => command.includes(" "));
  return { text: fix.replace(/`([^`]+)`/g, "$1"), commands };
}

/** The page of this app where a condition is mended, if there is one. */
export function pageFor(code: string): string | undefined {
  if (/^(model|engine|local_model|probe|tun)/.test(code)) return "/models";
  if (/^config/.test(code)) return "/config";
  if (/^(device|pair)/.test(code)) return "/devices";
  return /^node/.test(code) ? "/nodes" : undefined;
}

const ORDER = ["blocking", "critical", "degraded", "warning", "notice"];

/** The worst first. */
export function bySeverity<T extends { severity: string }>(all: readonly T[]): T[] {
  const rank = (one: T): number => (ORDER.includes(one.severity) ? ORDER.indexOf(one.severity) : ORDER.length);
  return [...all].sort((a, b) => rank(a) - rank(b));
}

/** How a severity looks. */
export function tone(severity: string): "bad" | "warn" | "neutral" {
  if (severity === "blocking" || severity === "critical") return "bad";
  return severity === "degraded" || severity === "warning" ? "warn" : "neutral";
}

/** The setting that a command changes, so that a button can do it: `homarus config set PATH VALUE`. */
export function settingOf(command: string): { path: string; value: unknown } | undefined {
  const found = /^homarus config set ([\w.*-]+) (\S+)$/.exec(command.trim());
  if (!found || /[A-Z]{3}|…|</.test(found[2]!)) return undefined; // A place to fill in, not a value.
  const text = found[2]!.replace(/^['"]|['"]$/g, "");
  try {
    return { path: found[1]!, value: JSON.parse(text) };
  } catch {
    return { path: found[1]!, value: text };
  }
}

/** Conditions in their order; those about the configuration with one severity are one group, as there may be many. */
export function together(all: readonly Condition[]): Condition[][] {
  const groups = new Map<string, Condition[]>();
  for (const one of all) {
    const key = pageFor(one.code) === "/config" ? `config/${one.severity}` : `${one.code}/${one.subject}/${one.summary}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** What a condition says, with the name of the file instead of its whole path. */
export const summaryOf = (one: { summary: string }): string => plain(one.summary.replace(/^\/\S*\/(?=[^/\s]+\.json5?: )/, ""));

/** A text in which commands are not marked, where there is no room for them on their own. */
export const plain = (text: string): string => text.replace(/`/g, "");
