import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, differences, get, patchOf, rebase, remove, same, set } from "../src/views/config/draft";
import type { Tree } from "../src/views/config/draft";
import { readNumber, unitText } from "../src/views/config/measure";
import { countsAtOnce, kindOf, label, meaning, pathText, placeOf, problem, problems, schemaAt, search } from "../src/views/config/schema";
import type { Schema } from "../src/views/config/schema";

const root: Schema = {
  type: "object",
  properties: {
    gateway: {
      type: "object",
      properties: {
        port: { type: "integer", minimum: 0, maximum: 65535, default: 18789, description: "TCP port" },
        windowMs: { type: "integer", minimum: 1000, description: "time in which failures count (ms)", "x-unit": "ms" },
        token: { type: ["string", "object"], writeOnly: true },
        tls: { type: "object", properties: { enabled: { type: "boolean" } } },
        bind: { type: "string", enum: ["loopback", "lan"] },
      },
    },
    models: {
      type: "object",
      properties: {
        model: { type: ["string", "object"], properties: { primary: { type: "string" } } },
        providers: {
          type: "object",
          additionalProperties: {
            type: "object",
            properties: { baseUrl: { type: "string" }, models: { type: "array", items: { type: "object", required: ["id"], properties: { id: { type: "string", pattern: "\\S" } } } } },
          },
        },
        aliases: { type: "object", additionalProperties: { type: "string" } },
      },
    },
    locale: { type: "string", pattern: "^[A-Za-z]{2,3}$", maxLength: 3 },
  },
};

test("every kind of option is told apart", () => {
  const at = (path: string) => kindOf(schemaAt(root, path.split("."))!);
  assert.deepEqual(
    ["gateway", "gateway.port", "gateway.token", "gateway.tls.enabled", "gateway.bind", "models.model", "models.providers", "models.providers.any.models", "locale"].map(at),
    ["section", "number", "secret", "toggle", "choice", "model", "map", "list", "text"],
  );
  assert.equal(schemaAt(root, ["gateway", "nowhere", "deeper"]), undefined);
});

test("a path is written as the box writes it", () => {
  assert.equal(pathText(["models", "providers", "my.server", "models", 0, "id"]), 'models.providers["my.server"].models[0].id');
  assert.equal(pathText(["gateway", "port"]), "gateway.port");
  for (const at of [["models", "providers", "my.server", "models", 0, "id"], ["gateway", "port"], ["a b"]]) assert.deepEqual(placeOf(pathText(at)), at);
  assert.deepEqual([placeOf(""), placeOf("a b")], [[], []]);
});

test("names are for people, and the unit is said once", () => {
  assert.equal(label("maxAttempts"), "Max attempts");
  assert.equal(label("tls"), "TLS");
  assert.equal(label("baseUrl"), "Base URL");
  assert.equal(label("windowMs", { "x-unit": "ms" }), "Window");
  assert.equal(meaning(schemaAt(root, ["gateway", "windowMs"])!), "Time in which failures count");
  assert.equal(meaning({ description: "provider/model, or an alias" }), "provider/model, or an alias");
});

test("numbers are checked at their bounds and one past them", () => {
  const port = schemaAt(root, ["gateway", "port"])!;
  assert.equal(problem(port, 65535), undefined);
  assert.deepEqual(problem(port, 65536), { key: "range", values: { least: 0, most: 65535 } });
  assert.equal(problem(port, 0), undefined);
  assert.equal(problem(port, -1)?.key, "range");
  assert.equal(problem(port, 1.5)?.key, "whole");
  assert.equal(problem(port, "many")?.key, "number");
  assert.equal(problem(port, "${PORT}"), undefined);
});

test("what is needed, too long, of a wrong form or no choice is found by its path", () => {
  const found = problems(root, { gateway: { bind: "moon" }, locale: "x1", models: { providers: { a: { models: [{ id: "ok" }, {}] } } } });
  assert.deepEqual([...found].map(([path, one]) => `${path} ${one.key}`).sort(), ["gateway.bind one", "locale form", "models.providers.a.models[1].id missing"]);
  assert.equal(problem(schemaAt(root, ["locale"])!, "abc"), undefined);
  assert.equal(problem(schemaAt(root, ["locale"])!, "abcd")?.key, "long");
});

test("options are found by name, path, meaning and by what is in their entries", () => {
  const paths = (text: string) => search(root, text).map((one) => one.at.join("."));
  assert.deepEqual(paths("port"), ["gateway.port"]);
  assert.deepEqual(paths("failures count"), ["gateway.windowMs"]);
  assert.deepEqual(paths("base url"), ["models.providers"]);
  assert.deepEqual(paths("  "), []);
  assert.deepEqual(paths("zebra"), []);
});

test("a changed value leaves the rest of the file alone", () => {
  const before: Tree = { gateway: { port: 1, tls: { enabled: true } }, list: [{ id: "a" }] };
  const after = set(before, ["gateway", "port"], 2) as Tree;
  assert.deepEqual(before["gateway"], { port: 1, tls: { enabled: true } });
  assert.deepEqual(patchOf(before, after), { patch: { gateway: { port: 2 } }, replacePaths: [] });
  assert.deepEqual(differences(before, after), [["gateway", "port"]]);
  assert.deepEqual(patchOf(before, set(before, ["list", 0, "id"], "b") as Tree), { patch: { list: [{ id: "b" }] }, replacePaths: ["list"] });
});

test("what is taken out is null in the patch, and an empty section of the page's own goes with it", () => {
  const before: Tree = { a: { b: 1, c: 2 } };
  assert.deepEqual(patchOf(before, remove(before, ["a", "b"], () => true) as Tree).patch, { a: { b: null } });
  const made = set(before, ["x", "y", "z"], 1);
  assert.deepEqual(remove(made, ["x", "y", "z"], () => true), before);
  assert.deepEqual(remove(made, ["x", "y", "z"], (at) => at.length > 1), { ...before, x: {} });
  assert.deepEqual(remove({ l: [1, 2, 3] }, ["l", 1], () => true), { l: [1, 3] });
});

test("a new entry without options, and one that went, are differences", () => {
  assert.deepEqual(differences({ m: {} }, { m: { new: {} } }), [["m", "new"]]);
  assert.deepEqual(differences({ m: { old: {} } }, { m: {} }), [["m", "old"]]);
  assert.ok(same({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }));
  assert.ok(!same({ a: 1 }, { a: 1, b: 2 }));
});

test("a patch applied to what it was made from gives what was wanted", () => {
  const before: Tree = { a: { b: 1, keep: [1] }, gone: true, mode: "x" };
  const after: Tree = { a: { b: 2, keep: [1, 2] }, mode: "x", fresh: { deep: { er: 1 } } };
  assert.deepEqual(apply(before, patchOf(before, after).patch), after);
});

test("changes move onto a file that somebody else changed, and only what both touched is a conflict", () => {
  const before: Tree = { port: 1, cap: 20, level: "info" };
  const here: Tree = { port: 2, cap: 30, level: "info" };
  const there: Tree = { port: 1, cap: 44, level: "debug" };
  assert.deepEqual(rebase(before, here, there), { draft: { port: 2, cap: 30, level: "debug" }, conflicts: ["cap"] });
  assert.deepEqual(rebase(before, here, { port: 1, cap: 30, level: "info" }).conflicts, []);
  assert.equal(get(here, ["port"]), 2);
});

test("numbers are read with a comma or a point, and what is none stays as it was typed", () => {
  assert.equal(readNumber("1,5"), 1.5);
  assert.equal(readNumber(" 20 "), 20);
  assert.equal(readNumber("2O"), "2O");
  assert.match(unitText(300_000, "ms")!, /5\smin/);
  assert.equal(unitText(500, "ms"), undefined);
  assert.equal(unitText(30, "s"), undefined);
});

test("an entry counts as soon as its option does", () => {
  const tree: Schema = { type: "object", properties: {
    hot: { type: "object", additionalProperties: { type: "string" }, "x-reload": "hot" },
    cold: { type: "array", items: { type: "string" } },
    mixed: { type: "object", "x-reload": "hot", additionalProperties: { type: "object", properties: { now: { type: "string", "x-reload": "hot" }, later: { type: "string" } } } },
  } };
  const at = (...place: (string | number)[]) => countsAtOnce(tree, place);
  assert.deepEqual([at("hot"), at("hot", "any"), at("cold", 0), at("mixed", "a", "now"), at("mixed", "a", "later"), at("mixed", "a"), at("nowhere")], [true, true, false, true, false, true, false]);
});
