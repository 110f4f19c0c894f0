import { computed, signal } from "@preact/signals";
import { begin, onAgent, onChat, takeUp } from "./live";
import type { Live } from "./live";
import { isLast } from "./turns";
import type { AgentEvent, ChatEvent, Message } from "./wire";

const MAX_ENDED = 40;

/** The runs of a conversation that are shown live: those that go on, and those whose end the transcript does not hold yet. */
export class Runs {
  private readonly live = signal<ReadonlyMap<string, Live>>(new Map());

  constructor(
    private readonly messages: () => readonly Message[],
    private readonly now: () => number,
  ) {}

  /** Runs that go on now. */
  readonly running = computed(() => [...this.live.value.values()].filter((one) => one.state === "running"));
  readonly busy = computed(() => this.running.value.length > 0);

  /** Runs that ended and are in no transcript (the answers of commands), with the number of the entry they came behind. */
  private readonly behind = signal<ReadonlyMap<string, number>>(new Map());
  readonly asides = computed<{ live: Live; after: number }[]>(() =>
    [...this.behind.value].flatMap(([runId, after]) => {
      const live = this.ended.value.get(runId);
      return live ? [{ live, after }] : [];
    }),
  );

  /** Runs that are shown behind the stored ones, oldest first. */
  readonly tail = computed<Live[]>(() =>
    [...this.live.value.values()]
      .filter((one) => !one.merged && !this.behind.value.has(one.runId))
      .sort((one, other) => one.startedAt - other.startedAt),
  );

  /** Stays the same while an answer grows. */
  private readonly ended = computed<ReadonlyMap<string, Live>>((): ReadonlyMap<string, Live> => {
    const now = [...this.live.value.values()].filter((one) => one.state !== "running");
    if (now.length === this.last.size && now.every((one) => this.last.get(one.runId) === one)) return this.last;
    return (this.last = new Map(now.map((one) => [one.runId, one])));
  });
  private last: ReadonlyMap<string, Live> = new Map();

  /** The ids as one text: it stays the same while an answer only grows, and so does all that is built from it. */
  private readonly names = computed(() => [...this.live.value.keys()].join("\n"));
  readonly shown = computed<ReadonlySet<string>>(() => new Set(this.names.value.split("\n").filter(Boolean)));

  onChat(event: ChatEvent): void {
    this.update(event.runId, (live) => onChat(live, event, this.now()));
    if (event.state !== "delta" && event.state !== "status") this.dropStored();
  }

  onAgent(event: AgentEvent): void {
    const known = this.live.peek().get(event.runId);
    if (known && known.state !== "running" && event.stream !== "lifecycle") return;
    // The end of a run that this page never showed is no news.
    if (!known && event.data["phase"] === "end") return;
    this.update(event.runId, (live) => onAgent(live, event));
  }

  /** Only what goes on now stays: the transcript was reset. */
  restart(): void {
    this.live.value = new Map(this.running.peek().map((one) => [one.runId, one]));
  }

  /** Bring the runs in line with what the box says runs (`active` false: nothing does), and what is stored. */
  settle(inFlight: { runId: string; text: string } | undefined, active: boolean | undefined): void {
    const live = new Map(this.live.peek());
    const known = inFlight && live.get(inFlight.runId);
    if (inFlight && (!known || known.state === "running")) {
      const taken = takeUp(inFlight.runId, inFlight.text, this.messages(), this.now());
      if (!known || lostSome(known, taken)) live.set(inFlight.runId, { ...known, ...taken });
    }
    for (const one of live.values()) {
      if (one.state !== "running" || one.runId === inFlight?.runId) continue;
      // It ended while nobody listened: what is stored of it is all there is.
      if (this.isStored(one.runId) || (inFlight === undefined && active === false)) live.delete(one.runId);
    }
    this.live.value = live;
    this.dropStored();
    this.setAside();
  }

  /** What the transcript does not hold by now it never will: it stays where it was said, and what comes stands below it. */
  private setAside(): void {
    const after = this.messages().at(-1)?.__openclaw.seq ?? 0;
    const live = this.live.peek();
    const known = [...this.behind.peek()].filter(([runId]) => live.has(runId));
    const fresh = [...live.values()].filter((one) => one.state !== "running" && !one.merged && !this.behind.peek().has(one.runId));
    if (fresh.length || known.length < this.behind.peek().size) {
      this.behind.value = new Map([...known, ...fresh.map((one): [string, number] => [one.runId, after])]);
    }
  }

  /** Ended runs are shown from the transcript as soon as it holds their last entry. */
  dropStored(): void {
    const live = new Map(this.live.peek());
    const ended = [...live.values()].filter((one) => one.state !== "running");
    for (const one of ended) if (one.merged || this.isStored(one.runId)) live.delete(one.runId);
    for (const one of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) live.delete(one.runId);
    if (live.size !== this.live.peek().size) this.live.value = live;
  }

  private update(runId: string, next: (live: Live) => Live): void {
    const known = this.live.peek().get(runId);
    // An answer that is stored already must not be begun again by a late event.
    if (!known && this.isStored(runId)) return;
    const live = next(known ?? begin(runId, this.now()));
    this.live.value = new Map(this.live.peek()).set(runId, live);
  }

  private isStored(runId: string): boolean {
    return this.messages().some((message) => isLast(message) && message.__openclaw.runId === runId);
  }
}

/** Whether the box knows more of a run than this page heard: it was away for a while. */
function lostSome(live: Live, taken: Live): boolean {
  const tools = (one: Live): number => one.segments.filter((segment) => segment.kind === "tool").length;
  return (!live.segments.length && taken.segments.length > 0) || tools(taken) > tools(live);
}
