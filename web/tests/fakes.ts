import type { SocketLike } from "../src/gateway/connection";
import { Gateway } from "../src/gateway/client";
import { Memory } from "../src/gateway/storage";
import type { Hello } from "../src/gateway/types";

/** The other end of a socket, played by a test. */
export class FakeSocket implements SocketLike {
  bufferedAmount = 0;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: any[] = [];
  closedWith: number | undefined;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(code = 1000): void {
    this.closedWith = code;
  }
  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  drop(code = 1006, reason = ""): void {
    this.onclose?.({ code, reason });
  }
  challenge(nonce = "n-1", ts = 1_000): void {
    this.say({ type: "event", event: "connect.challenge", payload: { nonce, ts } });
  }
  last(method: string): any {
    return this.sent.findLast((frame) => frame.method === method);
  }
  answer(method: string, payload: unknown): void {
    this.say({ type: "res", id: this.last(method).id, ok: true, payload });
  }
  refuse(method: string, code: string, details: object = {}, more: object = {}): void {
    this.say({ type: "res", id: this.last(method).id, ok: false, error: { code: "INVALID_REQUEST", message: code, details: { code, ...details }, ...more } });
  }
}

export const hello = (more: { scopes?: string[]; deviceToken?: string } = {}): Hello => ({
  protocol: 4,
  server: { version: "1.0.0", connId: "c" },
  features: { methods: ["chat.send"], events: ["chat"] },
  snapshot: { presence: [], health: {}, uptimeMs: 1 },
  auth: { role: "operator", scopes: more.scopes ?? ["operator.admin"], deviceToken: more.deviceToken ?? "device-token-1" },
  policy: { maxPayload: 1, maxBufferedBytes: 1, tickIntervalMs: 30_000 },
});

/** A page with sockets that the test plays. */
export class Page {
  readonly sockets: FakeSocket[] = [];
  readonly kept = new Memory();
  readonly gateway = new Gateway({
    open: () => {
      const socket = new FakeSocket();
      this.sockets.push(socket);
      return socket;
    },
    url: "ws://box/",
    kept: async () => this.kept,
    now: () => Date.now(),
    chance: () => 0.5,
    version: "test",
    describe: () => ({ displayName: "Test", platform: "web", locale: "en", timeZone: "UTC", userAgent: "test" }),
    key: async () => ({ id: "d".repeat(64), publicKey: "key", sign: async (text) => `signed(${text})` }),
  });

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  /** The params of the connect that answers a challenge. */
  async introduced(): Promise<any> {
    const { socket } = this;
    socket.challenge();
    await until(() => socket.last("connect") !== undefined);
    return socket.last("connect").params;
  }

  async enter(): Promise<void> {
    await this.introduced();
    this.socket.answer("connect", hello());
    await until(() => this.gateway.status.value === "open");
  }
}

/** Let promises run until something is so; fails after two seconds. */
export async function until(ready: () => boolean): Promise<void> {
  const end = performance.now() + 2_000;
  while (!ready()) {
    if (performance.now() > end) throw new Error(`never so: ${ready}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
