import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseLanguage, format, locale, register, t } from "../src/app/i18n";
import { match } from "../src/app/router";
import { backoffMs } from "../src/gateway/backoff";
import { newId } from "../src/gateway/ids";

register("try", {
  en: { hello: "Hello {name}", box_one: "{count} box", box_other: "{count} boxes", only: "English" },
  de: { hello: "Hallo {name}", box_one: "{count} Kiste", box_other: "{count} Kisten" },
  fr: { hello: "Bonjour {name}", box_one: "{count} boîte", box_other: "{count} boîtes" },
});

test("words follow the language, with values and plurals", () => {
  chooseLanguage("de");
  assert.equal(locale.value, "de");
  assert.equal(t("try.hello", { name: "Ada" }), "Hallo Ada");
  assert.equal(t("try.box", { count: 1 }), "1 Kiste");
  assert.equal(t("try.box", { count: 1200 }), "1.200 Kisten");
  assert.equal(t("try.only"), "English");
  assert.equal(t("try.nothing"), "try.nothing");
  chooseLanguage("fr");
  assert.equal(t("try.box", { count: 0 }), "0 boîte");
  chooseLanguage("en");
});

test("sizes, times and lengths read well", () => {
  assert.equal(format.bytes(4_400_000_000), "4.4 GB");
  assert.equal(format.bytes(512), "512 bytes");
  assert.equal(format.duration(840), "0.8 s");
  assert.equal(format.duration(200_000), "3 min 20 s");
  assert.equal(format.duration(7_500_000), "2 h 5 min");
  assert.equal(format.ago(0, 180_000), "3 minutes ago");
});

test("paths match their patterns", () => {
  assert.deepEqual(match("/chat/:key?", "/chat"), {});
  assert.deepEqual(match("/chat/:key?", "/chat/agent%3Amain%3Amain"), { key: "agent:main:main" });
  assert.equal(match("/chat/:key?", "/chat/a/b"), null);
  assert.equal(match("/nodes/:id", "/nodes"), null);
  assert.deepEqual(match("/chat/:key?", "/chat/%E0%A4%A"), { key: "%E0%A4%A" });
});

test("the wait between tries grows and has an end", () => {
  assert.ok(backoffMs(0, 0) < backoffMs(1, 0));
  assert.equal(backoffMs(50, 0.5), 15_000);
});

test("ids are UUIDs also where the browser makes none", () => {
  const own = crypto.randomUUID;
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  assert.match(newId(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  Object.defineProperty(crypto, "randomUUID", { value: own, configurable: true });
});

