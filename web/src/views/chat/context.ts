import { effect, signal } from "@preact/signals";
import { gateway, kept, newId, outbox, setting } from "../../gateway";
import { Conversation } from "./model/conversation";
import type { CommandEntry } from "./model/commands";
import { SavedTranscripts } from "./model/saved";
import { Sessions } from "./model/sessions";

/** What the parts of the chat share: the list of conversations, the one that is open, the commands of the box. */

export const sessions = new Sessions(gateway);
const saved = new SavedTranscripts(kept);
// Revoked, removed or told to forget: the messages are not for this browser any more.
effect(() => {
  const status = gateway.status.value;
  if (status === "pairing" || status === "refused") void saved.clear();
});

export const commands = signal<readonly CommandEntry[]>([]);

let following: (() => void) | undefined;
let users = 0;

/** Follow the list of conversations as long as somebody looks at it. */
export function followSessions(): () => void {
  if (users++ === 0) following = sessions.open();
  return () => {
    if (--users === 0) following?.();
  };
}

/**
 * The conversation that opens first: the main one of the box. Its name is remembered, so that what is typed before the box
 * answers belongs to the same place as afterwards.
 */
export function mainKey(): string {
  const told = gateway.hello.value?.snapshot.sessionDefaults?.mainSessionKey;
  const known = setting.get("main-session");
  if (told && told !== known) setting.set("main-session", told);
  return told ?? known ?? "main";
}

export function open(key: string): Conversation {
  const conversation = new Conversation(key, gateway, outbox, () => Date.now(), newId, saved);
  conversation.open();
  return conversation;
}

export function newKey(): string {
  const agent = gateway.hello.peek()?.snapshot.sessionDefaults?.defaultAgentId ?? "main";
  return `agent:${agent}:dashboard:${newId()}`;
}

export const pathOf = (key: string): string => `/chat/${encodeURIComponent(key)}`;

/** Read the commands of the box once per connection. */
export function readCommands(): () => void {
  return gateway.onOpen(() => {
    if (!gateway.has("commands.list")) return;
    gateway
      .call<{ commands: CommandEntry[] }>("commands.list", { scope: "text", includeArgs: true })
      .then((answer) => (commands.value = answer.commands))
      .catch(() => undefined); // without them there is only no completion
  });
}
