/** Tokens and money, as the box counts them. Pure. */

export interface Totals {
  input: number;
  output: number;
  cacheRead: number;
  totalTokens: number;
  totalCost: number;
  missingCostEntries: number;
}

export interface Day extends Totals {
  date: string;
}

export interface Cost {
  daily: Day[];
  totals: Totals;
}

export interface ByModel {
  provider: string | null;
  model: string | null;
  count: number;
  totals: Totals;
}

export interface ByTier {
  tier: string;
  count: number;
  totals: Totals;
}

export interface Usage {
  aggregates: { byModel?: ByModel[]; byTier?: ByTier[] };
}

export interface Bar {
  x: number;
  width: number;
  y: number;
  height: number;
  day: Day;
}

/** One bar a day in a picture of `width` by `height`; a day with anything at all is at least 2 high, one without 1. */
export function bars(days: readonly Day[], value: (day: Day) => number, width: number, height: number): Bar[] {
  const most = Math.max(0, ...days.map(value));
  const step = width / Math.max(1, days.length);
  return days.map((day, index) => {
    const tall = most > 0 && value(day) > 0 ? Math.max(2, (value(day) / most) * height) : 1;
    return { day, x: index * step + step * 0.1, width: step * 0.8, y: height - tall, height: tall };
  });
}

/** The share of answers that never left the house; undefined without answers. */
export function athome(tiers: readonly ByTier[]): number | undefined {
  const all = tiers.reduce((sum, tier) => sum + tier.count, 0);
  const away = tiers.reduce((sum, tier) => sum + (tier.tier === "cloud" ? tier.count : 0), 0);
  return all ? 1 - away / all : undefined;
}

/** A day of the box (`2026-03-04`) at noon UTC, so that no time zone makes another day of it. */
export const noon = (date: string): number => Date.parse(`${date}T12:00:00Z`);
