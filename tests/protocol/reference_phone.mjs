// The published reference client, unmodified, as a phone uses it: node role first, then operator.
// Usage: node reference_phone.mjs STATE_FILE CODE      pairs with a setup code and keeps what it got in STATE_FILE
//        ASK="a question"                              (environment) also asks it and waits for the answer
//        node reference_phone.mjs STATE_FILE           comes back at URL (environment) with what it kept
import crypto from "node:crypto";
import {
  PHONE, PHONE_AS_NODE, PHONE_AS_OPERATOR, as, byCode, deviceIn, keepHanded, keepIn, newDevice, open, raw, readCode, sign,
} from "./reference_device.mjs";

const [file, code] = process.argv.slice(2);
const phone = deviceIn(file);

function comeIn(url, options, device = phone) {
  const pin = url.startsWith("wss:") && phone.tlsFingerprint ? { tlsFingerprint: phone.tlsFingerprint } : {};
  return open(url, { ...as(device), ...pin, ...options });
}

// The same device on a link that others can read. The published client refuses to speak there, so these are our frames.
function plainly(address, scopes) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address);
    const { clientName: id, platform, deviceFamily } = PHONE;
    const client = { id, mode: "ui", version: "1", platform, deviceFamily };
    socket.onerror = () => reject(new Error("no plain connection"));
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.event === "connect.challenge") {
        const { nonce, ts } = frame.payload;
        const { deviceId, publicKeyPem, privateKeyPem } = phone.identity;
        const token = phone.tokens.operator.token;
        const head = ["v3", deviceId, client.id, client.mode, "operator", scopes.join(","), ts, token, nonce];
        const payload = [...head, "android 15", "android"].join("|");
        const signature = sign(privateKeyPem, payload);
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
let bootstrap = {};
if (code) {
  const setup = readCode(code);
  url = setup.url;
  phone.tlsFingerprint = setup.tlsFingerprint;
  seen.keys = Object.keys(setup).sort();
  bootstrap = byCode(setup);
}

const first = await comeIn(url, { ...PHONE_AS_NODE, ...bootstrap });
seen.node = first.hello.auth;
keepHanded(phone, first.hello);
let said = () => {};
const onEvent = ({ event, payload }) => event === "chat" && payload.state === "final" && said(payload);
const scopes = phone.tokens.operator?.scopes ?? [];
const second = await comeIn(url, { ...PHONE_AS_OPERATOR, scopes, onEvent });
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
  seen.plain = await plainly(process.env.PLAIN_URL, [...scopes, "operator.pairing"]);
}
first.client.stop();
second.client.stop();
const { node, operator } = phone.tokens;
seen.sameTokens = seen.node.deviceToken === node.token && seen.operator.deviceToken === operator.token;

if (code) {
  // What was photographed over the shoulder is worth nothing now.
  seen.thief = await tried(() => comeIn(url, { ...PHONE_AS_NODE, ...bootstrap }, newDevice()));
}
keepIn(file, phone);
console.log(JSON.stringify(seen));
process.exit(0);
