import { signal } from "@preact/signals";
import type { Attached, Outgoing } from "./seams";

/** What a person said here that the transcript does not hold yet. */
export interface Echo {
  id: string;
  text: string;
  at: number;
  images: readonly string[];
  files: readonly string[];
  /** All that went along, so that it can be taken back. */
  attachments: readonly Attached[];
  state: "waiting" | "sending" | "failed" | "accepted";
  error?: string;
}

export interface Said {
  text: string;
  at: number;
  attachments: readonly Attached[];
}

/** Remembers what was said on this page until the transcript has it. */
export class Echoes {
  private readonly said = signal<ReadonlyMap<string, Said>>(new Map());

  has(id: string): boolean {
    return this.said.peek().has(id);
  }

  get(id: string): Said | undefined {
    return this.said.value.get(id);
  }

  keep(id: string, said: Said): void {
    this.said.value = new Map(this.said.peek()).set(id, said);
  }

  forget(id: string): void {
    const said = new Map(this.said.peek());
    if (said.delete(id)) this.said.value = said;
  }

  clear(): void {
    this.said.value = new Map();
  }

  /** What waits in the outbox and what was accepted, oldest first, without the ids that are shown elsewhere. */
  list(items: readonly Outgoing[], shown: ReadonlySet<string | undefined>): Echo[] {
    const echoes = items.map((item): Echo => echoOf(item));
    for (const [id, said] of this.said.value) {
      if (!items.some((item) => item.id === id)) echoes.push(echo(id, said, "accepted"));
    }
    return echoes.filter((one) => !shown.has(one.id)).sort((one, other) => one.at - other.at);
  }
}

const isImage = (one: Attached): boolean => one.mimeType.startsWith("image/");

function echo(id: string, { text, at, attachments }: Said, state: Echo["state"]): Echo {
  const images = attachments.filter(isImage).map((one) => `data:${one.mimeType};base64,${one.content}`);
  const files = attachments.filter((one) => !isImage(one)).map((one) => one.name);
  return { id, text, at, images, files, attachments, state };
}

function echoOf(item: Outgoing): Echo {
  const given = (item.params["attachments"] as { mimeType: string; fileName: string; content: string }[] | undefined) ?? [];
  const attachments = given.map((one) => ({ name: one.fileName, mimeType: one.mimeType, content: one.content, size: bytesOf(one.content) }));
  const said = { text: String(item.params["message"] ?? ""), at: item.createdAt, attachments };
  return { ...echo(item.id, said, item.state), ...(item.error ? { error: item.error } : {}) };
}

/** How many bytes a base64 text holds, near enough for the limits. */
const bytesOf = (content: string): number => Math.floor((content.length * 3) / 4);
