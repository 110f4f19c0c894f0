/** What the box tells of its models, and what is read out of it. Pure. */

export interface Probe {
  callsRight: number;
  calls: number;
  answersRight: number;
  answers: number;
  prefillRate: number;
  decodeRate: number;
  atMs: number;
}

export interface Installed {
  name: string;
  file: string;
  sizeBytes: number;
  active: boolean;
  parameters?: number;
  context?: number;
  licence?: string;
  languages?: string[];
  probe?: Probe;
  problem?: string;
}

export interface Local {
  models: Installed[];
  active?: string;
  configured?: string;
}

export interface Advice {
  name: string;
  title: string;
  fits: boolean;
  comfortable: boolean;
  installed: boolean;
  measured: boolean;
  firstAnswerSeconds: number;
  nextAnswerSeconds: number;
  decodeRate: number;
  memoryBytes: number;
  sizeBytes: number;
  languages: string[];
  licence: string;
  licenceFree: boolean;
  reason?: string;
}

export interface Recommended {
  box: { cores: number; memoryTotalBytes: number; diskFreeBytes: number };
  models: Advice[];
}

export interface Job {
  jobId: string;
  file: string;
  state: "running" | "done" | "failed" | "cancelled";
  phase: "download" | "load" | "probe";
  doneBytes: number;
  totalBytes?: number;
  asked?: number;
  probe?: Probe;
  warning?: string;
  error?: string;
}

export interface Offer {
  file: string;
  source: string;
  diskFreeBytes: number;
  sizeBytes?: number;
}

export interface Tuning {
  state: "none" | "waiting" | "measuring" | "done" | "failed";
  file?: string;
  done: number;
  of: number;
  error?: string;
  tuning?: { atMs: number; seconds: number; busy: boolean; gainRead?: number; gainWrite?: number; advice?: string };
}

export interface Answers {
  /** Why `engine` is null; a box before it does not tell. */
  local?: { state: string; file: string; reason: string };
  engine: { model: string; window: number; prefillRate: number; decodeRate: number; active: number; waiting: number } | null;
  tiers: { tier: string; answers: number; last: { model?: string; firstTokenMs?: number } | null; ts: number | null }[];
}

export const PROBES = 30;

/** How far a job is, 0 to 1; undefined where nobody knows. */
export function jobShare(job: Job): number | undefined {
  if (job.phase === "probe") return job.asked === undefined ? undefined : job.asked / PROBES;
  if (job.phase === "load" || !job.totalBytes) return undefined;
  return job.doneBytes / job.totalBytes;
}

/** Bytes a second over the last readings, and how long the rest takes; undefined while it cannot be said. */
export function pace(readings: readonly { at: number; bytes: number }[], total: number | undefined): { rate: number; leftMs?: number } | undefined {
  const first = readings[0];
  const last = readings.at(-1);
  if (!first || !last || last.at - first.at < 2_000 || last.bytes <= first.bytes) return undefined;
  const rate = ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
  return total ? { rate, leftMs: ((total - last.bytes) / rate) * 1000 } : { rate };
}

/** Billions of parameters as models are named: 0.6B, 8B. */
export function size(parameters: number): string {
  const billions = parameters / 1e9;
  return billions < 1 ? `${Math.round(parameters / 1e6)}M` : `${billions < 10 ? Math.round(billions * 10) / 10 : Math.round(billions)}B`;
}

/** What can be had, the best first: what fits, and of the rest the nearest few. */
export function worthShowing(models: readonly Advice[], all: boolean): Advice[] {
  const fitting = models.filter((one) => one.fits);
  return all ? [...models] : (fitting.length ? fitting : models).slice(0, 4);
}

/** The models of the configuration, in the order they are asked. */
export function order(config: unknown): string[] {
  const model = (config as { agents?: { defaults?: { model?: unknown } } } | null)?.agents?.defaults?.model;
  if (typeof model === "string") return [model];
  const { primary, fallbacks } = (model ?? {}) as { primary?: unknown; fallbacks?: unknown };
  return [primary, ...(Array.isArray(fallbacks) ? fallbacks : [])].filter((one): one is string => typeof one === "string" && one !== "");
}
