import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, onAgent, onChat, takeUp } from "../src/views/chat/model/live";
import type { Live } from "../src/views/chat/model/live";
import { isNote, itemsOf, merge, withoutFiles } from "../src/views/chat/model/turns";
import type { AgentEvent, ChatEvent, Message } from "../src/views/chat/model/wire";

const agent = (stream: string, data: Record<string, any>, seq = 1): AgentEvent => ({ runId: "r", sessionKey: "s", stream, data, seq, ts: 1000 + seq });
const chat = (state: ChatEvent["state"], more: Partial<ChatEvent> = {}): ChatEvent => ({ runId: "r", sessionKey: "s", seq: 1, state, ...more });
const said = (text: string): { role: string; content: { type: "text"; text: string }[] } => ({ role: "assistant", content: [{ type: "text", text }] });
const texts = (live: Live): string[] => live.segments.map((one) => (one.kind === "text" ? one.text : one.kind === "tool" ? `<${one.step.name}:${one.step.state}>` : "note"));

function entry(seq: number, role: Message["role"], content: Message["content"], more: Partial<Message> = {}, runId = "r"): Message {
  return { role, content, ...more, __openclaw: { id: `${seq}-x`, seq, runId, recordTimestampMs: seq * 1000 } };
}

test("text, a tool and text again keep their order", () => {
  let live = begin("r", 0);
  live = onAgent(live, agent("assistant", { itemId: "r:0", text: "Let me look." }));
  live = onAgent(live, agent("tool", { phase: "start", name: "list_show", toolCallId: "c1", args: { list: "shopping" } }, 2));
  live = onAgent(live, agent("tool", { phase: "result", name: "list_show", toolCallId: "c1", isError: false, result: { content: [{ type: "text", text: "milk" }], details: { a: 1 } } }, 5));
  live = onAgent(live, agent("assistant", { itemId: "r:1", text: "There is milk" }));
  live = onAgent(live, agent("assistant", { itemId: "r:1", text: "There is milk on it." }));
  assert.deepEqual(texts(live), ["Let me look.", "<list_show:done>", "There is milk on it."]);
  const step = live.segments[1]!.kind === "tool" ? live.segments[1]!.step : undefined;
  assert.equal(step?.endedAt! - step?.startedAt!, 3);
});

test("a second call with the number of an earlier one is another call", () => {
  let live = begin("r", 0);
  for (const round of [1, 2]) {
    live = onAgent(live, agent("tool", { phase: "start", name: "clock_now", toolCallId: "call_0", args: {} }, round));
    live = onAgent(live, agent("tool", { phase: "result", name: "clock_now", toolCallId: "call_0", result: { content: [] } }, round));
  }
  assert.deepEqual(texts(live), ["<clock_now:done>", "<clock_now:done>"]);
  assert.equal(new Set(live.segments.map((one) => one.key)).size, 2);
});

test("without run events the chat events carry the whole text", () => {
  let live = begin("r", 0);
  live = onChat(live, chat("delta", { deltaText: "Hel", message: said("Hel") }), 1);
  live = onChat(live, chat("delta", { deltaText: "lo", message: said("Hello") }), 2);
  live = onChat(live, chat("final", { message: { ...said("Hello."), homarus: { tier: "mini" } } }), 3);
  assert.deepEqual(texts(live), ["Hello."]);
  assert.equal(live.facts?.tier, "mini");
});

test("text that is taken back is taken back", () => {
  let live = onAgent(begin("r", 0), agent("assistant", { itemId: "r:0", text: "good bad bad bad" }));
  live = onAgent(live, agent("assistant", { itemId: "r:0", text: "good", replace: true }));
  assert.deepEqual(texts(live), ["good"]);
});

test("a run that began before the page goes on where it was", () => {
  const stored = [
    entry(1, "user", "hi"),
    entry(2, "assistant", [{ type: "text", text: "Let me look." }, { type: "toolCall", id: "c", name: "list_show", arguments: {} }], { stopReason: "tool_calls" }),
    entry(3, "toolResult", [{ type: "text", text: "milk" }], { toolCallId: "c", toolName: "list_show" }),
  ];
  let live = takeUp("r", "Let me look.\n\nThere is", stored, 9);
  assert.deepEqual(texts(live), ["Let me look.", "<list_show:done>", "There is"]);
  live = onAgent(live, agent("assistant", { itemId: "r:1", text: "There is milk." }));
  assert.deepEqual(texts(live), ["Let me look.", "<list_show:done>", "There is milk."]);
});

test("an error and an abort end a run and say why", () => {
  const failed = onChat(begin("r", 0), chat("error", { errorMessage: "no model", errorDetail: { failoverReason: "offline" } }), 4);
  assert.deepEqual([failed.state, failed.error, failed.errorReason, failed.endedAt], ["error", "no model", "offline", 4]);
  const stopped = onChat(onAgent(begin("r", 0), agent("assistant", { itemId: "r:0", text: "half" })), chat("aborted", { message: said("half") }), 5);
  assert.deepEqual([stopped.state, texts(stopped)], ["aborted", ["half"]]);
});

test("a message that was merged into another turn shows nothing of its own", () => {
  assert.equal(onChat(begin("r", 0), chat("final", { stopReason: "merged" }), 1).merged, true);
});

test("only the embedded model hands over without a word", () => {
  const step = (reason: string): Live => onAgent(begin("r", 0), agent("lifecycle", { phase: "fallback_step", from: "a/b", reason }));
  assert.equal(step("escalate").segments.length, 0);
  assert.equal(step("timeout").segments.length, 1);
});

test("stored entries of a run are one turn with its tools, its facts and its error", () => {
  const items = itemsOf([
    entry(1, "user", "milk?", { idempotencyKey: "r:user" }),
    entry(2, "assistant", [{ type: "toolCall", id: "c", name: "list_show", arguments: { list: "shopping" } }], { stopReason: "tool_calls" }),
    entry(3, "toolResult", [{ type: "text", text: "nothing" }], { toolCallId: "c", toolName: "list_show", isError: true }),
    entry(4, "assistant", [{ type: "text", text: "[The answer of x ran in circles (repetition) and was halted.]" }]),
    entry(5, "assistant", [{ type: "text", text: "No milk." }], { stopReason: "stop", homarus: { tier: "local", model: "local/x" } }),
    entry(6, "user", "and?", {}, "r2"),
    entry(7, "assistant", [], { stopReason: "error", errorMessage: "broke" }, "r2"),
  ]);
  assert.deepEqual(items.map((one) => one.kind), ["user", "turn", "user", "turn"]);
  const [user, turn, , failed] = items;
  assert.equal(user?.kind === "user" && user.runId, "r");
  assert.ok(turn?.kind === "turn" && failed?.kind === "turn");
  assert.deepEqual(turn.segments.map((one) => one.kind), ["tool", "note", "text"]);
  assert.equal(turn.facts?.tier, "local");
  assert.equal(turn.segments[0]?.kind === "tool" && turn.segments[0].step.state, "failed");
  assert.equal(failed.error, "broke");
});

test("pictures of an answer, and those that a tool brought, stand where they came", () => {
  const image = { type: "image" as const, mimeType: "image/png", sha256: "a" };
  const [turn] = itemsOf([
    entry(1, "assistant", [{ type: "toolCall", id: "c", name: "node_invoke" }], { stopReason: "tool_calls" }),
    entry(2, "toolResult", [{ type: "text", text: "a picture" }, image], { toolCallId: "c", toolName: "node_invoke" }),
    entry(3, "assistant", [{ type: "text", text: "Here it is." }, { ...image, sha256: "b" }], { stopReason: "stop" }),
  ]);
  assert.ok(turn?.kind === "turn");
  assert.deepEqual(turn.segments.map((one) => one.kind), ["tool", "image", "text", "image"]);
});

test("an answer that is shown live is not shown a second time from the transcript", () => {
  const messages = [entry(1, "user", "a"), entry(2, "assistant", [{ type: "text", text: "b" }], { stopReason: "tool_calls" })];
  assert.deepEqual(itemsOf(messages, new Set(["r"])).map((one) => one.kind), ["user"]);
});

test("entries heard twice stand once, in the order of their numbers", () => {
  const known = [entry(1, "user", "a"), entry(3, "user", "c")];
  const merged = merge(known, [entry(2, "user", "b"), entry(3, "user", "c2")]);
  assert.deepEqual(merged.map((one) => one.content), ["a", "b", "c2"]);
});

test("text files behind a message are shown by their names", () => {
  const { text, files } = withoutFiles('Look\n\n<file name="a.txt">\nline\n</file>\n\n<file name="b.md">\n# b\n</file>');
  assert.equal(text, "Look");
  assert.deepEqual(files.map((one) => one.name), ["a.txt", "b.md"]);
  assert.equal(withoutFiles('what is <file name="x">?').files.length, 0);
});

test("words in brackets that a model said are no line of the box", () => {
  assert.equal(isNote(entry(1, "assistant", [{ type: "text", text: "[note]" }], { stopReason: "stop" })), false);
  assert.equal(isNote(entry(1, "assistant", [{ type: "text", text: "[note]" }])), true);
});
