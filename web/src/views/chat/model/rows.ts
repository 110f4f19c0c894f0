import type { Item, UserItem } from "./turns";

/** One message with what its neighbours say about it. */
export interface Row {
  item: Item;
  /** The first one of its day. */
  day: boolean;
  /** What an answer answers. */
  asked: UserItem | undefined;
}

export interface Group {
  key: string;
  rows: Row[];
}

/** Entries of the transcript per group. A group is about two windows of a phone high. */
const ENTRIES = 24;

/** Part a transcript in groups. Their borders are at fixed numbers of entries: older pages and new messages move none. */
export function rowsOf(items: readonly Item[]): Group[] {
  const groups: Group[] = [];
  let asked: UserItem | undefined;
  let today = "";
  for (const item of items) {
    const date = new Date(item.at).toDateString();
    const row: Row = { item, day: date !== today, asked };
    today = date;
    if (item.kind === "user") asked = item;
    const key = String(Math.floor(item.seq / ENTRIES));
    const last = groups.at(-1);
    if (last?.key === key) last.rows.push(row);
    else groups.push({ key, rows: [row] });
  }
  return groups;
}
