import assert from "node:assert/strict";
import { test } from "node:test";
import { readSetupCode } from "../src/gateway/setup_code";

const TOKEN = "A".repeat(42) + "_";
const inside = { url: "wss://box:18789", urls: ["wss://10.0.0.2:18789", "wss://box:18789"], bootstrapToken: TOKEN, expiresAtMs: 17 };
const code = Buffer.from(JSON.stringify(inside)).toString("base64url");
const read = { bootstrapToken: TOKEN, urls: ["wss://box:18789", "wss://10.0.0.2:18789"], expiresAtMs: 17 };

test("a setup code is read in every form it is handed around in", () => {
  assert.deepEqual(readSetupCode(code), read);
  assert.deepEqual(readSetupCode(`  oc-pair://${code}\n`), read);
  assert.deepEqual(readSetupCode(`${code.slice(0, 20)}\n${code.slice(20)}`), read);
  assert.deepEqual(readSetupCode(JSON.stringify(inside)), read);
  assert.deepEqual(readSetupCode(TOKEN), { bootstrapToken: TOKEN, urls: [] });
  const link = readSetupCode(`https://box:18789/#bootstrapToken=${TOKEN}&bootstrapProfile=owner`);
  assert.deepEqual(link, { bootstrapToken: TOKEN, urls: [] });
});

test("the printed recovery code is one, too", () => {
  const printed = "recovery-ABCD-EFGH-JKLM-NPQR-STUV-WXYZ-2345-6789";
  assert.equal(readSetupCode(printed)?.bootstrapToken, printed);
});

test("what is no setup code is refused", () => {
  for (const text of ["", "hello", "https://example.org/", "oc-pair://", "{}", '{"bootstrapToken":3}', `${TOKEN}A`, "e30", "💡".repeat(30)]) {
    assert.equal(readSetupCode(text), null, text);
  }
});

test("at most nine addresses are taken", () => {
  const many = { ...inside, urls: Array.from({ length: 50 }, (_, at) => `wss://h${at}:1`) };
  assert.equal(readSetupCode(JSON.stringify(many))?.urls.length, 9);
});
