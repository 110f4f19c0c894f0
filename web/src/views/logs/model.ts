/** The log of the gateway: one JSON object a line. Pure. */

export interface Line {
  id: number;
  time: string;
  level: string;
  from: string;
  message: string;
  facts: string;
}

export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

const RANK: Readonly<Record<string, number>> = { trace: 0, debug: 0, info: 1, warning: 2, warn: 2, error: 3, fatal: 3, critical: 3 };

/** Read a line; one that is no JSON is shown as it is. */
export function parse(text: string, id: number): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null) return { id, time: "", level: "", from: "", message: text, facts: "" };
  const { time, level, logger, message, ...rest } = value as Record<string, unknown>;
  const facts = Object.entries(rest).map(([key, fact]) => `${key}=${typeof fact === "string" ? fact : JSON.stringify(fact)}`).join(" ");
  return { id, time: String(time ?? ""), level: String(level ?? ""), from: String(logger ?? "").replace(/^appliance\./, ""), message: String(message ?? ""), facts };
}

/** Whether a line is at least of a level and has all the words, wherever they stand. A line without a level is always let through. */
export function wanted(line: Line, least: Level, words: string): boolean {
  if (line.level && (RANK[line.level] ?? 1) < RANK[least]!) return false;
  const text = `${line.from} ${line.message} ${line.facts}`.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** The clock of a time stamp: `12:03:05`. */
export const clock = (time: string): string => /T(\d\d:\d\d:\d\d)/.exec(time)?.[1] ?? time;

/** A line as text, to be sent to somebody who helps. */
export const asText = (line: Line): string => [line.time, line.level, line.from, line.message, line.facts].filter(Boolean).join(" ");
