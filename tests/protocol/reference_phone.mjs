// The published reference client, unmodified, as a phone uses it: node role first, then operator.
// Usage: node reference_phone.mjs STATE_FILE CODE      pairs with a setup code and keeps what it got in STATE_FILE
//        ASK="a question"                              (environment) also asks it and waits for the answer
//        node reference_phone.mjs STATE_FILE           comes back at URL (environment) with what it kept
import crypto from "node:crypto";
import fs from "node:fs";
import { GatewayClient } from "@openclaw/gateway-client";

const [file, code] = process.argv.slice(2);
const state = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : { tokens: {} };
const raw = (pem) => crypto.createPublicKey(pem).export({ type: "spki", format: "der" }).subarray(-32);
if (!state.identity) {
  const { publicKey, privateKey } = crypto.generateKeyPairSync("ed25519");
  const publicKeyPem = publicKey.export({ type: "spki", format: "pem" });
  state.identity = {
    deviceId: crypto.createHash("sha256").update(raw(publicKeyPem)).digest("hex"),
    publicKeyPem,
    privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}
const hostDeps = {
  loadOrCreateDeviceIdentity: () => state.identity,
  signDevicePayload: (pem, payload) => crypto.sign(null, Buffer.from(payload), pem).toString("base64url"),
  publicKeyRawBase64UrlFromPem: (pem) => raw(pem).toString("base64url"),
  loadDeviceAuthToken: ({ role }) => state.tokens[role] ?? null,
  storeDeviceAuthToken: ({ role, token, scopes }) => {
    state.tokens[role] = { token, role, scopes, updatedAtMs: 0 };
  },
  clearDeviceAuthToken: ({ role }) => {
    delete state.tokens[role];
  },
};

function open(url, options) {
  return new Promise((resolve, reject) => {
    const client = new GatewayClient({
      url,
      minProtocol: 4,
      maxProtocol: 4,
      clientName: "openclaw-android",
      platform: "Android 15",
      deviceFamily: "Android",
      deviceIdentity: state.identity,
      hostDeps,
      ...(url.startsWith("wss:") && state.tlsFingerprint ? { tlsFingerprint: state.tlsFingerprint } : {}),
      onHelloOk: (hello) => resolve({ client, hello }),
      onConnectError: reject,
      ...options,
    });
    client.start();
  });
}

// The same device on a link that others can read. The published client refuses to speak there, so these are our frames.
function plainly(address, scopes) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address);
    const client = { id: "openclaw-android", mode: "ui", version: "1", platform: "Android 15", deviceFamily: "Android" };
    socket.onerror = () => reject(new Error("no plain connection"));
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.event === "connect.challenge") {
        const { nonce, ts } = frame.payload;
        const { deviceId, publicKeyPem, privateKeyPem } = state.identity;
        const token = state.tokens.operator.token;
        const head = ["v3", deviceId, client.id, client.mode, "operator", scopes.join(","), ts, token, nonce];
        const payload = [...head, "android 15", "android"].join("|");
        const signature = crypto.sign(null, Buffer.from(payload), privateKeyPem).toString("base64url");
        const publicKey = raw(publicKeyPem).toString("base64url");
        const device = { id: deviceId, publicKey, signature, signedAt: ts, nonce };
        const params = { minProtocol: 4, maxProtocol: 4, client, role: "operator", scopes, auth: { token }, device };
        socket.send(JSON.stringify({ type: "req", id: "1", method: "connect", params }));
      } else if (frame.type === "res") {
        socket.close();
        frame.ok ? resolve(frame.payload.auth) : reject(new Error(frame.error.message));
      }
    };
  });
}

const tried = async (work) => {
  try {
    return await work();
  } catch (error) {
    return { failed: String(error.message), code: error.details?.code ?? error.error?.details?.code };
  }
};

const seen = {};
let url = process.env.URL;
const node = { mode: "node", role: "node", scopes: [], caps: ["device"], commands: ["device.info"] };
let bootstrap = {};
if (code) {
  const setup = JSON.parse(Buffer.from(code, "base64url"));
  url = setup.url;
  state.tlsFingerprint = setup.tlsFingerprint;
  seen.keys = Object.keys(setup).sort();
  bootstrap = { bootstrapToken: setup.bootstrapToken, preferBootstrapToken: true };
}

const first = await open(url, { ...node, ...bootstrap });
seen.node = first.hello.auth;
for (const handed of first.hello.auth.deviceTokens ?? []) {
  state.tokens[handed.role] = { token: handed.deviceToken, role: handed.role, scopes: handed.scopes, updatedAtMs: 0 };
}
let said = () => {};
const onEvent = ({ event, payload }) => event === "chat" && payload.state === "final" && said(payload);
const operator = { mode: "ui", role: "operator", scopes: state.tokens.operator?.scopes ?? [], caps: [], onEvent };
const second = await open(url, operator);
seen.operator = second.hello.auth;
seen.health = (await second.client.request("health", {})).ok;
seen.history = Array.isArray((await second.client.request("chat.history", { sessionKey: "main" })).messages);
seen.url = url;
if (process.env.ASK) {
  const answer = new Promise((resolve) => (said = resolve));
  await second.client.request("sessions.messages.subscribe", { key: "main" });
  await second.client.request("chat.send", { sessionKey: "main", message: process.env.ASK, idempotencyKey: crypto.randomUUID() });
  seen.answer = (await answer).message;
}
seen.devices = await tried(() => second.client.request("device.pair.list", {}));
if (process.env.PLAIN_URL) {
  seen.plain = await plainly(process.env.PLAIN_URL, [...operator.scopes, "operator.pairing"]);
}
first.client.stop();
second.client.stop();
seen.sameTokens = seen.node.deviceToken === state.tokens.node.token && seen.operator.deviceToken === state.tokens.operator.token;

if (code) {
  // What was photographed over the shoulder is worth nothing now.
  const kept = state.identity;
  const thief = crypto.generateKeyPairSync("ed25519");
  const publicKeyPem = thief.publicKey.export({ type: "spki", format: "pem" });
  const identity = {
    deviceId: crypto.createHash("sha256").update(raw(publicKeyPem)).digest("hex"),
    publicKeyPem,
    privateKeyPem: thief.privateKey.export({ type: "pkcs8", format: "pem" }),
  };
  seen.thief = await tried(() => open(url, { ...node, ...bootstrap, deviceIdentity: identity }));
  state.identity = kept;
}
fs.writeFileSync(file, JSON.stringify(state));
console.log(JSON.stringify(seen));
process.exit(0);
