import assert from "node:assert/strict";
import { createHash, createPublicKey, verify } from "node:crypto";
import { test } from "node:test";
import { fromBase64Url, toBase64Url, utf8 } from "../src/gateway/base64";
import { deviceKey, signedText } from "../src/gateway/device";
import { publicKeyOf, sign } from "../src/gateway/noble";
import { Memory } from "../src/gateway/storage";

const claim = {
  deviceId: "ab", clientId: "openclaw-control-ui", clientMode: "webchat", role: "operator", scopes: ["operator.read", "operator.write"],
  signedAt: 17, token: "tok", nonce: "n", platform: " Web ", deviceFamily: "BROWSER",
};

function holds(publicKey: Uint8Array, text: string, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: toBase64Url(publicKey) }, format: "jwk" });
  return verify(null, utf8(text), key, signature);
}

test("the signed text has the fields of version 3 in order, with small letters for the platform", () => {
  assert.equal(
    signedText(claim),
    "v3|ab|openclaw-control-ui|webchat|operator|operator.read,operator.write|17|tok|n|web|browser",
  );
});

test("base64url goes both ways for every byte", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, value) => value);
  assert.deepEqual(fromBase64Url(toBase64Url(bytes)), bytes);
  assert.doesNotMatch(toBase64Url(bytes), /[+/=]/);
});

test("a key made with WebCrypto signs what node verifies, and its id is the digest of the public key", async () => {
  const kept = new Memory();
  const key = await deviceKey(kept);
  const publicKey = fromBase64Url(key.publicKey);
  assert.equal(key.id, createHash("sha256").update(publicKey).digest("hex"));
  assert.ok(holds(publicKey, "hello", fromBase64Url(await key.sign("hello"))));
  const again = await deviceKey(kept);
  assert.equal(again.id, key.id);
});

test("the private key that WebCrypto made cannot be taken out", async () => {
  const kept = new Memory();
  await deviceKey(kept);
  const stored = await kept.get<{ key: CryptoKey }>("device-key");
  await assert.rejects(crypto.subtle.exportKey("pkcs8", stored!.key));
});

test("a page over plain HTTP makes a key without WebCrypto, and keeps it", async () => {
  Object.defineProperty(globalThis, "isSecureContext", { value: false, configurable: true });
  try {
    const kept = new Memory();
    const key = await deviceKey(kept);
    const publicKey = fromBase64Url(key.publicKey);
    assert.equal(key.id, createHash("sha256").update(publicKey).digest("hex"));
    assert.ok(holds(publicKey, "hé", fromBase64Url(await key.sign("hé"))));
    assert.equal((await deviceKey(kept)).id, key.id);
  } finally {
    Reflect.deleteProperty(globalThis, "isSecureContext");
  }
});

test("the plain library agrees with RFC 8032, test 3", () => {
  const secret = Uint8Array.from(Buffer.from("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "hex"));
  assert.equal(Buffer.from(publicKeyOf(secret)).toString("hex"), "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  const signature = sign(Uint8Array.from([0xaf, 0x82]), secret);
  assert.equal(
    Buffer.from(signature).toString("hex"),
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  );
});
