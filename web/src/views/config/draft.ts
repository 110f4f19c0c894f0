/** A configuration that is being changed: what differs, how it is sent, and how it lives on when the file changes. Pure. */
import { pathText } from "./schema";
import type { At, Json, Step } from "./schema";

export type Tree = { [key: string]: Json };

/** What the box shows in place of a secret; sent back, it changes nothing. */
export const MASK = "__OPENCLAW_REDACTED__";

const isTree = (value: Json | undefined): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, index) => same(one, b[index]));
  if (!isTree(a) || !isTree(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same(a[key], b[key]));
}

export function get(value: Json | undefined, at: At): Json | undefined {
  let found: Json | undefined = value;
  for (const step of at) {
    if (Array.isArray(found)) found = found[Number(step)];
    else if (isTree(found)) found = found[String(step)];
    else return undefined;
  }
  return found;
}

/** A copy with another value at a place; what is missing on the way there is made. */
export function set(value: Json | undefined, at: At, wanted: Json): Json {
  const [step, ...rest] = at;
  if (step === undefined) return wanted;
  if (typeof step === "number") {
    const list = Array.isArray(value) ? [...value] : [];
    list[step] = set(list[step], rest, wanted);
    return list;
  }
  const tree = isTree(value) ? value : {};
  return { ...tree, [step]: set(tree[step], rest, wanted) };
}

/** A copy without a place. Sections that this leaves empty go too, as long as `prune` says so of their place. */
export function remove(value: Json | undefined, at: At, prune: (at: At) => boolean, here: Step[] = []): Json {
  const [step, ...rest] = at;
  if (Array.isArray(value)) {
    return rest.length ? value.map((one, index) => (index === step ? remove(one, rest, prune, [...here, index]) : one)) : value.filter((_, index) => index !== step);
  }
  if (!isTree(value) || typeof step !== "string" || !(step in value)) return value ?? {};
  const { [step]: old, ...others } = value;
  if (!rest.length) return others;
  const place = [...here, step];
  const left = remove(old, rest, prune, place);
  return isTree(left) && Object.keys(left).length === 0 && prune(place) ? others : { ...others, [step]: left };
}

/** The places of single options that differ. A list is one value. */
export function differences(before: Json | undefined, after: Json | undefined, at: string[] = []): string[][] {
  if (same(before, after)) return [];
  const first = isTree(before) ? before : before === undefined ? {} : undefined;
  const second = isTree(after) ? after : after === undefined ? {} : undefined;
  if (!first || !second) return [at];
  const found = [...new Set([...Object.keys(first), ...Object.keys(second)])].flatMap((key) => differences(first[key], second[key], [...at, key]));
  return found.length ? found : [at]; // An entry without any option came or went.
}

export interface Patch {
  patch: Tree;
  /** Lists are sent whole; without this the box would merge those whose rows have an id. */
  replacePaths: string[];
}

/** What makes the second out of the first, as a JSON merge patch (RFC 7396). */
export function patchOf(before: Tree, after: Tree, at: string[] = []): Patch {
  const patch: Tree = {};
  const replacePaths: string[] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, wanted] = [before[key], after[key]];
    if (same(old, wanted)) continue;
    const place = [...at, key];
    if (wanted === undefined) patch[key] = null;
    else if (isTree(wanted) && isTree(old)) {
      const inner = patchOf(old, wanted, place);
      patch[key] = inner.patch;
      replacePaths.push(...inner.replacePaths);
    } else {
      patch[key] = wanted;
      if (Array.isArray(wanted) && Array.isArray(old)) replacePaths.push(pathText(place));
    }
  }
  return { patch, replacePaths };
}

export function apply(value: Json | undefined, patch: Tree): Tree {
  const result: Tree = isTree(value) ? { ...value } : {};
  for (const [key, wanted] of Object.entries(patch)) {
    if (wanted === null) delete result[key];
    else result[key] = isTree(wanted) ? apply(result[key], wanted) : wanted;
  }
  return result;
}

export interface Rebased {
  draft: Tree;
  /** Options that were changed here and there, to different values. */
  conflicts: string[];
}

/** The same changes on top of a newer file. */
export function rebase(before: Tree, draft: Tree, newer: Tree): Rebased {
  const moved = apply(newer, patchOf(before, draft).patch);
  const there = new Set(differences(before, newer).map(pathText));
  const conflicts = differences(before, draft).filter((at) => there.has(pathText(at)) && !same(get(moved, at), get(newer, at)));
  return { draft: moved, conflicts: conflicts.map(pathText) };
}
