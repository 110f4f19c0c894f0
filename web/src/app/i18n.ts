import { computed, signal } from "@preact/signals";
import { setting } from "../gateway/storage";

/** The words of the app in three languages. A view registers its own: `register("area", { en, de, fr })`. */

export type Language = "en" | "de" | "fr";
export type Words = Readonly<Record<string, string>>;
export const LANGUAGES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch", fr: "Français" };

const areas = new Map<string, Readonly<Record<Language, Words>>>();
const chosen = signal<Language | null>(known(setting.get("language")));

/** The language that is shown: the chosen one, else the browser's, else English. */
export const locale = computed<Language>(() => chosen.value ?? preferred());
export const chosenLanguage = computed(() => chosen.value);

export function chooseLanguage(language: Language | null): void {
  chosen.value = language;
  setting.set("language", language);
}

function known(text: string | null | undefined): Language | null {
  const short = text?.slice(0, 2).toLowerCase();
  return short === "en" || short === "de" || short === "fr" ? short : null;
}

function preferred(): Language {
  for (const each of globalThis.navigator?.languages ?? []) {
    const found = known(each);
    if (found) return found;
  }
  return "en";
}

/** The tag for Intl: the browser's own variety of the language that is shown (de-AT, en-GB), else the plain one. */
export const tag = computed<string>(() => {
  const same = (globalThis.navigator?.languages ?? []).find((each) => known(each) === locale.value);
  return same ?? locale.value;
});

export function register(area: string, words: Readonly<Record<Language, Words>>): void {
  areas.set(area, words);
}

/** All words; for tests. */
export const registered = (): ReadonlyMap<string, Readonly<Record<Language, Words>>> => areas;

/**
 * The words for `area.key`, with `{name}` filled in. With a `count` among the values, `key_one` or `key_other` is taken
 * where they exist. A missing word shows its key: tests look for that.
 */
export function t(name: string, values: Readonly<Record<string, string | number>> = {}): string {
  const dot = name.indexOf(".");
  const table = areas.get(name.slice(0, dot));
  const key = name.slice(dot + 1);
  const text = find(table?.[locale.value], key, values) ?? find(table?.en, key, values);
  if (text === undefined) return name;
  return text.replace(/\{(\w+)\}/g, (whole, field: string) => {
    const value = values[field];
    if (value === undefined) return whole;
    return typeof value === "number" ? format.number(value) : value;
  });
}

function find(words: Words | undefined, key: string, values: Readonly<Record<string, unknown>>): string | undefined {
  const count = values["count"];
  if (typeof count === "number") {
    const plural = words?.[`${key}_${new Intl.PluralRules(locale.value).select(count)}`] ?? words?.[`${key}_other`];
    if (plural !== undefined) return plural;
  }
  return words?.[key];
}

const DAY_MS = 86_400_000;

/** Numbers, sizes, times and dates as people of the chosen language write them. Times are epoch milliseconds. */
export const format = {
  number: (value: number, digits = 0): string =>
    new Intl.NumberFormat(tag.value, { maximumFractionDigits: digits }).format(value),
  percent: (share: number): string =>
    new Intl.NumberFormat(tag.value, { style: "percent", maximumFractionDigits: 0 }).format(share),
  money: (value: number, currency = "USD"): string =>
    new Intl.NumberFormat(tag.value, { style: "currency", currency, maximumFractionDigits: value < 1 ? 4 : 2 }).format(value),
  bytes(value: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
    const step = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
    return new Intl.NumberFormat(tag.value, {
      style: "unit",
      unit: units[step]!,
      unitDisplay: step ? "short" : "long",
      maximumFractionDigits: step > 2 ? 1 : 0,
    }).format(value / 1000 ** step);
  },
  time: (ms: number): string =>
    new Intl.DateTimeFormat(tag.value, { hour: "numeric", minute: "2-digit" }).format(ms),
  date: (ms: number): string => new Intl.DateTimeFormat(tag.value, { dateStyle: "medium" }).format(ms),
  dateTime: (ms: number): string =>
    new Intl.DateTimeFormat(tag.value, { dateStyle: "medium", timeStyle: "short" }).format(ms),
  /** Today: the time; this week: weekday and time; else the date. */
  moment(ms: number, now: number = Date.now()): string {
    const today = new Date(now).setHours(0, 0, 0, 0);
    if (ms >= today && ms < today + DAY_MS) return format.time(ms);
    if (Math.abs(today - ms) < 6 * DAY_MS) {
      const style = { weekday: "short", hour: "numeric", minute: "2-digit" } as const;
      return new Intl.DateTimeFormat(tag.value, style).format(ms);
    }
    return format.date(ms);
  },
  /** "3 minutes ago", "in 2 days". */
  ago(ms: number, now: number = Date.now()): string {
    const seconds = (ms - now) / 1000;
    const units: [Intl.RelativeTimeFormatUnit, number][] = [["day", 86_400], ["hour", 3_600], ["minute", 60]];
    const rough = new Intl.RelativeTimeFormat(tag.value, { numeric: "auto" });
    for (const [unit, size] of units) {
      if (Math.abs(seconds) >= size) return rough.format(Math.round(seconds / size), unit);
    }
    return rough.format(0, "second");
  },
  /** A length of time: "0.8 s", "12 s", "3 min 20 s", "2 h 5 min". */
  duration(ms: number): string {
    if (ms < 9_950) return `${format.number(ms / 1000, 1)} s`;
    const seconds = Math.round(ms / 1000);
    if (seconds < 60) return `${seconds} s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
    return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${Math.floor(minutes / 60)} h`;
  },
};
