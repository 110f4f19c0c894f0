/** What the box tells of nodes (protocol 9), and which of their commands can be tried by hand. Pure. */

export interface Node {
  nodeId: string;
  displayName?: string;
  platform: string;
  version?: string;
  deviceFamily?: string;
  remoteIp?: string;
  commands: string[];
  approvalState: string;
  connected: boolean;
  paired: boolean;
  hostStats?: Record<string, unknown>;
  lastSeenAtMs?: number;
  lastConnectedAtMs?: number;
  approvedAtMs?: number;
  pendingRequestId?: string;
  pendingDeclaredCommands?: string[];
}

/** Commands that take nothing and change nothing, or only show something: safe to try with one touch. */
export const TRIABLE: readonly string[] = ["device.info", "device.status", "camera.list", "system.notify"];

/** What a command is about, for its words: `system.run.prepare` is `run`, `camera.snap` is `camera`. */
export function topic(command: string): "run" | "files" | "notify" | "camera" | "canvas" | "screen" | "location" | "people" | "device" | "other" {
  if (/^system\.(run|which|execApprovals)|^agent\.cli|^mcp\.tools|^computer\.|^mobile\.ui/.test(command)) return "run";
  if (/^(fs|file|dir|terminal)\./.test(command)) return "files";
  if (/^system\.notify$|^notifications\./.test(command)) return "notify";
  if (/^camera\./.test(command)) return "camera";
  if (/^canvas\./.test(command)) return "canvas";
  if (/^(screen|desktop|browser)\./.test(command)) return "screen";
  if (/^(location|motion)\./.test(command)) return "location";
  if (/^(contacts|calendar|callLog|reminders|photos|sms|health)\./.test(command)) return "people";
  return /^device\./.test(command) ? "device" : "other";
}

const ORDER = ["run", "files", "screen", "camera", "people", "location", "notify", "canvas", "device", "other"] as const;

/** Commands by topic, the weightiest first. */
export function topics(commands: readonly string[]): { topic: (typeof ORDER)[number]; commands: string[] }[] {
  return ORDER.map((one) => ({ topic: one, commands: commands.filter((command) => topic(command) === one).sort() })).filter((group) => group.commands.length > 0);
}

/** Topics that deserve a second thought before they are approved. */
export const weighty = (one: string): boolean => one === "run" || one === "files";

/** What a node asks for beyond what it has. */
export const wanted = (node: Node): string[] => (node.pendingDeclaredCommands ?? []).filter((command) => !node.commands.includes(command));

/** An answer of a node as text: JSON laid out, text as it is. */
export function answerText(answer: { payload?: unknown; payloadJSON?: string | null }): string {
  let value = answer.payload;
  if ((value === undefined || value === null) && answer.payloadJSON) {
    try {
      value = JSON.parse(answer.payloadJSON);
    } catch {
      return answer.payloadJSON;
    }
  }
  return typeof value === "string" ? value : JSON.stringify(value ?? null, null, 2);
}

/** Parameters as typed: an object in JSON; nothing is an empty one. Undefined for anything else. */
export function readParams(text: string): Record<string, unknown> | undefined {
  if (!text.trim()) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
