import { batch, computed, effect, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { begin, onAgent, onChat, takeUp } from "./live";
import type { Live } from "./live";
import { isLast, itemsOf, merge } from "./turns";
import type { Saved } from "./saved";
import type { Item } from "./turns";
import type { AgentEvent, ChatEvent, HistoryAnswer, HistoryPage, Message, PendingInput, QueueMode, SessionRow } from "./wire";

/** The part of the connection that a conversation uses. */
export interface Line {
  call<T>(method: string, params?: object, options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<T>;
  on(event: string, handler: (payload: any) => void): () => void;
  onOpen(handler: () => void): () => void;
}

export interface Outgoing {
  id: string;
  tag: string;
  params: Record<string, unknown>;
  createdAt: number;
  state: "waiting" | "sending" | "failed";
  error?: string;
}

/** The part of the outbox that a conversation uses. */
export interface Post {
  items: ReadonlySignal<readonly Outgoing[]>;
  add(method: string, params: Record<string, unknown>, mark: { id: string; tag: string }): boolean;
  retry(id: string): void;
  remove(id: string): void;
}

export interface Attached {
  name: string;
  mimeType: string;
  /** base64 */
  content: string;
  size: number;
}

/** What a person said here that the transcript does not hold yet. */
export interface Echo {
  id: string;
  text: string;
  at: number;
  images: readonly string[];
  files: readonly string[];
  state: "waiting" | "sending" | "failed" | "accepted";
  error?: string;
}

/** Where the end of a conversation is kept for the next time (model/saved.ts). */
export interface Shelf {
  load(key: string): Promise<Saved | undefined>;
  save(key: string, saved: Saved): void;
}

interface Said {
  text: string;
  at: number;
  attachments: readonly Attached[];
}

const PAGE = 60;
const MAX_CHARS = 60_000;
const SYNC_DELAY_MS = 60;
const MAX_ENDED = 20;

export type State = "loading" | "ready" | "failed";

/** One conversation as this page shows it: pages of the transcript, the runs that go on, and what waits to be sent. */
export class Conversation {
  readonly messages = signal<readonly Message[]>([]);
  readonly live = signal<ReadonlyMap<string, Live>>(new Map());
  readonly pending = signal<readonly PendingInput[]>([]);
  readonly info = signal<SessionRow | null>(null);
  readonly state = signal<State>("loading");
  readonly older = signal<"none" | "some" | "loading">("none");
  readonly error = signal<string | null>(null);
  private readonly said = signal<ReadonlyMap<string, Said>>(new Map());
  private readonly stops: (() => void)[] = [];
  private cursor: string | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private syncing: Promise<void> | undefined;
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

  /** Runs that go on now. */
  readonly running = computed(() => [...this.live.value.values()].filter((one) => one.state === "running"));
  readonly busy = computed(() => this.running.value.length > 0);

  /** What is stored, without the answers that are shown live. */
  readonly items = computed<Item[]>(() => itemsOf(this.messages.value, this.shownLive.value));
  private readonly shownLive = computed(() => new Set(this.live.value.keys()));

  /** Runs that are shown behind the stored ones, oldest first. */
  readonly tail = computed<Live[]>(() =>
    [...this.live.value.values()].filter((one) => !one.merged).sort((one, other) => one.startedAt - other.startedAt),
  );

  /** Messages of this page that are on their way or were accepted a moment ago. */
  readonly echoes = computed<Echo[]>(() => {
    const stored = new Set(this.messages.value.map((message) => message.idempotencyKey?.replace(/:user$/, "")));
    const queued = new Set(this.pending.value.map((one) => one.runId));
    const items = this.post.items.value.filter((item) => item.tag === this.name || item.tag === this.key);
    const echoes = items.map((item): Echo => echoOf(item));
    for (const [id, said] of this.said.value) {
      if (!items.some((item) => item.id === id)) echoes.push(echo(id, said, "accepted"));
    }
    return echoes.filter((one) => !stored.has(one.id) && !queued.has(one.id)).sort((one, other) => one.at - other.at);
  });

  open(): void {
    const mine = (payload: { sessionKey?: string }): boolean => payload?.sessionKey === this.name;
    this.stops.push(
      this.line.on("chat", (event: ChatEvent) => mine(event) && this.onChat(event)),
      this.line.on("agent", (event: AgentEvent) => mine(event) && this.onAgent(event)),
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
    this.settle(answer.inFlightRun);
    this.shelve();
  }

  /** Read the page before the oldest message that is shown. */
  async loadOlder(): Promise<void> {
    if (this.older.peek() !== "some") return;
    this.older.value = "loading";
    try {
      // The offset counts back from the newest message of the box: one that came meanwhile makes two pages overlap, no gap.
      const known = this.messages.peek();
      const offset = known.length ? known.at(-1)!.__openclaw.seq - known[0]!.__openclaw.seq + 1 : 0;
      const params = { sessionKey: this.key, limit: PAGE, maxChars: MAX_CHARS, offset };
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
    for (let pages = 0; pages < 40; pages++) {
      if (this.messages.peek().some((message) => message.__openclaw.id === messageId)) return true;
      if (this.older.peek() !== "some") return false;
      await this.loadOlder();
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
    this.keep(id, { text, at: this.now(), attachments });
    if (this.post.add("chat.send", params, { id, tag: this.name })) return true;
    this.forget(id);
    return false;
  }

  retry(id: string): void {
    this.post.retry(id);
  }

  /** Drop a message that could not be sent; its text is given back. */
  takeBack(id: string): string {
    const echo = this.echoes.peek().find((one) => one.id === id);
    this.post.remove(id);
    this.forget(id);
    return echo?.text ?? "";
  }

  /** End the answer that is being made. What waits behind it was meant, and comes next. */
  async abort(): Promise<void> {
    const runId = this.running.peek()[0]?.runId;
    await this.line.call("chat.abort", { sessionKey: this.name, ...(runId ? { runId } : {}) });
    this.soon();
  }

  private keep(id: string, said: Said): void {
    this.said.value = new Map(this.said.peek()).set(id, said);
  }

  private forget(id: string): void {
    const said = new Map(this.said.peek());
    said.delete(id);
    this.said.value = said;
  }

  private update(runId: string, next: (live: Live) => Live): void {
    const known = this.live.peek().get(runId);
    // An answer that is stored already must not be begun again by a late event.
    if (!known && this.messages.peek().some((message) => isLast(message) && message.__openclaw.runId === runId)) return;
    const live = next(known ?? begin(runId, this.now()));
    this.live.value = new Map(this.live.peek()).set(runId, live);
  }

  private onChat(event: ChatEvent): void {
    const injected = event.runId.startsWith("inject-");
    if (injected) return this.soon();
    if (event.state === "aborted") this.rescue(event.runId);
    this.update(event.runId, (live) => onChat(live, event, this.now()));
    if (event.state !== "delta" && event.state !== "status") {
      this.dropStored();
      this.soon();
    }
  }

  /** A message that waited and is not going to be answered is in no transcript: it stays here, to be sent again. */
  private rescue(runId: string): void {
    const waited = this.pending.peek().find((one) => one.runId === runId);
    if (waited && !this.said.peek().has(runId)) this.keep(runId, { text: waited.message.content, at: waited.acceptedAt, attachments: [] });
  }

  private onAgent(event: AgentEvent): void {
    const known = this.live.peek().get(event.runId);
    if (known && known.state !== "running" && event.stream !== "lifecycle") return;
    // The end of a run that this page never showed is no news.
    if (!known && event.data["phase"] === "end") return;
    this.update(event.runId, (live) => onAgent(live, event));
  }

  private heard(messages: readonly Message[]): void {
    batch(() => {
      this.messages.value = merge(this.messages.peek(), messages);
      this.dropStored();
    });
  }

  private changed(event: { reason?: string; session?: SessionRow }): void {
    if (event.session) this.info.value = event.session;
    if (event.reason === "new" || event.reason === "reset" || event.reason === "delete") this.restart();
    this.soon();
  }

  /** Begin from nothing: the transcript was reset. */
  private restart(): void {
    batch(() => {
      this.cursor = undefined;
      this.messages.value = [];
      this.said.value = new Map();
      this.live.value = new Map(this.running.peek().map((one) => [one.runId, one]));
    });
  }

  /** Bring the runs that are shown live in line with what the box says runs, and what is stored. */
  private settle(inFlight: { runId: string; text: string } | undefined): void {
    const live = new Map(this.live.peek());
    const known = inFlight && live.get(inFlight.runId);
    if (inFlight && (!known || known.state === "running")) {
      const taken = takeUp(inFlight.runId, inFlight.text, this.messages.peek(), this.now());
      if (!known || lostSome(known, taken)) live.set(inFlight.runId, { ...known, ...taken });
    }
    for (const one of live.values()) {
      // It ended while nobody listened: what is stored of it is all there is.
      if (one.state === "running" && one.runId !== inFlight?.runId && this.isStored(one.runId)) live.delete(one.runId);
      else if (one.state === "running" && inFlight === undefined && this.info.peek()?.hasActiveRun === false) live.delete(one.runId);
    }
    this.live.value = live;
    this.dropStored();
  }

  private isStored(runId: string): boolean {
    return this.messages.peek().some((message) => isLast(message) && message.__openclaw.runId === runId);
  }

  /** Ended runs are shown from the transcript as soon as it holds their last entry. */
  private dropStored(): void {
    const live = new Map(this.live.peek());
    const ended = [...live.values()].filter((one) => one.state !== "running");
    for (const one of ended) if (one.merged || this.isStored(one.runId)) live.delete(one.runId);
    for (const one of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) live.delete(one.runId);
    if (live.size !== this.live.peek().size) this.live.value = live;
  }
}

/** Whether the box knows more of a run than this page heard: it was away for a while. */
function lostSome(live: Live, taken: Live): boolean {
  const tools = (one: Live): number => one.segments.filter((segment) => segment.kind === "tool").length;
  return (!live.segments.length && taken.segments.length > 0) || tools(taken) > tools(live);
}

function echo(id: string, said: Said, state: Echo["state"]): Echo {
  const images = said.attachments.filter((one) => one.mimeType.startsWith("image/"));
  return {
    id,
    text: said.text,
    at: said.at,
    images: images.map((one) => `data:${one.mimeType};base64,${one.content}`),
    files: said.attachments.filter((one) => !one.mimeType.startsWith("image/")).map((one) => one.name),
    state,
  };
}

function echoOf(item: Outgoing): Echo {
  const given = (item.params["attachments"] as { mimeType: string; fileName: string; content: string }[] | undefined) ?? [];
  const attachments = given.map((one) => ({ name: one.fileName, mimeType: one.mimeType, content: one.content, size: 0 }));
  const said = { text: String(item.params["message"] ?? ""), at: item.createdAt, attachments };
  return { ...echo(item.id, said, item.state), ...(item.error ? { error: item.error } : {}) };
}
