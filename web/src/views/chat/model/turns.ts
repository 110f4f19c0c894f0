import type { Facts, ImagePart, Message, Part } from "./wire";
import { textOf } from "./wire";

/** From stored entries to what a person sees: their own messages, and turns in which an answer, its tools and lines of the box stand together. */

export interface ToolStep {
  id: string;
  name: string;
  args: Record<string, unknown>;
  state: "running" | "done" | "failed";
  text?: string;
  details?: unknown;
  startedAt?: number;
  endedAt?: number;
}

export type Segment =
  | { kind: "text"; key: string; text: string }
  | { kind: "tool"; key: string; step: ToolStep }
  | { kind: "image"; key: string; image: ImagePart; entryId: string }
  | { kind: "note"; key: string; text: string };

export interface FileName {
  name: string;
  characters: number;
}

export interface UserItem {
  kind: "user";
  id: string;
  /** The number of its entry. */
  seq: number;
  at: number;
  text: string;
  images: readonly ImagePart[];
  files: readonly FileName[];
  /** The run that this message began, when the client knows it. */
  runId?: string;
}

export interface TurnItem {
  kind: "turn";
  id: string;
  /** The number of its first entry. */
  seq: number;
  runId?: string;
  at: number;
  endedAt: number;
  segments: readonly Segment[];
  facts?: Facts;
  error?: string;
  aborted?: boolean;
  /** The box speaks on its own: something is due ("agenda"), or a kept question was given up ("later"). */
  told?: "agenda" | "later";
  /** Set when a text was cut: the whole of it is `chat.message.get`. */
  cut?: string;
  /** The newest entry of this turn, so that a search can find it. */
  entryIds: readonly string[];
}

export type Item = UserItem | TurnItem;

const FILE = /(?:^|\n\n)<file name="([^"\n]*)">\n([\s\S]*?)\n<\/file>(?=\n\n<file name="|$)/g;

/** Part a message from the text files that the box put behind it. */
export function withoutFiles(text: string): { text: string; files: FileName[] } {
  const files: FileName[] = [];
  const rest = text.replace(FILE, (_, name: string, content: string) => {
    files.push({ name, characters: content.length });
    return "";
  });
  return files.length ? { text: rest.trim(), files } : { text, files };
}

/** A line that the box wrote about an answer (who was halted, who took over): no model said it. */
export function isNote(message: Message): boolean {
  return message.role === "assistant" && !message.stopReason && /^\[[\s\S]*\]$/.test(textOf(message.content));
}

export function isLast(message: Message): boolean {
  return message.role === "assistant" && !!message.stopReason && message.stopReason !== "tool_calls" && message.stopReason !== "toolUse";
}

/** Whether the last thing that was done for an answer can be taken back. */
export function undoable(segments: readonly Segment[]): boolean {
  const last = segments.findLast((one) => one.kind === "tool");
  const details = last?.kind === "tool" ? last.step.details : undefined;
  return typeof details === "object" && details !== null && (details as { undoable?: unknown }).undoable === true;
}

const at = (message: Message): number => message.__openclaw.recordTimestampMs ?? message.timestamp ?? 0;

/** Build what is shown. `hidden` are runs that are shown live instead: of them only what the person said is kept. */
export function itemsOf(messages: readonly Message[], hidden: ReadonlySet<string> = new Set()): Item[] {
  const items: Item[] = [];
  let open: Draft | undefined;
  const close = (): void => {
    if (open?.segments.length || open?.error) items.push(finish(open));
    open = undefined;
  };
  for (const message of messages) {
    if (message.role === "user") {
      close();
      items.push(userItem(message));
      continue;
    }
    const { runId, id, seq } = message.__openclaw;
    if (runId !== undefined && hidden.has(runId)) continue;
    if (!open || open.runId !== runId) {
      close();
      open = { id: runId ?? id, seq, runId, at: at(message), endedAt: at(message), segments: [], entryIds: [], steps: new Map() };
    }
    take(open, message);
    if (isLast(message)) close();
  }
  close();
  return items;
}

interface Draft {
  id: string;
  seq: number;
  runId: string | undefined;
  at: number;
  endedAt: number;
  segments: Segment[];
  entryIds: string[];
  steps: Map<string, ToolStep>;
  facts?: Facts;
  error?: string;
  aborted?: boolean;
  cut?: string;
  told?: "agenda" | "later";
}

function take(draft: Draft, message: Message): void {
  const { id, truncated } = message.__openclaw;
  draft.endedAt = at(message);
  draft.entryIds.push(id);
  if (message.role === "toolResult") return settle(draft, message);
  const text = textOf(message.content).trim();
  if (isNote(message)) {
    draft.segments.push({ kind: "note", key: id, text: text.slice(1, -1) });
    return;
  }
  if (text && text !== message.errorMessage?.trim()) draft.segments.push({ kind: "text", key: id, text });
  pictures(draft, message);
  if (truncated) draft.cut = id;
  for (const part of parts(message)) {
    if (part.type !== "toolCall") continue;
    const step: ToolStep = { id: part.id, name: part.name, args: part.arguments ?? {}, state: "running", startedAt: at(message) };
    draft.steps.set(part.id, step);
    draft.segments.push({ kind: "tool", key: `${id}:${part.id}`, step });
  }
  if (message.provider === "homarus" && (message.model === "agenda" || message.model === "later")) draft.told = message.model;
  if (message.homarus) draft.facts = { ...message.homarus };
  if (message.errorMessage) draft.error = message.errorMessage;
  if (message.stopReason === "aborted") draft.aborted = true;
}

/** Pictures of an answer, or of what a tool brought. */
function pictures(draft: Draft, message: Message): void {
  const { id } = message.__openclaw;
  for (const [index, part] of parts(message).entries()) {
    if (part.type === "image") draft.segments.push({ kind: "image", key: `${id}:image:${index}`, image: part, entryId: id });
  }
}

const parts = (message: Message): readonly Part[] => (typeof message.content === "string" ? [] : message.content);

function settle(draft: Draft, message: Message): void {
  let step = message.toolCallId === undefined ? undefined : draft.steps.get(message.toolCallId);
  if (!step) {
    step = { id: message.toolCallId ?? message.__openclaw.id, name: message.toolName ?? "", args: {}, state: "running" };
    draft.segments.push({ kind: "tool", key: message.__openclaw.id, step });
  }
  step.state = message.isError ? "failed" : "done";
  step.text = textOf(message.content);
  step.details = message.details;
  step.endedAt = at(message);
  pictures(draft, message);
}

function finish({ steps: _, runId, ...draft }: Draft): TurnItem {
  return { kind: "turn", ...draft, ...(runId === undefined ? {} : { runId }) };
}

function userItem(message: Message): UserItem {
  const { text, files } = withoutFiles(textOf(message.content));
  const images = parts(message).filter((part): part is ImagePart => part.type === "image");
  const runId = message.idempotencyKey?.replace(/:user$/, "");
  return { kind: "user", id: message.__openclaw.id, seq: message.__openclaw.seq, at: at(message), text, images, files, ...(runId ? { runId } : {}) };
}

/** Put newly heard entries among the known ones: by number, each once, the newer form of it. */
export function merge(known: readonly Message[], heard: readonly Message[]): readonly Message[] {
  if (!heard.length) return known;
  const bySeq = new Map(known.map((message) => [message.__openclaw.seq, message]));
  for (const message of heard) bySeq.set(message.__openclaw.seq, message);
  return [...bySeq.values()].sort((one, other) => one.__openclaw.seq - other.__openclaw.seq);
}

/** Put what is in no transcript behind the entry after which it was said. */
export function withAsides(items: readonly Item[], asides: readonly { after: number; items: readonly Item[] }[]): Item[] {
  const all = [...items];
  for (const aside of asides) {
    const at = all.findLastIndex((one) => one.seq <= aside.after);
    all.splice(at + 1, 0, ...aside.items);
  }
  return all;
}
