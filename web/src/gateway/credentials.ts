import type { Kept } from "./storage";
import type { Hello } from "./types";

/** What this browser shows to get in: a setup code or a shared token (once), then the device token it was given. */
export interface Presented {
  auth: { token?: string; deviceToken?: string; bootstrapToken?: string };
  /** What is signed as the token (protocol.md 3.2). */
  signed: string;
  scopes: readonly string[];
  kind: "code" | "shared" | "device" | "none";
}

export const OWNER_SCOPES: readonly string[] = [
  "operator.admin",
  "operator.approvals",
  "operator.pairing",
  "operator.questions",
  "operator.read",
  "operator.talk",
  "operator.talk.secrets",
  "operator.write",
];

/** Tried when the code or the line does not allow the owner's scopes. */
export const LIMITED_SCOPES: readonly string[] = [
  "operator.approvals",
  "operator.questions",
  "operator.read",
  "operator.talk.secrets",
  "operator.write",
];

interface Token {
  deviceToken: string;
  scopes: string[];
}

const NAME = "device-token";

export class Credentials {
  private token: Token | undefined;
  /** A setup code that was not redeemed yet, and the gateway's shared secret. Both live as long as the page. */
  code: string | undefined;
  shared: string | undefined;
  limited = false;

  constructor(private readonly kept: Kept) {}

  /** Read what is kept; returns the scopes of the kept token. */
  async load(): Promise<readonly string[]> {
    this.token = await this.kept.get<Token>(NAME);
    return this.token?.scopes ?? [];
  }

  get known(): boolean {
    return this.token !== undefined;
  }

  present(): Presented {
    const wanted = this.limited ? LIMITED_SCOPES : OWNER_SCOPES;
    if (this.code) return { auth: { bootstrapToken: this.code }, signed: this.code, scopes: wanted, kind: "code" };
    if (this.shared) return { auth: { token: this.shared }, signed: this.shared, scopes: wanted, kind: "shared" };
    if (this.token) {
      const { deviceToken, scopes } = this.token;
      return { auth: { deviceToken }, signed: deviceToken, scopes, kind: "device" };
    }
    return { auth: {}, signed: "", scopes: wanted, kind: "none" };
  }

  /** Keep the device token of a hello; a code is used up and a shared secret no longer needed. */
  async accept(hello: Hello): Promise<void> {
    const handed = hello.auth.deviceTokens?.find((one) => one.role === "operator");
    const token: Token | undefined = hello.auth.deviceToken
      ? { deviceToken: hello.auth.deviceToken, scopes: hello.auth.scopes }
      : handed && { deviceToken: handed.deviceToken, scopes: handed.scopes };
    this.code = this.shared = undefined;
    this.limited = false;
    if (!token) return;
    const same = this.token?.deviceToken === token.deviceToken && this.token.scopes.join() === token.scopes.join();
    this.token = token;
    if (!same) await this.kept.set(NAME, token);
  }

  async forgetToken(): Promise<void> {
    this.token = undefined;
    await this.kept.remove(NAME);
  }
}
