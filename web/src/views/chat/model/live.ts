import type { Segment, ToolStep } from "./turns";
import type { AgentEvent, ChatEvent, Facts, Message } from "./wire";
import { itemsOf } from "./turns";
import { textOf } from "./wire";

/** An answer while it is made. Values only: each event gives the next one. */
export interface Live {
  runId: string;
  startedAt: number;
  endedAt?: number;
  state: "running" | "final" | "aborted" | "error";
  /** What the run is busy with before there is text: a phase of the wire. */
  phase?: string;
  progress?: { done: number; total: number };
  thinking: string;
  segments: readonly Segment[];
  /** Text comes by item (`agent` events); else the whole of it (`chat` events). */
  byItem: boolean;
  model?: { provider: string; model: string; tier?: string };
  facts?: Facts;
  error?: string;
  errorReason?: string;
  /** It became part of another turn: nothing of its own is shown. */
  merged?: boolean;
}

export const begin = (runId: string, now: number): Live => ({
  runId,
  startedAt: now,
  state: "running",
  thinking: "",
  segments: [],
  byItem: false,
});

/** Take up a run that began before this page listened: what is stored of it, and the text it has said by now. */
export function takeUp(runId: string, said: string, stored: readonly Message[], now: number): Live {
  const own = stored.filter((message) => message.role !== "user" && message.__openclaw.runId === runId);
  const segments = itemsOf(own).flatMap((item) => (item.kind === "turn" ? item.segments : []));
  const before = segments.filter((one) => one.kind === "text").map((one) => (one as { text: string }).text);
  let rest = said;
  for (const text of before) if (rest.trimStart().startsWith(text)) rest = rest.trimStart().slice(text.length);
  rest = rest.trim();
  const startedAt = own[0]?.__openclaw.recordTimestampMs ?? now;
  return { ...begin(runId, startedAt), segments: rest ? [...segments, { kind: "text", key: "tail", text: rest }] : segments };
}

export function onChat(live: Live, event: ChatEvent, now: number): Live {
  const text = textOf(event.message?.content);
  switch (event.state) {
    case "status":
      return { ...live, ...(event.phase ? { phase: event.phase } : {}) };
    case "delta":
      return live.byItem ? live : { ...live, segments: whole(live.segments, text) };
    case "final":
    case "aborted": {
      const ended: Live = { ...live, state: event.state, endedAt: now, segments: ended_(live, text) };
      if (event.message?.homarus) ended.facts = event.message.homarus;
      if (event.stopReason === "merged") ended.merged = true;
      return ended;
    }
    case "error": {
      const reason = event.errorDetail?.failoverReason;
      return { ...live, state: "error", endedAt: now, error: event.errorMessage ?? "", ...(reason ? { errorReason: reason } : {}) };
    }
  }
}

function ended_(live: Live, text: string): readonly Segment[] {
  const said = live.segments.some((one) => one.kind === "text");
  return text && (!live.byItem || !said) ? whole(live.segments, text) : live.segments;
}

/** All the text of the answer as one segment behind what else happened. */
function whole(segments: readonly Segment[], text: string): readonly Segment[] {
  const others = segments.filter((one) => one.kind !== "text");
  return text.trim() ? [...others, { kind: "text", key: "whole", text }] : others;
}

export function onAgent(live: Live, event: AgentEvent): Live {
  const { stream, data } = event;
  switch (stream) {
    case "assistant":
      return said(live, String(data["itemId"] ?? ""), String(data["text"] ?? ""));
    case "tool":
      return tool(live, data, event.ts);
    case "thinking":
    case "reasoning":
      return { ...live, thinking: (live.thinking + String(data["delta"] ?? "")).slice(-MAX_THINKING) };
    case "run_status": {
      const { done, total } = data as { done?: number; total?: number };
      const progress = typeof done === "number" && typeof total === "number" ? { progress: { done, total } } : {};
      return { ...live, phase: String(data["phase"] ?? ""), ...progress };
    }
    case "lifecycle":
      return lifecycle(live, data, event);
    default:
      return live;
  }
}

const MAX_THINKING = 20_000;

function said(live: Live, itemId: string, text: string): Live {
  const segments = [...live.segments];
  let at = segments.findIndex((one) => one.kind === "text" && one.key === itemId);
  // What was said before this page listened has no item yet: the item that goes on is it.
  if (at < 0 && !live.byItem) at = segments.findIndex((one) => one.kind === "text" && (one.key === "tail" || one.key === "whole"));
  const segment: Segment = { kind: "text", key: itemId, text };
  if (at >= 0) segments[at] = segment;
  else if (text.trim()) segments.push(segment);
  return { ...live, byItem: true, segments };
}

function tool(live: Live, data: Record<string, any>, ts: number): Live {
  const id = String(data["toolCallId"] ?? "");
  const at = live.segments.findIndex((one) => one.kind === "tool" && one.step.id === id && one.step.state === "running");
  const known = at < 0 ? undefined : (live.segments[at] as { step: ToolStep; key: string });
  const base: ToolStep = known?.step ?? { id, name: String(data["name"] ?? ""), args: {}, state: "running", startedAt: ts };
  const step = stepAfter(base, data, ts);
  // Models number their calls anew in each round: a second call with a number is another call.
  const count = live.segments.filter((one) => one.kind === "tool").length;
  const segment: Segment = { kind: "tool", key: known?.key ?? `tool:${id}:${count}`, step };
  const segments = known ? live.segments.map((one, index) => (index === at ? segment : one)) : [...live.segments, segment];
  return { ...live, segments };
}

function stepAfter(step: ToolStep, data: Record<string, any>, ts: number): ToolStep {
  switch (data["phase"]) {
    case "start":
      return { ...step, args: (data["args"] as Record<string, unknown>) ?? {} };
    case "update":
      return { ...step, text: textOf(data["partialResult"]?.content) };
    case "result":
      return {
        ...step,
        state: data["isError"] ? "failed" : "done",
        text: textOf(data["result"]?.content),
        details: data["result"]?.details,
        endedAt: ts,
      };
    default:
      return step;
  }
}

function lifecycle(live: Live, data: Record<string, any>, event: AgentEvent): Live {
  const note = (name: string, values: Record<string, unknown>): Live => {
    const text = JSON.stringify({ name, ...values });
    return { ...live, segments: [...live.segments, { kind: "note", key: `note:${event.seq}`, text }] };
  };
  switch (data["phase"]) {
    case "start":
      return { ...live, startedAt: Number(data["startedAt"]) || live.startedAt };
    case "model": {
      const { provider, model, tier } = data as { provider: string; model: string; tier?: string };
      return { ...live, model: { provider, model, ...(tier ? { tier } : {}) } };
    }
    case "fallback_step":
      // The embedded model hands over on purpose: this is how it works, and no news.
      if (data["reason"] === "escalate") return live;
      return note("handover", { from: data["from"], reason: data["reason"] });
    case "grounding":
      return note("grounding", { model: data["model"], reason: data["reason"] });
    case "end":
      return data["answer"] && !live.facts ? { ...live, facts: data["answer"] as Facts } : live;
    default:
      return live;
  }
}
