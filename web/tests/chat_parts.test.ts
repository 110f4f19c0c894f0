import assert from "node:assert/strict";
import { test } from "node:test";
import { check, kindOf, MAX_COUNT, MAX_TEXT_BYTES } from "../src/views/chat/model/attachments";
import { completions } from "../src/views/chat/model/commands";
import type { Attached } from "../src/views/chat/model/seams";
import { nextSentences, plain } from "../src/views/chat/model/sentences";
import { grouped, marked } from "../src/views/history/found";

/** Feed a text letter by letter; return what was spoken, piece by piece. */
function speak(text: string): string[] {
  const said: string[] = [];
  let spoken = 0;
  for (let end = 1; end <= text.length; end++) {
    const next = nextSentences(text.slice(0, end), spoken, end === text.length);
    spoken = next.spoken;
    if (next.say) said.push(next.say);
  }
  return said;
}

test("a screen reader hears sentences, each once", () => {
  assert.deepEqual(speak("The milk is in. It costs 3.50 euros today! More soon"), ["The milk is in.", "It costs 3.50 euros today!", "More soon"]);
});

test("points of a list are spoken one by one, without their marks", () => {
  const said = speak("Here is the **list**:\n- buy some milk\n- water the plants\n");
  assert.deepEqual(said.join(" "), "Here is the list: buy some milk water the plants");
  assert.ok(said.length >= 2);
});

test("code is not read out", () => {
  assert.equal(plain("Run this:\n```sh\nrm -rf x\n```\nand `wait`."), "Run this: … and wait.");
});

const there = (count: number, size: number): Attached[] => Array.from({ length: count }, (_, index) => ({ name: `${index}`, mimeType: "image/png", content: "", size }));

test("attachments are refused with the limit that they broke", () => {
  const limits = { maxBytes: 1000, maxImageBytes: 500 };
  assert.equal(check("image", 500, [], limits), null);
  assert.equal(check("image", 501, [], limits), "image-size");
  assert.equal(check("image", 500, there(1, 500), limits), null);
  assert.equal(check("image", 500, there(1, 501), limits), "total");
  assert.equal(check("text", MAX_TEXT_BYTES, [], { maxBytes: 10 ** 9 }), null);
  assert.equal(check("text", MAX_TEXT_BYTES + 1, [], { maxBytes: 10 ** 9 }), "text-size");
  assert.equal(check("image", 1, there(MAX_COUNT - 1, 1), limits), null);
  assert.equal(check("image", 1, there(MAX_COUNT, 1), limits), "count");
  assert.equal(check(null, 1, [], limits), "type");
});

test("a drawing that can hold a script is taken as its text", () => {
  assert.equal(kindOf({ name: "a.svg", type: "image/svg+xml" }), "text");
  assert.equal(kindOf({ name: "a.png", type: "image/png" }), "image");
  assert.equal(kindOf({ name: "notes.md", type: "" }), "text");
  assert.equal(kindOf({ name: "a.zip", type: "application/zip" }), null);
});

const COMMANDS = [
  { name: "help", description: "", textAliases: ["/help", "/commands"] },
  { name: "new", description: "", textAliases: ["/new", "/reset"] },
  { name: "status", description: "" },
];

test("commands are completed by name and by alias, and only at the begin of a message", () => {
  assert.deepEqual(completions("/", COMMANDS).map((one) => one.name), ["help", "new", "status"]);
  assert.deepEqual(completions("/re", COMMANDS).map((one) => one.name), ["new"]);
  assert.deepEqual(completions("/STA", COMMANDS).map((one) => one.name), ["status"]);
  assert.deepEqual(completions("go /st", COMMANDS), []);
  assert.deepEqual(completions("/status now", COMMANDS), []);
});

test("what was searched for is marked, whatever its case and accents", () => {
  assert.deepEqual(marked("Crème brûlée für Zoë", "creme zoe").filter((one) => one.hit).map((one) => one.text), ["Crème", "Zoë"]);
  assert.equal(marked("a <b> c", "b").map((one) => one.text).join(""), "a <b> c");
});

test("hits stand by conversation, the newest first", () => {
  const hit = (key: string, seq: number) => ({ key, seq, messageId: `${seq}`, role: "user", createdAt: 0, snippet: "" });
  assert.deepEqual(grouped([hit("a", 1), hit("b", 9), hit("a", 3)]).map((one) => [one.key, one.hits.map((each) => each.seq)]), [["a", [3, 1]], ["b", [9]]]);
});
