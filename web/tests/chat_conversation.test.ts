import assert from "node:assert/strict";
import { test } from "node:test";
import { lost } from "../src/gateway/errors";
import { Memory } from "../src/gateway/storage";
import { Outbox } from "../src/gateway/outbox";
import { Conversation } from "../src/views/chat/model/conversation";
import { rowsOf } from "../src/views/chat/model/rows";
import { itemsOf } from "../src/views/chat/model/turns";
import { MAX_SESSIONS, SavedTranscripts } from "../src/views/chat/model/saved";
import type { Saved } from "../src/views/chat/model/saved";
import type { HistoryAnswer, Message } from "../src/views/chat/model/wire";
import { until } from "./fakes";

const KEY = "agent:main:main";

/** Read until it is there; fails after two seconds. */
async function found<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 1_000; tries++) {
    const value = await read();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error("never there");
}

/** A box with one conversation, played by the test. */
class Box {
  readonly calls: { method: string; params: any }[] = [];
  messages: Message[] = [];
  inFlight: { runId: string; text: string } | undefined;
  pending: { id: string; runId: string; message: { content: string }; acceptedAt: number }[] = [];
  active = false;
  open = true;
  private readonly handlers = new Map<string, Set<(payload: any) => void>>();

  on(event: string, handler: (payload: any) => void): () => void {
    const set = this.handlers.get(event) ?? new Set();
    this.handlers.set(event, set.add(handler));
    return () => void set.delete(handler);
  }
  onOpen(handler: () => void): () => void {
    if (this.open) handler();
    return this.on("open", handler);
  }
  tell(event: string, payload: object = {}): void {
    for (const handler of this.handlers.get(event) ?? []) handler({ sessionKey: KEY, ...payload });
  }
  async call<T>(method: string, params: any): Promise<T> {
    this.calls.push({ method, params });
    return (method === "chat.history" ? this.history(params) : { ok: true }) as T;
  }
  asked(method: string): any[] {
    return this.calls.filter((one) => one.method === method).map((one) => one.params);
  }
  private history({ cursor, limit, offset = 0 }: { cursor?: string; limit: number; offset?: number }): HistoryAnswer {
    const last = this.messages.at(-1)?.__openclaw.seq ?? 0;
    const more = {
      deltaCursor: `s@1-${last}`,
      sessionInfo: { key: KEY, hasActiveRun: this.active },
      pendingInputs: { items: this.pending, total: this.pending.length },
      ...(this.inFlight ? { inFlightRun: this.inFlight } : {}),
    };
    if (cursor !== undefined) {
      const since = Number(cursor.split("-")[1]);
      return { kind: "delta", messages: this.messages.filter((one) => one.__openclaw.seq > since).map((message) => ({ message, messageId: message.__openclaw.id })), ...more };
    }
    const upTo = offset ? this.messages.filter((one) => one.__openclaw.seq < last - offset + 1) : this.messages;
    const page = upTo.slice(-limit);
    return { sessionKey: KEY, messages: page, hasMore: page.length < upTo.length, totalMessages: this.messages.length, ...more };
  }
  store(role: Message["role"], text: string, more: Partial<Message> = {}, runId?: string): Message {
    const seq = (this.messages.at(-1)?.__openclaw.seq ?? 0) + 1;
    const message: Message = { role, content: text, ...more, __openclaw: { id: `${seq}-x`, seq, recordTimestampMs: seq, ...(runId ? { runId } : {}) } };
    this.messages.push(message);
    return message;
  }
}

function make(box = new Box(), memory = new Memory()) {
  let count = 0;
  const outbox = new Outbox({ call: (method, params) => box.call(method, params), isOpen: () => box.open }, async () => memory, () => 1);
  const shelf = new SavedTranscripts(async () => memory, 0);
  const talk = new Conversation("main", box, outbox, () => 5, () => `id-${++count}`, shelf);
  talk.open();
  return { box, outbox, talk, memory, shelf };
}

const ready = (talk: Conversation): Promise<unknown> => until(() => talk.state.value === "ready");
const kinds = (talk: Conversation): string[] => talk.items.value.map((one) => one.kind);

test("what is sent is seen at once, and once", async () => {
  const { box, talk } = make();
  await ready(talk);
  assert.equal(talk.send("hello"), true);
  assert.deepEqual(talk.echoes.value.map((one) => one.text), ["hello"]);
  await until(() => box.asked("chat.send").length === 1);
  assert.equal(box.asked("chat.send")[0].idempotencyKey, "id-1");
  box.tell("session.message", { message: box.store("user", "hello", { idempotencyKey: "id-1:user" }) });
  assert.equal(talk.echoes.value.length, 0);
  assert.deepEqual(kinds(talk), ["user"]);
});

test("an answer is shown live, then from the transcript, and never twice", async () => {
  const { box, talk } = make();
  await ready(talk);
  box.tell("chat", { runId: "r", state: "delta", message: { content: "Hel" } });
  assert.equal(talk.busy.value, true);
  box.tell("session.message", { message: box.store("assistant", "Hello", { stopReason: "stop" }, "r") });
  assert.deepEqual([kinds(talk).length, talk.tail.value.length], [0, 1]);
  box.tell("chat", { runId: "r", state: "final", message: { content: "Hello" } });
  assert.deepEqual([kinds(talk), talk.tail.value.length, talk.busy.value], [["turn"], 0, false]);
  box.tell("agent", { runId: "r", stream: "lifecycle", data: { phase: "end" }, seq: 9, ts: 1 });
  assert.equal(talk.tail.value.length, 0);
});

test("a page that is loaded in mid-answer shows what was said by then", async () => {
  const box = new Box();
  box.store("user", "tell me", { idempotencyKey: "r:user" }, "r");
  box.inFlight = { runId: "r", text: "Once upon" };
  box.active = true;
  const { talk } = make(box);
  await ready(talk);
  assert.deepEqual(talk.tail.value[0]?.segments.map((one) => one.kind === "text" && one.text), ["Once upon"]);
  box.tell("agent", { runId: "r", stream: "assistant", data: { itemId: "r:0", text: "Once upon a time" }, seq: 1, ts: 1 });
  assert.deepEqual(talk.tail.value[0]?.segments.map((one) => one.kind === "text" && one.text), ["Once upon a time"]);
});

test("an answer that ended while nobody listened is not shown as running for ever", async () => {
  const { box, talk } = make();
  await ready(talk);
  box.tell("chat", { runId: "r", state: "delta", message: { content: "Hel" } });
  box.store("assistant", "Hello", { stopReason: "stop" }, "r");
  box.tell("gap");
  await until(() => talk.tail.value.length === 0);
  assert.deepEqual(kinds(talk), ["turn"]);
});

test("older pages leave no gap, also when messages came meanwhile", async () => {
  const box = new Box();
  for (let index = 1; index <= 150; index++) box.store("user", `m${index}`);
  const { talk } = make(box);
  await ready(talk);
  assert.equal(talk.messages.value.length, 60);
  for (let index = 151; index <= 155; index++) box.store("user", `m${index}`);
  await talk.loadOlder();
  await talk.loadOlder();
  await talk.loadOlder();
  const seen = talk.messages.value.map((one) => one.__openclaw.seq);
  assert.deepEqual(seen, Array.from({ length: seen.length }, (_, index) => index + 1));
  assert.equal(talk.older.value, "none");
});

test("stopping ends the answer and leaves what waits behind it", async () => {
  const { box, talk } = make();
  await ready(talk);
  box.tell("chat", { runId: "r", state: "delta", message: { content: "Hel" } });
  await talk.abort();
  assert.deepEqual(box.asked("chat.abort"), [{ sessionKey: KEY, runId: "r" }]);
});

test("a waiting message that is not going to be answered is not lost", async () => {
  const box = new Box();
  box.pending = [{ id: "q", runId: "q", message: { content: "and this" }, acceptedAt: 3 }];
  const { talk } = make(box);
  await ready(talk);
  box.pending = [];
  box.tell("chat", { runId: "q", state: "aborted", stopReason: "rpc" });
  await until(() => talk.tail.value.length === 0 && talk.pending.value.length === 0);
  const [said, turn] = talk.items.value;
  assert.ok(said?.kind === "user" && said.text === "and this");
  assert.ok(turn?.kind === "turn" && turn.aborted);
});

test("without the box the last messages are there, and what is written waits; later only the difference is asked for", async () => {
  const first = make();
  first.box.store("user", "milk?");
  first.box.store("assistant", "Yes.", { stopReason: "stop" }, "r");
  first.box.tell("gap");
  await until(() => first.talk.messages.value.length === 2);
  await found(() => first.memory.get("transcripts"));
  first.talk.close();

  first.box.open = false;
  const { talk, outbox } = make(first.box, first.memory);
  await ready(talk);
  assert.deepEqual(kinds(talk), ["user", "turn"]);
  talk.send("and bread?");
  assert.deepEqual(talk.echoes.value.map((one) => one.state), ["waiting"]);
  first.box.calls.length = 0;
  first.box.open = true;
  first.box.tell("open");
  await outbox.flush();
  await until(() => first.box.asked("chat.history").length > 0);
  assert.equal(first.box.asked("chat.history")[0].cursor, "s@1-2");
  assert.equal(first.box.asked("chat.send").length, 1);
});

test("few conversations are kept, and none once this browser may not come in", async () => {
  const memory = new Memory();
  const shelf = new SavedTranscripts(async () => memory, 0);
  const saved = (key: string): Saved => ({ sessionKey: key, messages: [], cursor: "c", hasMore: false, info: null });
  for (let index = 0; index <= MAX_SESSIONS; index++) shelf.save(`k${index}`, saved(`k${index}`));
  await found(() => shelf.load(`k${MAX_SESSIONS}`));
  assert.equal(await shelf.load("k0"), undefined);
  assert.ok(await shelf.load("k1"));
  await shelf.clear();
  assert.equal(await memory.get("transcripts"), undefined);
  assert.equal(await shelf.load("k1"), undefined);
});

test("the answer of a command, which no transcript holds, stays where it was said", async () => {
  const { box, talk } = make();
  await ready(talk);
  box.store("user", "before", { idempotencyKey: "x:user" });
  talk.send("/help");
  await until(() => box.asked("chat.send").length === 1);
  box.tell("chat", { runId: "id-1", state: "final", message: { content: "What you can type" } });
  await until(() => talk.tail.value.length === 0);
  assert.deepEqual(talk.items.value.map((one) => (one.kind === "user" ? one.text : one.segments.map((part) => part.kind === "text" && part.text)[0])), ["before", "/help", "What you can type"]);
  assert.deepEqual(talk.echoes.value, []);
  assert.equal(talk.settled.value, true);
  box.tell("session.message", { message: box.store("user", "after", { idempotencyKey: "y:user" }) });
  assert.deepEqual(talk.items.value.map((one) => one.kind), ["user", "user", "turn", "user"]);
});

test("an answer that fails before anything is stored stays with its reason", async () => {
  const { box, talk } = make();
  await ready(talk);
  box.store("user", "break", { idempotencyKey: "r:user" });
  box.tell("chat", { runId: "r", state: "error", errorMessage: "no model" });
  await until(() => talk.tail.value.length === 0);
  const last = talk.items.value.at(-1);
  assert.ok(last?.kind === "turn" && last.error === "no model");
});

test("the way back to an old message takes large steps, and a step that goes on is waited for", async () => {
  const box = new Box();
  for (let count = 0; count < 1_000; count += 1) box.store("user", `message ${count}`);
  const { talk } = make(box);
  await ready(talk);
  void talk.loadOlder();
  assert.equal(await talk.reach("30-x"), true);
  assert.deepEqual(box.asked("chat.history").map((one) => one.limit), [60, 60, 400, 400, 400]);
  assert.equal(await talk.reach("no such"), false);
});

test("groups of a long transcript keep their borders when older and newer messages come", () => {
  const items = (from: number, to: number) => itemsOf(Array.from({ length: to - from }, (_, count): Message => ({ role: "user", content: "x", __openclaw: { id: `${from + count}`, seq: from + count, recordTimestampMs: 0 } })));
  const borders = (from: number, to: number): string[] => rowsOf(items(from, to)).map((group) => `${group.key}:${group.rows.length}`);
  assert.deepEqual(borders(30, 80), ["1:18", "2:24", "3:8"]);
  assert.deepEqual(borders(10, 100), ["0:14", "1:24", "2:24", "3:24", "4:4"]);
});

test("a message that waits on the box can be taken back, with what went along", async () => {
  const box = new Box();
  const { talk } = make(box);
  await ready(talk);
  const note = { name: "a.txt", mimeType: "text/plain", content: "eA==", size: 1 };
  talk.send("later", [note]);
  await until(() => box.asked("chat.send").length === 1);
  const input = { id: "id-1", runId: "id-1", message: { content: 'later\n\n<file name="a.txt">\nx\n</file>' }, acceptedAt: 3 };
  box.pending = [input];
  talk.sync();
  await until(() => talk.pending.value.length === 1);
  box.pending = [];
  const back = talk.recall(input);
  box.tell("chat", { runId: "id-1", state: "aborted", stopReason: "rpc" });
  assert.deepEqual(await back, { text: "later", attachments: [note] });
  assert.deepEqual(box.asked("chat.abort"), [{ sessionKey: KEY, runId: "id-1" }]);
  assert.deepEqual([talk.pending.value, talk.echoes.value, talk.items.value, talk.tail.value], [[], [], [], []]);
});

test("a message that may have reached the box before the line broke is taken back there too", async () => {
  const { box, talk, outbox } = make();
  await ready(talk);
  const call = box.call.bind(box);
  box.call = async <T>(method: string, params: any): Promise<T> => {
    if (method !== "chat.send") return call(method, params);
    box.open = false;
    throw lost();
  };
  talk.send("perhaps");
  await until(() => talk.echoes.value[0]?.state === "waiting" && !box.open);
  assert.equal(talk.takeBack("id-1").text, "perhaps");
  box.open = true;
  await outbox.flush();
  assert.deepEqual(box.asked("chat.abort"), [{ sessionKey: KEY, runId: "id-1" }]);
  assert.deepEqual(talk.echoes.value, []);
  box.tell("sessions.changed", { reason: "run-started", runId: "id-1" });
  assert.equal(box.asked("chat.abort").length, 2); // it came later than the word to forget it
});
