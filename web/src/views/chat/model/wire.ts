/** What chat methods and events carry (protocol 7), as far as this view reads it. */

export interface TextPart {
  type: "text";
  text: string;
}
export interface ImagePart {
  type: "image";
  mimeType?: string;
  sha256?: string;
  omitted?: boolean;
}
export interface ToolCallPart {
  type: "toolCall";
  id: string;
  name: string;
  arguments?: Record<string, unknown>;
}
export type Part = TextPart | ImagePart | ToolCallPart | { type: "thinking"; thinking?: string; text?: string };

/** Our own facts of an answer (`message.homarus`): who gave it and what it took. What nobody knows is absent. */
export interface Facts {
  tier?: "mini" | "local" | "remote" | "cloud";
  model?: string;
  box?: string;
  firstTokenMs?: number;
  tokens?: { cached?: number; computed?: number; output?: number };
  costUsd?: number;
  confidence?: number;
  drafted?: number;
  accepted?: number;
}

export interface Message {
  role: "user" | "assistant" | "toolResult";
  content: string | Part[];
  timestamp?: number;
  provider?: string;
  model?: string;
  stopReason?: string;
  errorMessage?: string;
  toolCallId?: string;
  toolName?: string;
  isError?: boolean;
  details?: unknown;
  homarus?: Facts;
  idempotencyKey?: string;
  __openclaw: { id: string; seq: number; runId?: string; recordTimestampMs?: number; truncated?: boolean; reason?: string };
}

export interface PendingInput {
  id: string;
  runId: string;
  message: { content: string };
  acceptedAt: number;
}

export interface SessionRow {
  key: string;
  sessionId?: string;
  agentId?: string;
  kind?: string;
  label?: string;
  displayName?: string;
  derivedTitle?: string;
  lastMessagePreview?: string;
  isMain?: boolean;
  isBackground?: boolean;
  updatedAt?: number;
  lastActivityAt?: number;
  archived?: boolean;
  pinned?: boolean;
  unread?: boolean;
  hasActiveRun?: boolean;
  channel?: string;
  model?: string;
  modelProvider?: string;
  contextTokens?: number;
  totalTokens?: number;
  effectiveQueueMode?: QueueMode;
}

export type QueueMode = "steer" | "followup" | "collect" | "interrupt";

export interface HistoryPage {
  sessionKey: string;
  sessionId?: string;
  messages: Message[];
  pendingInputs?: { items: PendingInput[]; total: number };
  deltaCursor?: string;
  hasMore: boolean;
  nextOffset?: number;
  totalMessages: number;
  sessionInfo?: SessionRow;
  inFlightRun?: { runId: string; text: string };
}

export interface HistoryDelta {
  kind: "delta";
  messages: { message: Message; messageId: string }[];
  deltaCursor: string;
  sessionInfo?: SessionRow;
  pendingInputs?: { items: PendingInput[]; total: number };
  inFlightRun?: { runId: string; text: string };
}

export type HistoryAnswer = HistoryPage | HistoryDelta | { kind: "reset" };

export interface ChatEvent {
  runId: string;
  sessionKey: string;
  seq: number;
  state: "status" | "delta" | "final" | "error" | "aborted";
  phase?: string;
  deltaText?: string;
  message?: { role: string; content: string | Part[]; timestamp?: number; homarus?: Facts };
  stopReason?: string;
  errorMessage?: string;
  errorDetail?: { provider?: string; model?: string; failoverReason?: string };
}

export interface AgentEvent {
  runId: string;
  sessionKey: string;
  stream: string;
  data: Record<string, any>;
  seq: number;
  ts: number;
}

/** The visible text of a message. */
export function textOf(content: string | readonly Part[] | undefined): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
}
