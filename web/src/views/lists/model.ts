import { format, locale, t, tag } from "../../app/i18n";

/** What the box tells of its agenda, lists and notes. */
export interface Due {
  id: string;
  kind: "timer" | "alarm" | "reminder";
  sessionKey: string;
  dueMs: number;
  leftMs: number;
  text: string;
  createdMs: number;
  repeat?: string;
  durationS?: number;
}

export interface Agenda {
  nowMs: number;
  rows: Due[];
  total: number;
}

export interface Item {
  place: number;
  item: string;
}

export interface NamedList {
  sessionKey: string;
  name: string;
  items: Item[];
  total: number;
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** `daily`, `weekdays` or `mon,thu` as people say it. */
export function repeatText(repeat: string): string {
  if (repeat === "daily" || repeat === "weekdays" || repeat === "weekends") return t(`lists.${repeat}`);
  // 2024-01-01 was a Monday.
  const names = repeat.split(",").map((day) => {
    const at = DAYS.indexOf(day);
    return at < 0 ? day : new Intl.DateTimeFormat(tag.value, { weekday: "short", timeZone: "UTC" }).format(Date.UTC(2024, 0, 1 + at));
  });
  return new Intl.ListFormat(locale.value, { type: "conjunction" }).format(names);
}

/** What a row is called. */
export const dueName = (due: Due): string => due.text || t(`lists.${due.kind}`);

/** What stands below the name: kind, length or moment, and how it comes again. */
export function dueDetail(due: Due, now: number): string {
  const kind = t(`lists.${due.kind}`);
  if (due.kind === "timer" && due.durationS) return t("lists.timerLength", { length: format.duration(due.durationS * 1000) });
  const time = moment(due.dueMs, now);
  return due.repeat ? t("lists.repeats", { kind, time, repeat: repeatText(due.repeat) }) : t("lists.at", { kind, time });
}

/** Today: the time; within a week: weekday and time; later: date and time. */
function moment(ms: number, now: number): string {
  const week = Math.abs(ms - now) < 6 * 86_400_000;
  return week ? format.moment(ms, now) : format.dateTime(ms);
}

/** A list's name as a title: the box keeps it in small letters. */
export const title = (name: string): string => name.charAt(0).toLocaleUpperCase(locale.value) + name.slice(1);

/** How far a timer has come, 0 to 1; undefined for what was not set as a length of time. */
export function share(due: Due, now: number): number | undefined {
  if (due.kind !== "timer" || !due.durationS) return undefined;
  return Math.max(0, Math.min(1, 1 - (due.dueMs - now) / (due.durationS * 1000)));
}

/** Items as they were with those that were checked off here put between, each in its old place. */
export function withChecked(items: readonly Item[], checked: readonly Item[]): { item: Item; done: boolean }[] {
  const open = new Set(items.map((one) => one.item));
  const done = checked.filter((one) => !open.has(one.item));
  return [...items.map((item) => ({ item, done: false })), ...done.map((item) => ({ item, done: true }))].sort(
    (a, b) => a.item.place - b.item.place,
  );
}
