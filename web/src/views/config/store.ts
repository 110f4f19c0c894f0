import { computed, signal } from "@preact/signals";
import { t } from "../../app/i18n";
import { GatewayError, gateway } from "../../gateway";
import { differences, get, patchOf, rebase, remove, same, set } from "./draft";
import type { Tree } from "./draft";
import { kindOf, pathText, problems, schemaAt } from "./schema";
import type { At, Json, Problem, Schema } from "./schema";

/** The file, and what was changed here but not saved yet. It lives as long as the page, across all sections. */

export interface Issue {
  path: string;
  message: string;
  severity?: string;
  value?: string;
  hint?: string;
}

export interface File {
  path: string;
  exists: boolean;
  raw: string;
  parsed: Tree;
  valid: boolean;
  issues: Issue[];
  hash: string;
}

export const schema = signal<Schema | null>(null);
export const file = signal<File | null>(null);
export const failure = signal<GatewayError | null>(null);
const draft = signal<Tree>({});

/** What the box said about the last try to save, by path. */
export const refused = signal<ReadonlyMap<string, Issue>>(new Map());
/** Paths that somebody else changed too. */
export const conflicts = signal<ReadonlySet<string>>(new Set());
/** The file was changed elsewhere while something was unsaved here. */
export const moved = signal(false);
export const saving = signal(false);
/** What was saved and waits for a restart, in the words of the box. */
export const waiting = signal("");
/** Somebody pressed save: from now on everything that is wrong is named, also where nobody has typed yet. */
export const tried = signal(false);

export const changes = computed(() => (file.value ? differences(file.value.parsed, draft.value) : []));
export const changed = computed(() => new Set(changes.value.map(pathText)));
/** What is wrong in the draft. What is so in the file already must not forbid to mend another place; the box names it. */
export const wrong = computed(() => {
  if (!schema.value || !changes.value.length) return new Map<string, Problem>();
  const known = problems(schema.value, file.value?.parsed);
  return new Map([...problems(schema.value, draft.value)].filter(([path, one]) => known.get(path)?.key !== one.key || changed.value.has(path)));
});
/** Issues of the file as it is. */
export const issues = computed(() => new Map((file.value?.issues ?? []).map((one) => [one.path, one])));

/** Why the file cannot be read at all; undefined for one that can. */
export const broken = computed(() => file.value?.issues.find((one) => one.severity === "error" && one.path === ""));

/** The value in the draft; undefined where only the default counts. */
export const valueAt = (at: At): Json | undefined => get(draft.value, at);
export const savedAt = (at: At): Json | undefined => get(file.value?.parsed, at);

export function put(at: At, value: Json): void {
  const declared = schema.peek() ? schemaAt(schema.peek()!, at) : undefined;
  // What is only the default again, and was never written down, is no change.
  if (savedAt(at) === undefined && same(declared?.default, value)) return drop(at);
  forget(at);
  draft.value = set(draft.peek(), at, value) as Tree;
}

export function drop(at: At): void {
  forget(at);
  draft.value = remove(draft.peek(), at, (place) => savedAt(place) === undefined && isSection(place)) as Tree;
}

/** Take back what was changed at a place. */
export function undo(at: At): void {
  const saved = savedAt(at);
  if (saved === undefined) return drop(at);
  forget(at);
  draft.value = set(draft.peek(), at, saved) as Tree;
}

export function undoAll(): void {
  draft.value = file.peek()?.parsed ?? {};
  refused.value = new Map();
  conflicts.value = new Set();
  moved.value = tried.value = false;
}

const isSection = (at: At): boolean => {
  const parent = schema.peek() ? schemaAt(schema.peek()!, at.slice(0, -1)) : undefined;
  return parent !== undefined && kindOf(parent) === "section";
};

function forget(at: At): void {
  const path = pathText(at);
  if (!refused.peek().size) return;
  // What was refused may have its cause elsewhere (bind: custom without an address): then all of it is stale now.
  refused.value = refused.peek().has(path) ? new Map([...refused.peek()].filter(([one]) => one !== path)) : new Map();
}

export async function load(signal?: AbortSignal): Promise<void> {
  const options = signal ? { signal } : {};
  try {
    const [read, declared, told] = await Promise.all([
      gateway.call<File>("config.get", {}, options),
      schema.peek() ?? gateway.call<{ schema: Schema }>("config.schema", {}, options).then((answer) => answer.schema),
      gateway.call<{ conditions: { code: string; summary: string; details?: { names?: string; more?: number } }[] }>("status", {}, options),
    ]);
    schema.value = declared;
    take(read);
    failure.value = null;
    const restart = told.conditions.find((one) => one.code === "restart_required");
    waiting.value = restart?.details?.names ?? restart?.summary.replace(/^[^:]*: |\.$/g, "") ?? "";
    if (restart?.details?.more) waiting.value = t("config.andMore", { names: waiting.value, more: restart.details.more });
  } catch (error) {
    if (signal?.aborted) return;
    failure.value = error instanceof GatewayError ? error : new GatewayError({ code: "FAILED", message: String(error) });
  }
}

/** A newer file: what was changed here stays changed. */
function take(read: File): void {
  const before = file.peek();
  if (!before || !changes.peek().length) {
    draft.value = read.parsed;
    conflicts.value = new Set();
    moved.value = false;
  } else if (before.hash !== read.hash) {
    const next = rebase(before.parsed, draft.peek(), read.parsed);
    draft.value = next.draft;
    conflicts.value = new Set(next.conflicts);
    moved.value = differences(read.parsed, next.draft).length > 0;
  }
  file.value = read;
}

/** Save all changes at once. True when the box took them. */
export async function save(): Promise<boolean> {
  const before = file.peek();
  if (!before || saving.peek()) return false;
  tried.value = true;
  if (wrong.peek().size) return false;
  saving.value = true;
  refused.value = new Map();
  const sent = draft.peek();
  const { patch, replacePaths } = patchOf(before.parsed, sent);
  try {
    await gateway.call("config.patch", { raw: JSON.stringify(patch), baseHash: before.hash, replacePaths });
    file.value = { ...before, parsed: sent };
    tried.value = false;
    await load();
    return true;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const told = error.details as { issues?: Issue[] };
    if (error.code === "CONFIG_CHANGED") {
      await load();
      return false;
    }
    if (told.issues?.length) {
      refused.value = new Map(told.issues.map((one) => [one.path, one]));
      return false;
    }
    throw error;
  } finally {
    saving.value = false;
  }
}
