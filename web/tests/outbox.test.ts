import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError, lost } from "../src/gateway/errors";
import { MAX_ITEMS, Outbox } from "../src/gateway/outbox";
import { Memory } from "../src/gateway/storage";
import { until } from "./fakes";

function make(kept = new Memory()) {
  const line = { open: false, calls: [] as string[], fail: undefined as GatewayError | undefined };
  const outbox = new Outbox(
    {
      call: async (_, params) => {
        if (line.fail) throw line.fail;
        line.calls.push((params as { message: string }).message);
      },
      isOpen: () => line.open,
    },
    async () => kept,
    () => 1,
    2,
  );
  const add = (id: string): boolean => outbox.add("chat.send", { message: id }, { id, tag: "main" });
  return { line, outbox, add, kept };
}

test("what is written without a connection is sent in order when it is back", async () => {
  const { line, outbox, add } = make();
  add("one");
  add("two");
  assert.deepEqual(outbox.items.value.map((item) => item.state), ["waiting", "waiting"]);
  line.open = true;
  await outbox.flush();
  assert.deepEqual(line.calls, ["one", "two"]);
  assert.equal(outbox.items.value.length, 0);
});

test("a page that is loaded again still has it", async () => {
  const first = make();
  await first.outbox.load();
  first.add("one");
  first.add("two");
  const second = make(first.kept);
  second.line.open = true;
  await second.outbox.load();
  await until(() => second.line.calls.length === 2);
  assert.deepEqual(second.line.calls, ["one", "two"]);
  const third = make(first.kept);
  await third.outbox.load();
  assert.equal(third.outbox.items.value.length, 0);
});

test("two tabs do not undo what the other keeps", async () => {
  const first = make();
  const second = make(first.kept);
  await Promise.all([first.outbox.load(), second.outbox.load()]);
  first.add("one");
  second.add("two");
  const third = make(first.kept);
  await third.outbox.load();
  assert.deepEqual(third.outbox.items.value.map((item) => item.id).sort(), ["one", "two"]);
});

test("a connection that breaks in mid-call keeps the message for the next one", async () => {
  const { line, outbox, add } = make();
  line.open = true;
  line.fail = lost();
  add("one");
  await until(() => outbox.items.value[0]?.state === "waiting");
  line.fail = undefined;
  await outbox.flush();
  assert.deepEqual(line.calls, ["one"]);
});

test("what the box refuses stays with its reason, does not stop the rest, and can be sent again", async () => {
  const { line, outbox, add } = make();
  line.fail = new GatewayError({ code: "INVALID_REQUEST", message: "too long" });
  line.open = true;
  add("one");
  await until(() => outbox.items.value[0]?.state === "failed");
  assert.equal(outbox.items.value[0]?.error, "too long");
  line.fail = undefined;
  add("two");
  await until(() => line.calls.length === 1);
  outbox.retry("one");
  await until(() => line.calls.length === 2);
  assert.deepEqual(line.calls, ["two", "one"]);
});

test("what the box cannot take just now is sent again by itself", async () => {
  const { line, outbox, add } = make();
  line.fail = new GatewayError({ code: "UNAVAILABLE", message: "stopping", retryable: true });
  line.open = true;
  add("one");
  await until(() => outbox.items.value[0]?.state === "waiting");
  line.fail = undefined;
  await until(() => line.calls.length === 1);
  assert.deepEqual(outbox.items.value, []);
});

test("the outbox takes so many and not one more", () => {
  const { add } = make();
  for (let count = 0; count < MAX_ITEMS; count += 1) assert.ok(add(String(count)));
  assert.equal(add("one more"), false);
});
