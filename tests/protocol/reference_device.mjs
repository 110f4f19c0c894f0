// A device of the published reference client (npm @openclaw/gateway-client), unmodified: its key, the tokens that it is
// given, and a connection. Everything here that plays a phone, a node or a program begins with this.
import crypto from "node:crypto";
import fs from "node:fs";
import { GatewayClient } from "@openclaw/gateway-client";

export { GatewayClient };
export const PHONE = { clientName: "openclaw-android", platform: "Android 15", deviceFamily: "Android" };
export const PHONE_AS_NODE = { ...PHONE, mode: "node", role: "node", scopes: [], caps: ["device"], commands: ["device.info"] };
export const PHONE_AS_OPERATOR = { ...PHONE, mode: "ui", role: "operator", caps: [] };

export const raw = (pem) => crypto.createPublicKey(pem).export({ type: "spki", format: "der" }).subarray(-32);
export const sign = (pem, payload) => crypto.sign(null, Buffer.from(payload), pem).toString("base64url");

// A device that nobody knows yet: { identity, tokens by role }. Callers may keep more in it.
export function newDevice() {
  const { publicKey, privateKey } = crypto.generateKeyPairSync("ed25519");
  const publicKeyPem = publicKey.export({ type: "spki", format: "pem" });
  const deviceId = crypto.createHash("sha256").update(raw(publicKeyPem)).digest("hex");
  return { identity: { deviceId, publicKeyPem, privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }) }, tokens: {} };
}

// The device that a file keeps, a new one where there is none.
export const deviceIn = (file) => (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : newDevice());
export const keepIn = (file, device) => fs.writeFileSync(file, JSON.stringify(device));

export const token = (role, value, scopes) => ({ token: value, role, scopes, updatedAtMs: 0 });

// The options that make a client this device. `changed` is called when it was given a token, or lost one.
export function as(device, changed = () => {}) {
  return {
    deviceIdentity: device.identity,
    hostDeps: {
      loadOrCreateDeviceIdentity: () => device.identity,
      signDevicePayload: sign,
      publicKeyRawBase64UrlFromPem: (pem) => raw(pem).toString("base64url"),
      loadDeviceAuthToken: ({ role }) => device.tokens[role] ?? null,
      storeDeviceAuthToken: ({ role, token: value, scopes }) => {
        device.tokens[role] = token(role, value, scopes);
        changed();
      },
      clearDeviceAuthToken: ({ role }) => {
        delete device.tokens[role];
        changed();
      },
    },
  };
}

// Connect and return { client, hello }; a refusal ends the client and is thrown.
export function open(url, options) {
  return new Promise((resolve, reject) => {
    const client = new GatewayClient({
      url,
      minProtocol: 4,
      maxProtocol: 4,
      onHelloOk: (hello) => resolve({ client, hello }),
      onConnectError: (error) => {
        reject(error); // before it is stopped, which is an error too
        client.stop();
      },
      ...options,
    });
    client.start();
  });
}

export const readCode = (code) => JSON.parse(Buffer.from(code, "base64url"));
export const byCode = ({ bootstrapToken }) => ({ bootstrapToken, preferBootstrapToken: true });

// Keep the tokens of other roles that came with one by a setup code.
export function keepHanded(device, hello) {
  for (const { role, deviceToken, scopes } of hello.auth.deviceTokens ?? []) {
    device.tokens[role] = token(role, deviceToken, scopes);
  }
}
