/** The connection to the box. Views import from here only. */
import { Gateway } from "./client";
import { describe } from "./browser";
import { Outbox } from "./outbox";
import type { SocketLike } from "./connection";
import { kept } from "./storage";

declare const __VERSION__: string;

const place = globalThis.location;
const url = `${place?.protocol === "https:" ? "wss" : "ws"}://${place?.host ?? "localhost"}/`;

export const gateway = new Gateway({
  open: (address) => new WebSocket(address) as unknown as SocketLike,
  url,
  kept,
  now: () => Date.now(),
  chance: () => Math.random(),
  version: __VERSION__,
  describe,
});

/** Messages on their way: nothing typed is lost while the box is away. */
export const outbox = new Outbox(
  { call: (method, params) => gateway.call(method, params), isOpen: () => gateway.status.peek() === "open" },
  kept,
  () => Date.now(),
);
gateway.onOpen(() => void outbox.flush());

export { draftFiles, drafts } from "./drafts";
export { GatewayError } from "./errors";
export { newId } from "./ids";
export { readSetupCode } from "./setup_code";
export { kept, setting } from "./storage";
export type { CallOptions } from "./connection";
export type { OutboxItem } from "./outbox";
export type { Hello, Problem, Status } from "./types";
