/** Results of a search, ready to be shown. */

export interface Hit {
  key: string;
  messageId: string;
  seq: number;
  role: string;
  createdAt: number;
  snippet: string;
}

export interface Group {
  key: string;
  hits: Hit[];
}

/** By conversation: the one with the best hit first, inside of it the newest message first. */
export function grouped(hits: readonly Hit[]): Group[] {
  const groups = new Map<string, Hit[]>();
  for (const hit of hits) groups.set(hit.key, [...(groups.get(hit.key) ?? []), hit]);
  return [...groups].map(([key, found]) => ({ key, hits: found.sort((one, other) => other.seq - one.seq) }));
}

/** A text in parts: those that were searched for, and the rest. Accents and case do not count, as in the search itself. */
export function marked(text: string, words: string): { text: string; hit: boolean }[] {
  const wanted = words.split(/[^\p{L}\p{N}]+/u).map(folded).filter(Boolean);
  if (!wanted.length) return [{ text, hit: false }];
  const parts: { text: string; hit: boolean }[] = [];
  for (const piece of text.split(/([\p{L}\p{N}\p{M}]+)/u)) {
    if (!piece) continue;
    const hit = wanted.some((word) => folded(piece).startsWith(word));
    const last = parts.at(-1);
    if (last && !hit && !last.hit) last.text += piece;
    else parts.push({ text: piece, hit });
  }
  return parts;
}

const folded = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
