import { format } from "../../app/i18n";
import type { Json } from "./schema";

/** A typed number, with a comma or a point; what is none stays text, so that nothing typed is lost. */
export function readNumber(text: string): Json {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() && Number.isFinite(value) ? value : text;
}

/** Whether a unit fits behind its number; a longer one stands in the text. */
export const isShort = (unit: string): boolean => unit.length <= 6;

/** A number of a small unit in a larger one: `5 min` for 300,000 ms, `2 GB` for 2,000 MB; undefined where that says no more. */
export function unitText(value: number, unit: string): string | undefined {
  if (value <= 0) return undefined;
  if (unit === "ms" && value >= 1_000) return format.duration(value);
  if (unit === "s" && value >= 60) return format.duration(value * 1_000);
  return unit === "MB" && value >= 1_000 ? format.bytes(value * 1e6) : undefined;
}
