import assert from "node:assert/strict";
import { test } from "node:test";
import { fired } from "../src/app/due";
import type { Due } from "../src/app/due";

const due = (id: string, dueMs: number): Due => ({ id, kind: "timer", sessionKey: "s", dueMs });
const ids = (found: Due[]): string[] => found.map((one) => one.id);

test("what became due and is gone, or has its next time, is told", () => {
  assert.deepEqual(ids(fired([due("a", 1_000), due("b", 1_000)], [due("b", 90_000)], 1_200)), ["a", "b"]);
});

test("what was cancelled before its time is not told, nor what still waits", () => {
  assert.deepEqual(fired([due("a", 9_000), due("b", 20_000)], [due("b", 20_000)], 5_000), []);
});

test("what was due longer than a minute ago is no news", () => {
  assert.deepEqual(ids(fired([due("a", 1_000)], [], 60_999)), ["a"]);
  assert.deepEqual(fired([due("a", 1_000)], [], 61_000), []);
});
