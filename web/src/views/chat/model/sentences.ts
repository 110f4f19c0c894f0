/**
 * Parts a growing text into sentences for a screen reader: each is spoken once, when it is complete. Markdown marks and code
 * are not read out letter by letter.
 */

const END = /[.!?…。！？][)"'”’»\]]*(?=\s|$)|\n{2,}|\n(?=\s*(?:[-*+]|\d+[.)])\s)/g;
const SHORTEST = 12; // "1." or "e.g." is no sentence worth an interruption

/** Return what is complete behind `spoken` characters, and how many characters are spoken then. */
export function nextSentences(text: string, spoken: number, finished: boolean): { say: string; spoken: number } {
  const rest = text.slice(spoken);
  if (finished) return { say: plain(rest), spoken: text.length };
  let end = 0;
  for (const found of rest.matchAll(END)) {
    const here = found.index + found[0].length;
    // The end of what is known so far may be the middle of "3.5" or of an ellipsis.
    if (here < rest.length && here - end >= SHORTEST) end = here;
  }
  const fences = rest.slice(0, end).match(/^```/gm)?.length ?? 0;
  if (fences % 2) end = Math.max(0, rest.lastIndexOf("```", end)); // inside of code: wait for its end
  return { say: plain(rest.slice(0, end)), spoken: spoken + end };
}

/** Text as it is spoken: without the marks of Markdown. */
export function plain(markdown: string): string {
  return markdown
    .replace(/```[\s\S]*?(?:```|$)/g, " … ")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/^\s*(?:#{1,6}|>|[-*+]|\d+[.)])\s+/gm, "")
    .replace(/[*_~`|]+/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
