/** What travels between this page and the gateway (protocol 4). Only what the app reads is named; the rest passes. */

export interface ErrorShape {
  code: string;
  message: string;
  details?: Record<string, unknown>;
  retryable?: boolean;
  retryAfterMs?: number;
}

export interface Response {
  type: "res";
  id: string;
  ok: boolean;
  payload?: unknown;
  error?: ErrorShape;
}

export interface EventFrame {
  type: "event";
  event: string;
  payload?: unknown;
  seq?: number;
}

export type Frame = Response | EventFrame;

export interface HandedToken {
  deviceToken: string;
  role: string;
  scopes: string[];
}

export interface Hello {
  protocol: number;
  server: { version: string; connId: string; bootId?: string };
  features: { methods: string[]; events: string[]; capabilities?: string[] };
  snapshot: {
    presence: unknown[];
    health: Record<string, unknown>;
    uptimeMs: number;
    sessionDefaults?: {
      defaultAgentId: string;
      modelConfigured: boolean;
      mainKey: string;
      mainSessionKey: string;
    };
    [more: string]: unknown;
  };
  auth: {
    method?: string;
    role: string;
    scopes: string[];
    deviceToken?: string;
    deviceTokens?: HandedToken[];
  };
  policy: {
    maxPayload: number;
    maxBufferedBytes: number;
    tickIntervalMs: number;
    attachments?: { maxBytes: number; maxImageBytes?: number };
  };
}

/**
 * offline: no way to the box (the page tries again by itself) · connecting · pairing: this browser has no credential, it
 * needs a code · waiting: an owner has to approve request `problem.requestId` · open · refused: the box said no, and
 * trying again would not help (`problem` says why).
 */
export type Status = "offline" | "connecting" | "pairing" | "waiting" | "open" | "refused";

/** Why there is no connection. */
export interface Problem {
  code: string;
  message: string;
  requestId?: string;
  deviceId?: string;
  reason?: string;
  /** Epoch milliseconds of the next try, when one is planned. */
  retryAt?: number;
}
