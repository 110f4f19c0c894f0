const FIRST_MS = 400;
const LAST_MS = 15_000;

/** How long to wait before try number `attempt` (0 is the first): doubles, with a fifth of chance so that a house full
 * of screens does not come back in one moment. `chance` is 0..1. */
export function backoffMs(attempt: number, chance: number): number {
  const base = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(base * (0.8 + 0.4 * chance));
}
