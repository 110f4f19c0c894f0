import { fromBase64Url, toBase64Url, toHex, utf8 } from "./base64";
import type { Kept } from "./storage";

/**
 * The Ed25519 key of this browser (protocol.md 3.2). Where WebCrypto can, the private key is made so that no script can
 * read it; pages over plain HTTP have no WebCrypto and use @noble/ed25519, loaded only then.
 */
export interface DeviceKey {
  id: string;
  publicKey: string;
  sign(payload: string): Promise<string>;
}

type Stored = { kind: "sealed"; publicKey: Uint8Array; key: CryptoKey } | { kind: "plain"; secret: string };

const NAME = "device-key";

/** Return the key of this browser, made on first use. */
export async function deviceKey(kept: Kept): Promise<DeviceKey> {
  const stored = await kept.get<Stored>(NAME);
  if (stored?.kind === "sealed" && subtle()) return sealed(stored.publicKey, stored.key);
  if (stored?.kind === "plain") return plain(fromBase64Url(stored.secret));
  return (await makeSealed(kept)) ?? (await makePlain(kept));
}

/** Forget the key: the next connection is another device. */
export const forgetKey = (kept: Kept): Promise<void> => kept.remove(NAME);

function subtle(): SubtleCrypto | undefined {
  return globalThis.isSecureContext === false ? undefined : globalThis.crypto?.subtle;
}

async function makeSealed(kept: Kept): Promise<DeviceKey | null> {
  const webcrypto = subtle();
  if (!webcrypto) return null;
  try {
    const pair = (await webcrypto.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair;
    const publicKey = new Uint8Array(await webcrypto.exportKey("raw", pair.publicKey));
    await kept.set(NAME, { kind: "sealed", publicKey, key: pair.privateKey } satisfies Stored);
    // Storage that cannot keep a CryptoKey (localStorage) gives something else back.
    const back = await kept.get<Stored>(NAME);
    if (back?.kind !== "sealed" || !(back.key instanceof CryptoKey)) return null;
    return await sealed(publicKey, pair.privateKey);
  } catch {
    return null; // A browser without Ed25519 in WebCrypto.
  }
}

async function makePlain(kept: Kept): Promise<DeviceKey> {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  await kept.set(NAME, { kind: "plain", secret: toBase64Url(secret) } satisfies Stored);
  return plain(secret);
}

async function sealed(publicKey: Uint8Array, key: CryptoKey): Promise<DeviceKey> {
  const webcrypto = subtle()!;
  const digest = await webcrypto.digest("SHA-256", publicKey as BufferSource);
  return {
    id: toHex(new Uint8Array(digest)),
    publicKey: toBase64Url(publicKey),
    sign: async (payload) =>
      toBase64Url(new Uint8Array(await webcrypto.sign("Ed25519", key, utf8(payload) as BufferSource))),
  };
}

async function plain(secret: Uint8Array): Promise<DeviceKey> {
  const noble = await import("./noble");
  const publicKey = noble.publicKeyOf(secret);
  return {
    id: toHex(noble.sha256(publicKey)),
    publicKey: toBase64Url(publicKey),
    sign: async (payload) => toBase64Url(noble.sign(utf8(payload), secret)),
  };
}

export interface Claim {
  deviceId: string;
  clientId: string;
  clientMode: string;
  role: string;
  scopes: readonly string[];
  signedAt: number;
  token: string;
  nonce: string;
  platform: string;
  deviceFamily: string;
}

/** The text that is signed, version 3 (protocol.md 3.2). */
export function signedText(claim: Claim): string {
  const small = (text: string): string => text.trim().replace(/[A-Z]/g, (char) => char.toLowerCase());
  return [
    "v3",
    claim.deviceId,
    claim.clientId,
    claim.clientMode,
    claim.role,
    claim.scopes.join(","),
    String(claim.signedAt),
    claim.token,
    claim.nonce,
    small(claim.platform),
    small(claim.deviceFamily),
  ].join("|");
}
