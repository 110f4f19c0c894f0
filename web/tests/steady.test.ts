import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { remember, remembered } from "../src/ui/steady";

beforeEach(() => {
  const values = new Map<string, string>();
  const storage = { getItem: (name: string) => values.get(name) ?? null, setItem: (name: string, value: string) => void values.set(name, value) };
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
});

test("a place is as high as the last time in a window as wide as then", () => {
  remember("devices", 390, 512);
  assert.equal(remembered("devices", 390), 512);
  assert.equal(remembered("devices", 400), 512);
  assert.equal(remembered("devices", 844), undefined);
  assert.equal(remembered("nodes", 390), undefined);
});

test("the newest sixty places are remembered and no more", () => {
  for (let count = 0; count < 61; count += 1) remember(`place-${count}`, 390, 100 + count);
  assert.equal(remembered("place-0", 390), undefined);
  assert.equal(remembered("place-1", 390), 101);
  assert.equal(remembered("place-60", 390), 160);
});

test("a value that somebody spoiled is as none", () => {
  localStorage.setItem("homarus.heights", "{");
  assert.equal(remembered("devices", 390), undefined);
});
