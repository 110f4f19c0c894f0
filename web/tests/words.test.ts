import assert from "node:assert/strict";
import { test } from "node:test";
import { registered } from "../src/app/i18n";
// @ts-expect-error: put together by test.mjs from all files of words
import "../src/words/every";

const fields = (text: string): string => [...text.matchAll(/\{\w+\}/g)].map((found) => found[0]).sort().join();

test("every word is there in every language, with the same places for values", () => {
  assert.ok(registered().size >= 6);
  for (const [area, words] of registered()) {
    for (const language of ["de", "fr"] as const) {
      const keys = new Set([...Object.keys(words.en), ...Object.keys(words[language])]);
      for (const key of keys) {
        const [english, other] = [words.en[key], words[language][key]];
        assert.ok(english && other, `${area}.${key} is missing in ${english ? language : "en"}`);
        assert.equal(fields(other), fields(english), `${area}.${key} in ${language}`);
      }
    }
  }
});
