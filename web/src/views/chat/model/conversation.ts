import { batch, computed, effect, signal } from "@preact/signals";
import { Echoes } from "./echoes";
import type { Echo } from "./echoes";
import { Runs } from "./runs";
import type { Attached, Line, Post, Shelf } from "./seams";
import type { Live } from "./live";
import { itemsOf, merge, withAsides, withoutFiles } from "./turns";
import type { Item } from "./turns";
import type { AgentEvent, ChatEvent, HistoryAnswer, HistoryPage, Message, PendingInput, QueueMode, SessionRow } from "./wire";

const PAGE = 60;
/** Messages per step on the way back to one that a search found, and the most steps. */
const LEAP = 400;
const MAX_PAGES = 50;
const MAX_CHARS = 60_000;
const SYNC_DELAY_MS = 60;

export type State = "loading" | "ready" | "failed";

/** One conversation as this page shows it: pages of the transcript, the runs that go on, and what waits to be sent. */
export class Conversation {
  readonly messages = signal<readonly Message[]>([]);
  readonly pending = signal<readonly PendingInput[]>([]);
  readonly info = signal<SessionRow | null>(null);
  readonly state = signal<State>("loading");
  readonly older = signal<"none" | "some" | "loading">("none");
  readonly error = signal<string | null>(null);
  private readonly said = new Echoes();
  private readonly recalled = new Set<string>();
  private readonly withdrawn = new Set<string>();
  private readonly stops: (() => void)[] = [];
  private cursor: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private syncing: Promise<void> | undefined;
  private reading: Promise<void> | undefined;
  private again = false;
  private closed = false;
  /** The id of the chat as the box names it; `main` becomes `agent:main:main`. */
  private name: string;

  constructor(
    readonly key: string,
    private readonly line: Line,
    private readonly post: Post,
    private readonly now: () => number,
    private readonly newId: () => string,
    private readonly shelf: Shelf,
  ) {
    this.name = key;
  }

  private readonly runs = new Runs(() => this.messages.peek(), () => this.now());
  readonly busy = this.runs.busy;
  readonly tail = this.runs.tail;

  /** What is stored, without the answers that are shown live. */
  readonly items = computed<Item[]>(() => {
    const stored = itemsOf(this.messages.value, this.runs.shown.value);
    const asides = this.runs.asides.value;
    return asides.length ? withAsides(stored, asides.map(({ live, after }) => ({ after, items: this.asideOf(live, after) }))) : stored;
  });

  /** Messages of this page that are on their way or were accepted a moment ago. */
  readonly echoes = computed<Echo[]>(() => {
    const stored = this.messages.value.map((message) => message.idempotencyKey?.replace(/:user$/, ""));
    const queued = this.pending.value.map((one) => one.runId);
    const asides = this.runs.asides.value.map((one) => one.live.runId);
    const items = this.post.items.value.filter((item) => item.tag === this.name || item.tag === this.key);
    return this.said.list(items, new Set([...stored, ...queued, ...asides]));
  });

  /** A command and its answer, as if they were stored. */
  private asideOf(live: Live, seq: number): Item[] {
    const said = this.said.get(live.runId);
    const { runId, startedAt, endedAt = startedAt, segments, facts, error } = live;
    const turn: Item = { kind: "turn", id: runId, seq, runId, at: startedAt, endedAt, segments, entryIds: [], ...(facts ? { facts } : {}) };
    if (error !== undefined) turn.error = error;
    if (live.state === "aborted") turn.aborted = true;
    const files = said?.attachments.map((one) => ({ name: one.name, characters: 0 })) ?? [];
    const stored = this.messages.value.some((message) => message.idempotencyKey === `${runId}:user` || message.idempotencyKey === runId);
    if (!said || stored) return [turn];
    return [{ kind: "user", id: `said:${runId}`, seq, runId, at: said.at, text: said.text, images: [], files }, turn];
  }

  /** Nothing goes on behind the stored messages: what is offered below the last answer still fits. */
  readonly settled = computed(() => !this.busy.value && !this.tail.value.length && !this.echoes.value.length && !this.pending.value.length);

  open(): void {
    const mine = (payload: { sessionKey?: string }): boolean => payload?.sessionKey === this.name;
    this.stops.push(
      this.line.on("chat", (event: ChatEvent) => mine(event) && this.onChat(event)),
      this.line.on("agent", (event: AgentEvent) => mine(event) && !this.recalled.has(event.runId) && this.runs.onAgent(event)),
      this.line.on("session.message", (event) => mine(event) && this.heard([event.message as Message])),
      this.line.on("sessions.changed", (event) => mine(event) && this.changed(event)),
      this.line.on("gap", () => this.sync()),
      this.followPost(),
    );
    void this.restore().finally(() => this.closed || this.stops.push(this.line.onOpen(() => this.join())));
  }

  /** Show what was seen the last time; the box is asked only for what came since. */
  private async restore(): Promise<void> {
    const saved = await this.shelf.load(this.key).catch(() => undefined);
    if (!saved || this.closed || this.state.peek() !== "loading") return;
    batch(() => {
      this.name = saved.sessionKey;
      this.messages.value = saved.messages;
      this.cursor = saved.cursor;
      this.older.value = saved.hasMore ? "some" : "none";
      this.info.value = saved.info && { ...saved.info, hasActiveRun: false };
      this.state.value = "ready";
    });
  }

  private shelve(): void {
    if (!this.cursor) return;
    const messages = this.messages.peek();
    if (!messages.length) return;
    this.shelf.save(this.key, { sessionKey: this.name, messages, cursor: this.cursor, hasMore: this.older.peek() !== "none", info: this.info.peek() });
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const stop of this.stops.splice(0)) stop();
    void this.line.call("sessions.messages.unsubscribe", { key: this.name }, { timeoutMs: 5_000 }).catch(() => undefined);
  }

  /** A message that the box took may wait there: then it says so. */
  private followPost(): () => void {
    let before = 0;
    return effect(() => {
      const now = this.post.items.value.filter((item) => item.tag === this.name).length;
      if (now < before && this.busy.peek()) this.soon();
      before = now;
    });
  }

  private join(): void {
    void this.line.call("sessions.messages.subscribe", { key: this.key }).catch(() => undefined);
    this.sync();
  }

  /** Read what came since the last time; calls that overlap become one. */
  sync(): void {
    if (this.syncing) {
      this.again = true;
      return;
    }
    this.syncing = this.read().finally(() => {
      this.syncing = undefined;
      if (this.again && !this.closed) {
        this.again = false;
        this.sync();
      }
    });
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.sync(), SYNC_DELAY_MS);
  }

  private async read(): Promise<void> {
    try {
      const wanted = { sessionKey: this.key, limit: PAGE, maxChars: MAX_CHARS };
      const cursor = this.cursor;
      let answer = await this.line.call<HistoryAnswer>("chat.history", cursor ? { ...wanted, cursor } : wanted);
      if ("kind" in answer && answer.kind === "reset") answer = await this.line.call<HistoryAnswer>("chat.history", wanted);
      if (!this.closed) batch(() => this.take(answer));
    } catch (error) {
      if (this.closed) return;
      this.error.value = error instanceof Error ? error.message : String(error);
      if (this.state.peek() === "loading") this.state.value = "failed";
    }
  }

  private take(answer: HistoryAnswer): void {
    if ("kind" in answer) {
      if (answer.kind === "reset") return;
      this.messages.value = merge(this.messages.peek(), answer.messages.map((one) => one.message));
    } else {
      this.name = answer.sessionKey;
      this.messages.value = answer.messages;
      this.older.value = answer.hasMore ? "some" : "none";
    }
    this.cursor = answer.deltaCursor ?? this.cursor;
    this.info.value = answer.sessionInfo ?? this.info.peek();
    this.pending.value = answer.pendingInputs?.items ?? [];
    this.state.value = "ready";
    this.error.value = null;
    this.runs.settle(answer.inFlightRun, this.info.peek()?.hasActiveRun);
    this.shelve();
  }

  /** Read the page before the oldest message that is shown. */
  loadOlder(limit = PAGE): Promise<void> {
    if (this.older.peek() === "none") return Promise.resolve();
    return (this.reading ??= this.readOlder(limit).finally(() => (this.reading = undefined)));
  }

  private async readOlder(limit: number): Promise<void> {
    this.older.value = "loading";
    try {
      // The offset counts back from the newest message of the box: one that came meanwhile makes two pages overlap, no gap.
      const known = this.messages.peek();
      const offset = known.length ? known.at(-1)!.__openclaw.seq - known[0]!.__openclaw.seq + 1 : 0;
      const params = { sessionKey: this.key, limit, maxChars: MAX_CHARS, offset };
      const page = await this.line.call<HistoryPage>("chat.history", params);
      if (this.closed) return;
      batch(() => {
        this.messages.value = merge(page.messages, this.messages.peek());
        this.older.value = page.hasMore ? "some" : "none";
        this.info.value = page.sessionInfo ?? this.info.peek();
      });
    } catch {
      this.older.value = "some";
    }
  }

  /** Read back until a message is among those shown (a result of a search). */
  async reach(messageId: string): Promise<boolean> {
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      if (this.messages.peek().some((message) => message.__openclaw.id === messageId)) return true;
      if (this.older.peek() === "none") return false;
      await this.loadOlder(LEAP);
    }
    return false;
  }

  /** The entry under which a message is shown: an answer stands under its last one. */
  holder(messageId: string): string {
    const turn = this.items.peek().find((one) => one.kind === "turn" && one.entryIds.includes(messageId));
    return turn?.kind === "turn" ? turn.entryIds.at(-1)! : messageId;
  }

  /** Say something. False when nothing more can be kept before the box is back. */
  send(text: string, attachments: readonly Attached[] = [], queueMode?: QueueMode): boolean {
    const id = this.newId();
    const params: Record<string, unknown> = { sessionKey: this.name, message: text, idempotencyKey: id, deliver: false };
    if (queueMode) params["queueMode"] = queueMode;
    if (attachments.length) {
      params["attachments"] = attachments.map((one) => ({
        type: one.mimeType.startsWith("image/") ? "image" : "file",
        mimeType: one.mimeType,
        fileName: one.name,
        content: one.content,
      }));
    }
    this.said.keep(id, { text, at: this.now(), attachments });
    if (this.post.add("chat.send", params, { id, tag: this.name })) return true;
    this.said.forget(id);
    return false;
  }

  retry(id: string): void {
    this.post.retry(id);
  }

  /** Drop a message that is not sent; what was in it is given back. */
  takeBack(id: string): { text: string; attachments: readonly Attached[] } {
    const echo = this.echoes.peek().find((one) => one.id === id);
    const lost = this.post.items.peek().some((item) => item.id === id && item.tried && item.state === "waiting");
    this.post.remove(id);
    this.said.forget(id);
    // The line broke while it was sent: if the box has it after all, it is taken back there too.
    if (lost) this.withdrawn.add(id);
    if (lost) this.post.add("chat.abort", { sessionKey: this.name, runId: id }, { id: this.newId(), tag: "abort" });
    return { text: echo?.text ?? "", attachments: echo?.attachments ?? [] };
  }

  /** Take back a message that waits on the box for the running answer. */
  async recall({ runId, message }: PendingInput): Promise<{ text: string; attachments: readonly Attached[] }> {
    const said = this.said.get(runId);
    this.recalled.add(runId);
    try {
      await this.line.call("chat.abort", { sessionKey: this.name, runId });
    } catch (error) {
      this.recalled.delete(runId);
      throw error;
    }
    batch(() => {
      this.said.forget(runId);
      this.pending.value = this.pending.peek().filter((one) => one.runId !== runId);
    });
    this.soon();
    return { text: said?.text ?? withoutFiles(message.content).text, attachments: said?.attachments ?? [] };
  }

  /** End the answer that is being made. What waits behind it was meant, and comes next. */
  async abort(): Promise<void> {
    const runId = this.runs.running.peek()[0]?.runId;
    await this.line.call("chat.abort", { sessionKey: this.name, ...(runId ? { runId } : {}) });
    this.soon();
  }

  private onChat(event: ChatEvent): void {
    if (event.runId.startsWith("inject-")) return this.soon();
    if (this.recalled.has(event.runId)) return;
    if (event.state === "aborted") this.rescue(event.runId);
    this.runs.onChat(event);
    if (event.state !== "delta" && event.state !== "status") this.soon();
  }

  /** A message that waited and is not going to be answered is in no transcript: it stays here, to be sent again. */
  private rescue(runId: string): void {
    const waited = this.pending.peek().find((one) => one.runId === runId);
    if (waited && !this.said.has(runId)) this.said.keep(runId, { text: waited.message.content, at: waited.acceptedAt, attachments: [] });
  }

  private heard(messages: readonly Message[]): void {
    batch(() => {
      this.messages.value = merge(this.messages.peek(), messages);
      this.runs.dropStored();
    });
  }

  private changed(event: { reason?: string; runId?: string; session?: SessionRow }): void {
    // A line that broke may deliver after its successor has asked to forget it.
    if (event.reason === "run-started" && event.runId && this.withdrawn.delete(event.runId)) {
      void this.line.call("chat.abort", { sessionKey: this.name, runId: event.runId }).catch(() => undefined);
    }
    if (event.session) this.info.value = event.session;
    if (event.reason === "new" || event.reason === "reset" || event.reason === "delete") this.restart();
    this.soon();
  }

  /** Begin from nothing: the transcript was reset. */
  private restart(): void {
    batch(() => {
      this.cursor = undefined;
      this.messages.value = [];
      this.said.clear();
      this.runs.restart();
    });
  }
}
