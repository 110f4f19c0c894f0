import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { chooseLanguage } from "../src/app/i18n";
import { inWords, reasonInWords } from "../src/words/told";
import { german } from "../src/words/told.de";
import { french } from "../src/words/told.fr";

const fields = (text: string): string => [...new Set([...text.matchAll(/\{\w+\}/g)].map((found) => found[0]))].sort().join();

afterEach(() => chooseLanguage("en"));

test("what German says of the box, French says too, with the same values", () => {
  assert.deepEqual(Object.keys(german.told), Object.keys(french.told));
  for (const [code, said] of Object.entries(german.told)) {
    said.forEach((text, place) => assert.equal(fields(text), fields(french.told[code]![place]!), code));
  }
  for (const table of ["reasons", "types"] as const) {
    assert.deepEqual(Object.keys(german[table]), Object.keys(french[table]));
    for (const [english, text] of Object.entries(german[table])) {
      const wanted = english.split("{}").slice(1).map((_, place) => `{${place + 1}}`).join();
      assert.deepEqual([places(text), places(french[table][english]!)], [wanted, wanted], english);
    }
  }
});

const places = (text: string): string => [...text.matchAll(/\{\d\}/g)].map((found) => found[0]).sort().join();

const away = { code: "peer_away", summary: "It is not there.", fix: "Wait.", details: { name: "attic", reason: "It is not there." } };

test("a condition is said by its code in the owner's language, and in English as the box says it", () => {
  assert.equal(inWords(away), away);
  chooseLanguage("de");
  assert.equal(inWords(away).summary, "Die Box attic ist nicht da: It is not there.");
  assert.match(inWords(away).fix, /models\.remotes\.attic\.$/);
  chooseLanguage("fr");
  assert.equal(inWords(away).summary, "Le boîtier attic est absent\u00a0: It is not there.");
});

test("an unknown code, an unknown form and a box that gives no values stay as the box says them", () => {
  chooseLanguage("de");
  for (const one of [{ ...away, code: "of_tomorrow" }, { ...away, code: "devices_restored", details: { form: "new" } }, { code: "peer_away", summary: "S", fix: "F" }]) {
    assert.equal(inWords(one), one);
  }
});

test("forms, numbers and names choose the text, and a part without its value is left out", () => {
  chooseLanguage("de");
  const told = (code: string, details: Record<string, string | number>): string => inWords({ code, summary: "", fix: "", details }).summary;
  assert.equal(told("questions_kept", { count: 1 }), "1 Frage wartet auf die Verbindung.");
  assert.equal(told("questions_kept", { count: 2 }), "2 Fragen warten auf die Verbindung.");
  assert.equal(told("restart_required", { names: "a, b", more: 0 }), "Gilt nach einem Neustart: a, b.");
  assert.equal(told("restart_required", { names: "a, b", more: 3 }), "Gilt nach einem Neustart: a, b und 3 weitere.");
  assert.equal(told("model_unusable", { file: "a.gguf", reason: "Too large.", instead: "" }), "Das Modell a.gguf ist nicht brauchbar: Too large.");
  assert.match(told("model_unusable", { file: "a.gguf", reason: "Too large.", instead: "b.gguf" }), / Stattdessen antwortet b\.gguf\.$/);
  assert.match(inWords({ code: "wide_network", summary: "", fix: "", details: { path: "p", network: "::/0" } }).fix, /set p \[…\]`$/);
});

test("a reason within a text is said where there are words for it, whatever stands in its places", () => {
  chooseLanguage("fr");
  assert.equal(reasonInWords("/a (b).json is damaged: run scripts/engine"), "/a (b).json est abîmé\u00a0; lancez scripts/engine");
  const box = "the local engine is not set up: `homarus update rollback` starts the version before";
  assert.equal(reasonInWords(box), "le moteur n’est pas installé\u00a0; `homarus update rollback` démarre la version précédente");
  assert.equal(reasonInWords("no compiler (to try again, run scripts/engine)"), "no compiler (pour réessayer\u00a0: lancez scripts/engine)");
  assert.equal(reasonInWords("something else"), "something else");
  chooseLanguage("de");
  assert.equal(reasonInWords("must be a whole number from 1 to 9 (set by HOMARUS_X)"), "muss sein: eine ganze Zahl von 1 bis 9 (gesetzt durch HOMARUS_X)");
});
