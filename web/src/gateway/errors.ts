import type { ErrorShape } from "./types";

/** A call that did not work. `code` is stable (`details.code` where there is one); `message` is for people. */
export class GatewayError extends Error {
  readonly code: string;
  readonly details: Record<string, unknown>;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(shape: ErrorShape) {
    super(shape.message);
    this.name = "GatewayError";
    this.code = typeof shape.details?.["code"] === "string" ? shape.details["code"] : shape.code;
    this.details = shape.details ?? {};
    this.retryable = shape.retryable ?? false;
    this.retryAfterMs = shape.retryAfterMs;
  }
}

/** The connection went away before the answer came: nobody knows whether the call was carried out. */
export const lost = (): GatewayError =>
  new GatewayError({ code: "CONNECTION_LOST", message: "connection lost", retryable: true });

export const timedOut = (method: string): GatewayError =>
  new GatewayError({ code: "TIMEOUT", message: `no answer to ${method}`, retryable: true });

export const notOpen = (): GatewayError =>
  new GatewayError({ code: "NOT_CONNECTED", message: "not connected", retryable: true });

export const aborted = (): GatewayError => new GatewayError({ code: "ABORTED", message: "cancelled" });
