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
  /** What the box said, when it refused. */
  error?: string;
}

interface Line {
  call(method: string, params: object): Promise<unknown>;
  isOpen(): boolean;
}

const NAME = "outbox";
/** More than a person types while a box is away; attachments are inside. */
export const MAX_ITEMS = 50;

/** Calls on their way. Methods must be idempotent by a key inside `params`: after a lost connection they are repeated. */
export class Outbox {
  private readonly list = signal<readonly OutboxItem[]>([]);
  private busy = false;
  private kept: Kept | undefined;

  readonly items: ReadonlySignal<readonly OutboxItem[]> = this.list;

  constructor(
    private readonly line: Line,
    private readonly open: () => Promise<Kept>,
    private readonly now: () => number,
  ) {}

  /** Read what an earlier page left. */
  async load(): Promise<void> {
    this.kept = await this.open();
    const left = (await this.kept.get<OutboxItem[]>(NAME)) ?? [];
    const fresh = this.list.peek();
    const back = left
      .filter((item) => !fresh.some((other) => other.id === item.id))
      .map((item): OutboxItem => (item.state === "sending" ? { ...item, state: "waiting" } : item));
    if (back.length) this.list.value = [...back, ...fresh];
    void this.flush();
  }

  /** Take a call; false when the outbox is full. `id` is the idempotency key. */
  add(method: string, params: Record<string, unknown>, { id, tag }: { id: string; tag: string }): boolean {
    if (this.list.peek().length >= MAX_ITEMS) return false;
    this.change((items) => [...items, { id, tag, method, params, createdAt: this.now(), state: "waiting" }]);
    void this.flush();
    return true;
  }

  /** Send a failed call again. */
  retry(id: string): void {
    this.patch(id, { state: "waiting" });
    void this.flush();
  }

  remove(id: string): void {
    this.change((items) => items.filter((item) => item.id !== id));
  }

  /** Send what waits, one after the other. Called when the connection opens. */
  async flush(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
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
    this.patch(item.id, { state: "sending" });
    try {
      await this.line.call(item.method, item.params);
      this.remove(item.id);
      return true;
    } catch (error) {
      const gone = error instanceof GatewayError && /^(CONNECTION_LOST|NOT_CONNECTED|TIMEOUT)$/.test(error.code);
      if (gone) {
        this.patch(item.id, { state: "waiting" });
        return false;
      }
      this.patch(item.id, { state: "failed", error: error instanceof Error ? error.message : String(error) });
      return true;
    }
  }

  private patch(id: string, change: Partial<OutboxItem>): void {
    this.change((items) => items.map((item) => (item.id === id ? { ...item, ...change } : item)));
  }

  private change(make: (items: readonly OutboxItem[]) => readonly OutboxItem[]): void {
    this.list.value = make(this.list.peek());
    void this.kept?.set(NAME, this.list.peek()).catch(() => undefined); // Full storage: the page still has it.
  }
}
