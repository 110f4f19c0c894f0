import { locale } from "../app/i18n";
import { german } from "./told.de";
import { french } from "./told.fr";

/**
 * What the box tells of itself, said by its code in the owner's language. In English it is the box's own text.
 *
 * A text has places for the values that come with the code: `{name}`. A part in `[… {name} …]` is left out when a value in it is
 * empty or missing. `code/form` is one of several texts of a code. What has no text here stays as the box says it.
 */

export type Said = readonly [summary: string, fix: string];
export type Told = Readonly<Record<string, Said>>;
export type Details = Readonly<Record<string, string | number>>;

/** Of one language. `reasons`: what stands within other texts, by its English, with `{}` for what varies. */
export interface Language {
  told: Told;
  reasons: Readonly<Record<string, string>>;
  /** What an option must be, as `reasons`. */
  types: Readonly<Record<string, string>>;
  more: string;
}

export interface FromBox {
  code: string;
  summary: string;
  fix: string;
  details?: Details;
}

const LANGUAGES: Readonly<Record<string, Language>> = { de: german, fr: french };

/** The same thing with its texts in the owner's language. */
export function inWords<T extends FromBox>(one: T): T {
  const language = LANGUAGES[locale.value];
  const said = language && textOf(language.told, one);
  if (!language || !said) return one;
  const values = spoken(language, one.details ?? {});
  const [summary, fix] = [fill(said[0], values), fill(said[1], values)];
  return summary === undefined || fix === undefined ? one : { ...one, summary, fix };
}

/** Why something is as it is, where there are words for it. */
export function reasonInWords(text: string): string {
  const language = LANGUAGES[locale.value];
  return language ? reason(language, text) : text;
}

function textOf(told: Told, { code, details }: FromBox): Said | undefined {
  const count = details?.["count"];
  const form = typeof count === "number" ? new Intl.PluralRules(locale.value).select(count) : details?.["form"];
  return told[`${code}/${form}`] ?? told[code];
}

/** The values of a text, those that are sentences in the owner's language where there are words for them. */
function spoken(language: Language, details: Details): Details {
  const values: Record<string, string | number> = { ...details };
  for (const key of ["reason", "hint"]) {
    const value = values[key];
    if (typeof value === "string") values[key] = reason(language, value);
  }
  if (Number(values["more"]) > 0) values["names"] = `${values["names"]} ${fill(language.more, values)}`;
  return values;
}

/** Undefined where a value is missing that the text cannot do without. */
function fill(text: string, values: Details): string | undefined {
  const has = (part: string): boolean => [...part.matchAll(/\{(\w+)\}/g)].every(([, key]) => values[key!] !== undefined && values[key!] !== "");
  const whole = text.replace(/\[([^[\]]*\{[^[\]]*)\]/g, (_, part: string) => (has(part) ? part : ""));
  if (!has(whole)) return undefined;
  const filled = bound(whole).replace(/\{(\w+)\}/g, (_, key: string) => String(values[key]));
  // A reason may be a sentence with its own full stop.
  return filled.replace(/(?<!\.)([.!?])\.(?=\s|$)/g, "$1");
}

/** French has a space before some signs, where no line may end. */
const bound = (text: string): string => text.replace(/ (?=[:;?!»])|(?<=«) /g, "\u00a0");

function reason(language: Language, text: string): string {
  for (const [english, other] of [...Object.entries(language.reasons), ...Object.entries(language.types)]) {
    const found = pattern(english).exec(text);
    // What stands in a place may be such a text itself.
    if (found) return bound(other).replace(/\{(\d)\}/g, (_, place: string) => reason(language, found[Number(place)] ?? ""));
  }
  return text;
}

const patterns = new Map<string, RegExp>();

function pattern(english: string): RegExp {
  const known = patterns.get(english);
  if (known) return known;
  const made = new RegExp(`^${english.split("{}").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("(.+?)")}$`, "s");
  patterns.set(english, made);
  return made;
}
