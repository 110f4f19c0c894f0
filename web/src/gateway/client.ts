import { computed, signal } from "@preact/signals";
import type { ReadonlySignal } from "@preact/signals";
import { backoffMs } from "./backoff";
import { Connection } from "./connection";
import type { CallOptions, SocketLike } from "./connection";
import { Credentials } from "./credentials";
import { deviceKey, forgetKey, signedText } from "./device";
import type { DeviceKey } from "./device";
import { GatewayError, aborted, notOpen } from "./errors";
import type { Kept } from "./storage";
import type { EventFrame, Hello, Problem, Status } from "./types";
import { verdict } from "./verdict";

export interface Surroundings {
  open(url: string): SocketLike;
  url: string;
  kept: () => Promise<Kept>;
  now: () => number;
  chance: () => number;
  version: string;
  describe: () => { displayName: string; platform: string; locale: string; timeZone: string; userAgent: string };
  key?: (kept: Kept) => Promise<DeviceKey>;
}

const CLIENT = { id: "openclaw-control-ui", mode: "webchat", deviceFamily: "browser" } as const;
const CAPS = ["approvals", "exec-approvals", "plugin-approvals", "tool-events"];
const WAIT_FOR_OPEN_MS = 10_000;
const SILENT_AFTER_SLEEP_MS = 5_000;

type Handler = (payload: any) => void;

/** The connection of this page to its box: comes back by itself, and says at any time how it stands. */
export class Gateway {
  private readonly state = signal<Status>("connecting");
  private readonly greeting = signal<Hello | null>(null);
  private readonly trouble = signal<Problem | null>(null);
  private readonly handlers = new Map<string, Set<Handler>>();
  private credentials!: Credentials;
  private kept!: Kept;
  private key: DeviceKey | undefined;
  private connection: Connection | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private attempt = 0;
  private wasOpen = false;
  private stopped = true;

  readonly status: ReadonlySignal<Status> = this.state;
  readonly hello: ReadonlySignal<Hello | null> = this.greeting;
  readonly problem: ReadonlySignal<Problem | null> = this.trouble;
  /** Whether this page was connected at least once since it was loaded. */
  readonly met = signal(false);
  /** The id of this browser as the box knows it, once its key is made. */
  readonly deviceId = signal<string | null>(null);
  /** Until the first hello: the rights of the last time, so that the menu of a page that loads does not jump. */
  private readonly remembered = signal<readonly string[]>([]);
  private readonly scopes = computed(() => new Set(this.greeting.value?.auth.scopes ?? this.remembered.value));
  private readonly methods = computed(() => new Set(this.greeting.value?.features.methods ?? []));

  constructor(private readonly around: Surroundings) {}

  /** Read what this browser keeps; tells whether the box let it in before. */
  async load(): Promise<boolean> {
    this.kept = await this.around.kept();
    this.credentials = new Credentials(this.kept);
    this.remembered.value = await this.credentials.load();
    return this.credentials.known;
  }

  /** Begin, with the setup code or shared secret that the address of the page held, if any. */
  async start(given: { code?: string; shared?: string } = {}): Promise<void> {
    if (!this.kept) await this.load();
    this.credentials.code = given.code;
    this.credentials.shared = given.shared;
    this.stopped = false;
    this.connect();
  }

  /** Whether the connection has a scope; admin has every operator scope, write has read and talk. */
  can(scope: string): boolean {
    const scopes = this.scopes.value;
    const name = scope.startsWith("operator.") ? scope : `operator.${scope}`;
    if (scopes.has(name) || scopes.has("operator.admin")) return true;
    return (name === "operator.read" || name === "operator.talk") && scopes.has("operator.write");
  }

  /** Whether the box offers a method. */
  has(method: string): boolean {
    return this.methods.value.has(method);
  }

  /** Call a method. While the connection is coming back it waits for it, up to ten seconds. Rejects with GatewayError. */
  async call<T = unknown>(method: string, params?: object, options: CallOptions = {}): Promise<T> {
    if (this.state.peek() !== "open") await this.opened(options);
    if (!this.connection) throw notOpen();
    return (await this.connection.request(method, params, options)) as T;
  }

  /** Hear an event of the box, or "gap" (events were lost: read again). Returns the way to stop. */
  on(event: string, handler: Handler): () => void {
    let set = this.handlers.get(event);
    if (!set) this.handlers.set(event, (set = new Set()));
    set.add(handler);
    return () => void set.delete(handler);
  }

  /** Call `handler` now if the connection is open, and each time it opens. Returns the way to stop. */
  onOpen(handler: (hello: Hello) => void): () => void {
    const stop = this.on("open", handler);
    const hello = this.greeting.peek();
    if (this.state.peek() === "open" && hello) handler(hello);
    return stop;
  }

  /** Come in with a setup code. */
  pairWith(code: string): void {
    this.credentials.code = code;
    this.again();
  }

  /** Come in with the gateway's shared secret. */
  useSecret(secret: string): void {
    this.credentials.shared = secret;
    this.again();
  }

  /** Try at once. */
  retry(): void {
    this.again();
  }

  /** Stop waiting for an approval or a code and show the pairing page. */
  cancelPairing(): void {
    this.credentials.code = this.credentials.shared = undefined;
    this.drop();
    this.trouble.value = null;
    this.state.value = "pairing";
  }

  /** Forget the token and the key of this browser. The box still lists the device until it is removed there. */
  async forget(): Promise<void> {
    this.stopped = true;
    this.drop();
    await this.credentials.forgetToken();
    await forgetKey(this.kept);
    this.key = undefined;
    this.deviceId.value = null;
  }

  /** The page became visible or the network came back: find out at once whether the connection still lives. */
  wake(): void {
    if (this.stopped) return;
    const status = this.state.peek();
    if (status === "offline" || status === "waiting") return this.again();
    if (status !== "open" || !this.connection) return;
    if (this.around.now() - this.connection.heardAt >= SILENT_AFTER_SLEEP_MS) this.probe();
  }

  /** Ask for a sign of life; a connection that gives none within four seconds is ended and made anew. */
  probe(): void {
    const asked = this.connection;
    asked?.request("gateway.identity.get", undefined, { timeoutMs: 4_000 }).catch((error: unknown) => {
      if (error instanceof GatewayError && error.code === "TIMEOUT") asked.close(4000, "silent after sleep");
    });
  }

  private again(): void {
    this.attempt = 0;
    this.stopped = false;
    this.drop();
    this.connect();
  }

  private drop(): void {
    clearTimeout(this.timer);
    clearInterval(this.watch);
    const connection = this.connection;
    this.connection = undefined;
    connection?.close(1000, "");
  }

  private connect(): void {
    clearTimeout(this.timer);
    if (this.state.peek() !== "waiting") this.state.value = "connecting";
    let socket: SocketLike;
    try {
      socket = this.around.open(this.around.url);
    } catch {
      return this.later("offline", { code: "UNREACHABLE", message: "cannot open a connection" });
    }
    const connection = new Connection(
      socket,
      {
        challenge: (nonce, ts) => void this.answer(connection, nonce, ts),
        event: (frame) => this.told(frame),
        gap: () => this.emit("gap", null),
        closed: (code, reason) => this.closed(connection, code, reason),
      },
      this.around.now,
    );
    this.connection = connection;
    this.timer = setTimeout(() => connection.close(4000, "no challenge"), 15_000);
  }

  private async answer(connection: Connection, nonce: string, ts: number): Promise<void> {
    clearTimeout(this.timer);
    try {
      const hello = await connection.connect(await this.introduction(nonce, ts));
      if (connection !== this.connection) return;
      await this.credentials.accept(hello);
      this.entered(connection, hello);
    } catch (error) {
      if (connection !== this.connection) return;
      if (error instanceof GatewayError && error.code !== "CONNECTION_LOST" && error.code !== "TIMEOUT") {
        await this.refused(error);
      } else connection.close(4000, "handshake failed");
    }
  }

  private async introduction(nonce: string, ts: number): Promise<object> {
    this.key ??= await (this.around.key ?? deviceKey)(this.kept);
    this.deviceId.value = this.key.id;
    const { displayName, platform, locale, timeZone, userAgent } = this.around.describe();
    const { auth, signed, scopes } = this.credentials.present();
    const text = signedText({
      deviceId: this.key.id,
      clientId: CLIENT.id,
      clientMode: CLIENT.mode,
      role: "operator",
      scopes,
      signedAt: ts,
      token: signed,
      nonce,
      platform,
      deviceFamily: CLIENT.deviceFamily,
    });
    const { id, publicKey } = this.key;
    return {
      minProtocol: 4,
      maxProtocol: 4,
      client: { ...CLIENT, version: this.around.version, displayName, platform, timeZone },
      role: "operator",
      scopes,
      caps: CAPS,
      auth,
      device: { id, publicKey, signature: await this.key.sign(text), signedAt: ts, nonce },
      locale,
      userAgent,
    };
  }

  private entered(connection: Connection, hello: Hello): void {
    this.attempt = 0;
    this.wasOpen = true;
    this.trouble.value = null;
    this.greeting.value = hello;
    this.met.value = true;
    this.state.value = "open";
    const tick = hello.policy.tickIntervalMs || 30_000;
    clearInterval(this.watch);
    this.watch = setInterval(() => {
      if (this.around.now() - connection.heardAt > 2 * tick) connection.close(4000, "tick timeout");
    }, tick / 2);
    this.emit("open", hello);
  }

  /** The box said no to a connect: what now is decided in verdict.ts. */
  private async refused(error: GatewayError): Promise<void> {
    const decision = verdict(error, this.credentials.present().kind, this.credentials.known);
    if (decision.narrower && !this.credentials.limited) this.credentials.limited = true;
    if (decision.dropCode) this.credentials.code = undefined;
    if (decision.dropShared) this.credentials.shared = undefined;
    if (decision.dropToken) await this.credentials.forgetToken();
    this.drop();
    const problem: Problem = { ...decision.problem, ...(this.key ? { deviceId: this.key.id } : {}) };
    if (decision.retryInMs !== undefined) this.later(decision.status, problem, decision.retryInMs);
    else {
      this.trouble.value = problem;
      this.state.value = decision.status;
    }
  }

  private closed(connection: Connection, code: number, reason: string): void {
    if (connection !== this.connection) return;
    this.connection = undefined;
    clearInterval(this.watch);
    clearTimeout(this.timer);
    if (this.stopped) return;
    const problem = { code: code === 4001 ? "AUTHORITY_GONE" : "UNREACHABLE", message: reason };
    // The first try after a loss follows at once: most losses are a restart or a change of network.
    const delay = this.wasOpen && this.attempt === 0 ? 50 : undefined;
    this.wasOpen = false;
    this.later(delay === undefined ? "offline" : "connecting", problem, delay);
  }

  private later(status: Status, problem: Problem, delayMs?: number): void {
    const wait = delayMs ?? backoffMs(this.attempt, this.around.chance());
    this.attempt += 1;
    this.trouble.value = { ...problem, retryAt: this.around.now() + wait };
    this.state.value = status;
    this.timer = setTimeout(() => this.connect(), wait);
  }

  private told(frame: EventFrame): void {
    this.emit(frame.event, frame.payload);
  }

  private emit(event: string, payload: unknown): void {
    for (const handler of [...(this.handlers.get(event) ?? [])]) {
      try {
        handler(payload);
      } catch (error) {
        console.error(`a handler of ${event} failed`, error); // One broken view must not silence the others.
      }
    }
  }

  private opened({ signal: abort, timeoutMs }: CallOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        clearTimeout(timer);
        abort?.removeEventListener("abort", cancel);
        stop();
        act();
      };
      const timer = setTimeout(() => finish(() => reject(notOpen())), Math.min(timeoutMs ?? Infinity, WAIT_FOR_OPEN_MS));
      const cancel = (): void => finish(() => reject(aborted()));
      const stop = this.on("open", () => finish(resolve));
      abort?.addEventListener("abort", cancel, { once: true });
    });
  }
}
