import { batch, computed, signal } from "@preact/signals";
import type { Line } from "./seams";
import { plain } from "./sentences";
import type { SessionRow } from "./wire";

const PAGE = 50;

/** The conversations of the box, newest first, kept up to date by its events. */
export class Sessions {
  private readonly rows = signal<ReadonlyMap<string, SessionRow>>(new Map());
  readonly state = signal<"loading" | "ready" | "failed">("loading");
  readonly more = signal(false);
  private offset = 0;
  private limit = PAGE;

  constructor(private readonly line: Line) {}

  readonly list = computed<SessionRow[]>(() => sorted([...this.rows.value.values()].filter((row) => !row.archived && !row.isBackground)));

  get(key: string): SessionRow | undefined {
    return this.rows.value.get(key);
  }

  /** Begin to follow the list. Returns the way to stop. */
  open(): () => void {
    const stops = [
      this.line.on("sessions.changed", (event: { sessionKey: string; reason?: string; session?: SessionRow }) => this.changed(event)),
      this.line.on("gap", () => void this.load()),
      this.line.onOpen(() => {
        void this.line.call("sessions.subscribe", {}).catch(() => undefined);
        void this.load();
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }

  async load(): Promise<void> {
    try {
      const page = await this.page(0, this.limit);
      batch(() => {
        this.rows.value = new Map(page.sessions.map((row) => [row.key, row]));
        this.paged(page);
        this.state.value = "ready";
      });
    } catch {
      if (this.state.peek() === "loading") this.state.value = "failed";
    }
  }

  async loadMore(): Promise<void> {
    const page = await this.page(this.offset, PAGE);
    this.limit += PAGE;
    batch(() => {
      this.rows.value = new Map([...this.rows.peek(), ...page.sessions.map((row) => [row.key, row] as const)]);
      this.paged(page);
    });
  }

  private page(offset: number, limit: number): Promise<Page> {
    return this.line.call<Page>("sessions.list", { limit, offset, excludeSubagents: true, excludeCron: true });
  }

  private paged(page: Page): void {
    this.more.value = page.hasMore;
    this.offset = page.nextOffset ?? 0;
  }

  private changed(event: { sessionKey: string; reason?: string; session?: SessionRow }): void {
    const rows = new Map(this.rows.peek());
    if (event.reason === "delete") rows.delete(event.sessionKey);
    else if (event.session) rows.set(event.sessionKey, event.session);
    else return void this.load();
    this.rows.value = rows;
  }

  async rename(key: string, label: string): Promise<void> {
    await this.line.call("sessions.patch", { key, label: label.trim() || null });
  }

  async pin(key: string, pinned: boolean): Promise<void> {
    await this.line.call("sessions.patch", { key, pinned });
  }

  async archive(key: string, archived: boolean): Promise<void> {
    await this.line.call("sessions.patch", { key, archived });
  }

  async remove(key: string): Promise<void> {
    await this.line.call("sessions.delete", { key, deleteTranscript: true });
  }
}

interface Page {
  sessions: SessionRow[];
  hasMore: boolean;
  nextOffset: number | null;
}

const touched = (row: SessionRow): number => row.lastActivityAt ?? row.updatedAt ?? 0;

function sorted(rows: SessionRow[]): SessionRow[] {
  return rows.sort((one, other) => Number(other.pinned ?? false) - Number(one.pinned ?? false) || touched(other) - touched(one));
}

/** The name of a conversation, as short as it is known; files that came with its first message are no part of it. */
export function titleOf(row: SessionRow | null | undefined): string | undefined {
  const title = row?.label ?? row?.displayName ?? row?.derivedTitle;
  const short = title?.replace(FILES, "").trim() || title;
  // What nobody named is the begin of a message.
  return row?.label === undefined && short ? short.charAt(0).toUpperCase() + short.slice(1) : short;
}

const FILES = /\s*<file name="[\s\S]*$/;

/** The last thing that was said there, on one line. */
export const previewOf = (row: SessionRow): string => plain((row.lastMessagePreview ?? "").replace(FILES, ""));
