import { GatewayError, aborted, lost, timedOut } from "./errors";
import type { EventFrame, Frame, Hello } from "./types";

/** The part of a browser's WebSocket that is used; tests give their own. */
export interface SocketLike {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
}

export interface CallOptions {
  /** Milliseconds; 30 s when not given. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** A call that is answered twice (`agent`): wait for the last answer. */
  final?: boolean;
}

export interface Listener {
  challenge(nonce: string, ts: number): void;
  event(frame: EventFrame): void;
  /** Broadcast events were lost between two frames. */
  gap(): void;
  closed(code: number, reason: string): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: GatewayError): void;
  final: boolean;
}

const TIMEOUT_MS = 30_000;

/** One WebSocket from the challenge to its end: matches answers to requests and watches that the other side lives. */
export class Connection {
  private readonly waiting = new Map<string, Waiting>();
  private count = 0;
  private lastSeq = 0;
  private ended = false;
  /** Epoch milliseconds of the last frame. */
  heardAt: number;

  constructor(
    private readonly socket: SocketLike,
    private readonly listener: Listener,
    private readonly now: () => number,
  ) {
    this.heardAt = now();
    socket.onmessage = (event) => this.heard(event.data);
    socket.onclose = (event) => this.end(event.code, event.reason);
    socket.onerror = () => undefined; // A close event with the reason follows.
  }

  /** Send `connect` and return the hello. */
  connect(params: object): Promise<Hello> {
    return this.request("connect", params, { timeoutMs: 15_000 }) as Promise<Hello>;
  }

  request(method: string, params: object | undefined, options: CallOptions = {}): Promise<unknown> {
    const { signal, timeoutMs = TIMEOUT_MS, final = false } = options;
    if (this.ended) return Promise.reject(lost());
    if (signal?.aborted) return Promise.reject(aborted());
    const id = String(++this.count);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(timedOut(method))), timeoutMs);
      const cancel = (): void => settle(() => reject(aborted()));
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", cancel);
        this.waiting.delete(id);
        act();
      };
      signal?.addEventListener("abort", cancel, { once: true });
      this.waiting.set(id, {
        final,
        resolve: (value) => settle(() => resolve(value)),
        reject: (error) => settle(() => reject(error)),
      });
      this.socket.send(JSON.stringify({ type: "req", id, method, ...(params ? { params } : {}) }));
    });
  }

  close(code = 1000, reason = ""): void {
    this.socket.close(code, reason);
    // Browsers report a close only after the other side answered it; a dead network never does.
    this.end(code, reason);
  }

  private heard(data: unknown): void {
    if (typeof data !== "string" || this.ended) return;
    this.heardAt = this.now();
    let frame: Frame;
    try {
      frame = JSON.parse(data) as Frame;
    } catch {
      return this.close(1003, "not JSON");
    }
    if (frame.type === "res") this.answered(frame);
    else if (frame.type === "event") this.told(frame);
  }

  private answered(frame: Extract<Frame, { type: "res" }>): void {
    const waiting = this.waiting.get(frame.id);
    if (!waiting) return;
    if (!frame.ok) {
      waiting.reject(new GatewayError(frame.error ?? { code: "UNAVAILABLE", message: "the box gave no reason" }));
      return;
    }
    const status = (frame.payload as { status?: unknown } | null | undefined)?.status;
    if (waiting.final && status === "accepted") return;
    waiting.resolve(frame.payload);
  }

  private told(frame: EventFrame): void {
    if (frame.event === "connect.challenge") {
      const { nonce, ts } = (frame.payload ?? {}) as { nonce?: string; ts?: number };
      this.listener.challenge(nonce ?? "", ts ?? this.now());
      return;
    }
    if (typeof frame.seq === "number") {
      if (frame.seq > this.lastSeq + 1) this.listener.gap();
      this.lastSeq = frame.seq;
    }
    this.listener.event(frame);
  }

  private end(code: number, reason: string): void {
    if (this.ended) return;
    this.ended = true;
    for (const waiting of [...this.waiting.values()]) waiting.reject(lost());
    this.listener.closed(code, reason);
  }
}
