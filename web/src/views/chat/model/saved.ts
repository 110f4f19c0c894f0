import type { Kept } from "../../../gateway/storage";
import type { Message, SessionRow } from "./wire";

/** The end of a conversation as this browser saw it last: shown at once, and while the box is away. */
export interface Saved {
  sessionKey: string;
  messages: readonly Message[];
  cursor: string;
  hasMore: boolean;
  info: SessionRow | null;
}

/** All of it is one value, so that one removal forgets everything. */
export const NAME = "transcripts";
export const MAX_SESSIONS = 6;
const MAX_MESSAGES = 60;
const MAX_CHARACTERS = 300_000;
const WRITE_AFTER_MS = 800;

/** Keeps the newest messages of the conversations that were open last. */
export class SavedTranscripts {
  private all: Map<string, Saved> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly open: () => Promise<Kept>,
    private readonly writeAfterMs = WRITE_AFTER_MS,
  ) {}

  async load(key: string): Promise<Saved | undefined> {
    const all = await this.read();
    return all.get(key) ?? [...all.values()].find((one) => one.sessionKey === key);
  }

  save(key: string, saved: Saved): void {
    const messages = bounded(saved.messages);
    void this.read().then((all) => {
      all.delete(key);
      all.set(key, { ...saved, messages, hasMore: saved.hasMore || messages.length < saved.messages.length });
      for (const old of [...all.keys()].slice(0, Math.max(0, all.size - MAX_SESSIONS))) all.delete(old);
      this.timer ??= setTimeout(() => void this.write(), this.writeAfterMs);
    });
  }

  async forget(key: string): Promise<void> {
    (await this.read()).delete(key);
    await this.write();
  }

  /** This browser may not come in any more: what it kept goes too. */
  async clear(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.all = new Map();
    await (await this.open()).remove(NAME).catch(() => undefined);
  }

  private async read(): Promise<Map<string, Saved>> {
    if (this.all) return this.all;
    const stored = await (await this.open()).get<[string, Saved][]>(NAME).catch(() => undefined);
    return (this.all ??= new Map(Array.isArray(stored) ? stored : []));
  }

  private async write(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    // Full or closed storage: the page still has what it shows.
    await (await this.open()).set(NAME, [...(this.all ?? [])]).catch(() => undefined);
  }
}

/** The newest messages that are not too much to keep. */
function bounded(messages: readonly Message[]): readonly Message[] {
  let characters = 0;
  let from = messages.length;
  while (from > 0 && messages.length - from < MAX_MESSAGES) {
    characters += JSON.stringify(messages[from - 1]).length;
    if (characters > MAX_CHARACTERS) break;
    from -= 1;
  }
  return messages.slice(from);
}
