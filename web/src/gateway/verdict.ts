import type { Presented } from "./credentials";
import type { GatewayError } from "./errors";
import type { Problem, Status } from "./types";

/** What follows from a refused connect. */
export interface Verdict {
  status: Status;
  problem: Problem;
  retryInMs?: number;
  dropCode?: boolean;
  dropShared?: boolean;
  dropToken?: boolean;
  /** Ask for fewer scopes next time. */
  narrower?: boolean;
}

const ASK_AGAIN_MS = 3_000;
const NO_CREDENTIAL = new Set([
  "AUTH_TOKEN_MISSING",
  "AUTH_PASSWORD_MISSING",
  "AUTH_TOKEN_NOT_CONFIGURED",
  "AUTH_PASSWORD_NOT_CONFIGURED",
  "AUTH_REQUIRED",
  "AUTH_UNAUTHORIZED",
  "DEVICE_IDENTITY_REQUIRED",
]);

/** Decide what a refusal means (protocol.md 4.4) for what was presented. `known`: there is also a device token. */
export function verdict(error: GatewayError, shown: Presented["kind"], known: boolean): Verdict {
  const problem: Problem = { code: error.code, message: error.message };
  if (error.code === "PAIRING_REQUIRED") {
    const { requestId, reason } = error.details as { requestId?: string; reason?: string };
    return {
      status: "waiting",
      problem: { ...problem, ...(requestId ? { requestId } : {}), ...(reason ? { reason } : {}) },
      retryInMs: error.retryAfterMs ?? ASK_AGAIN_MS,
    };
  }
  if (error.code === "AUTH_SCOPE_MISMATCH" && shown !== "device") {
    return { status: "connecting", problem, narrower: true, retryInMs: 0 };
  }
  if (error.code === "AUTH_BOOTSTRAP_TOKEN_INVALID") {
    // A reload with a used code in hand: the device token that it gave still counts.
    return known ? { status: "connecting", problem, dropCode: true, retryInMs: 0 } : { status: "pairing", problem, dropCode: true };
  }
  if (error.code === "AUTH_RATE_LIMITED") {
    return { status: "refused", problem, retryInMs: error.retryAfterMs ?? 60_000 };
  }
  if (error.retryable || error.code === "UNAVAILABLE") {
    return { status: "connecting", problem, retryInMs: error.retryAfterMs ?? 1_000 };
  }
  if (shown === "device" && /^AUTH_|^DEVICE_IDENTITY/.test(error.code)) {
    return { status: "pairing", problem: { ...problem, code: "DEVICE_FORGOTTEN" }, dropToken: true };
  }
  if (shown === "shared" && /^AUTH_(TOKEN|PASSWORD)_MISMATCH$/.test(error.code)) {
    return known
      ? { status: "connecting", problem, dropShared: true, retryInMs: 0 }
      : { status: "pairing", problem, dropShared: true };
  }
  if (NO_CREDENTIAL.has(error.code)) return { status: "pairing", problem: { ...problem, code: "NO_CREDENTIAL" } };
  return { status: "refused", problem };
}
