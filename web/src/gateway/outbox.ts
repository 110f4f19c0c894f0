import { signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { GatewayError } from "./errors";
import type { Kept } from "./storage";

/** A call that must not be lost: it waits for the connection, survives a reload, and is sent in order. */
export interface OutboxItem {
  id: string;
  method: string;
  params: Record<string, unknown>;
  /** What it belongs to (a session key). */
  tag: string;
  createdAt: number;
  state: "waiting" | "sending" | "failed";
  /** It was on its way once: the box may have it, though nobody heard so. */
  tried?: boolean;
  /** What the box said, when it refused or put it off. */
  error?: string;
}

interface Line {
  call(method: string, params: object): Promise<unknown>;
  isOpen(): boolean;
}

/** One entry per call: several tabs write here, and none may undo what another keeps. */
const PREFIX = "outbox/";
/** More than a person types while a box is away; attachments are inside. */
export const MAX_ITEMS = 50;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/** Calls on their way. Methods must be idempotent by a key inside `params`: after a lost connection they are repeated. */
export class Outbox {
  private readonly list = signal<readonly OutboxItem[]>([]);
  private busy = false;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private kept: Kept | undefined;

  readonly items: ReadonlySignal<readonly OutboxItem[]> = this.list;

  constructor(
    private readonly line: Line,
    private readonly open: () => Promise<Kept>,
    private readonly now: () => number,
    private readonly firstWaitMs = FIRST_WAIT_MS,
  ) {}

  /** Read what an earlier page left. */
  async load(): Promise<void> {
    this.kept = await this.open();
    const fresh = this.list.peek();
    const left = await this.kept.all<OutboxItem>(PREFIX);
    const back = left
      .filter((item) => !fresh.some((other) => other.id === item.id))
      .map((item): OutboxItem => (item.state === "sending" ? { ...item, state: "waiting" } : item))
      .sort((one, other) => one.createdAt - other.createdAt);
    for (const item of fresh) this.keep(item);
    if (back.length) this.list.value = [...back, ...this.list.peek()];
    void this.flush();
  }

  /** Take a call; false when the outbox is full. `id` is the idempotency key. */
  add(method: string, params: Record<string, unknown>, { id, tag }: { id: string; tag: string }): boolean {
    if (this.list.peek().length >= MAX_ITEMS) return false;
    // Two in one millisecond keep their order.
    const createdAt = Math.max(this.now(), (this.list.peek().at(-1)?.createdAt ?? 0) + 1);
    const item: OutboxItem = { id, tag, method, params, createdAt, state: "waiting" };
    this.list.value = [...this.list.peek(), item];
    this.keep(item);
    void this.flush();
    return true;
  }

  /** Send a failed call again. */
  retry(id: string): void {
    this.patch(id, { state: "waiting" });
    void this.flush();
  }

  remove(id: string): void {
    this.list.value = this.list.peek().filter((item) => item.id !== id);
    void this.kept?.remove(PREFIX + id).catch(() => undefined); // It would be sent again, and answered from the first time.
  }

  /** Drop everything that is on its way. */
  async clear(): Promise<void> {
    clearTimeout(this.timer);
    for (const item of this.list.peek()) await this.kept?.remove(PREFIX + item.id);
    this.list.value = [];
  }

  /** Send what waits, one after the other. Called when the connection opens. */
  async flush(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.timer);
    try {
      for (;;) {
        const next = this.list.peek().find((item) => item.state === "waiting");
        if (!next || !this.line.isOpen()) return;
        if (!(await this.send(next))) return;
      }
    } finally {
      this.busy = false;
    }
  }

  private async send(item: OutboxItem): Promise<boolean> {
    this.patch(item.id, { state: "sending", tried: true });
    try {
      await this.line.call(item.method, item.params);
      this.remove(item.id);
      this.tries = 0;
      return true;
    } catch (error) {
      if (error instanceof GatewayError && error.retryable) {
        // Without a connection the page says so itself.
        const own = !/^(CONNECTION_LOST|NOT_CONNECTED|TIMEOUT)$/.test(error.code);
        this.patch(item.id, { state: "waiting", ...(own ? { error: error.message } : {}) });
        this.later(error.retryAfterMs);
        return false;
      }
      this.patch(item.id, { state: "failed", error: error instanceof Error ? error.message : String(error) });
      return true;
    }
  }

  /** The box is busy, stops or gave no answer: it is asked again, less and less often, and at once when it comes back. */
  private later(afterMs = 0): void {
    const wait = Math.max(afterMs, Math.min(this.firstWaitMs * 2 ** this.tries, LONGEST_WAIT_MS));
    this.tries += 1;
    this.timer = setTimeout(() => void this.flush(), wait);
  }

  private patch(id: string, change: Partial<OutboxItem>): void {
    this.list.value = this.list.peek().map((item) => (item.id === id ? { ...item, ...change } : item));
    const item = this.list.peek().find((one) => one.id === id);
    if (item && change.state !== "sending") this.keep(item);
  }

  private keep(item: OutboxItem): void {
    void this.kept?.set(PREFIX + item.id, item).catch(() => undefined); // Full storage: this page still has it.
  }
}
