import type { ReadonlySignal } from "@preact/signals";
import type { Saved } from "./saved";

/** What a conversation needs of the rest of the app; tests give their own. */

/** The connection. */
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
  /** It was on its way once: the box may have it. */
  tried?: boolean;
  error?: string;
}

/** The outbox. */
export interface Post {
  items: ReadonlySignal<readonly Outgoing[]>;
  add(method: string, params: Record<string, unknown>, mark: { id: string; tag: string }): boolean;
  retry(id: string): void;
  remove(id: string): void;
}

/** Where the end of a conversation is kept for the next time (saved.ts). */
export interface Shelf {
  load(key: string): Promise<Saved | undefined>;
  save(key: string, saved: Saved): void;
}

export interface Attached {
  name: string;
  mimeType: string;
  /** base64 */
  content: string;
  size: number;
}
