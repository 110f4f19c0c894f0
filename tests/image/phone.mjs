// The published reference client, unmodified, as a phone of the owner: it pairs once and keeps what it got in a file.
// Usage: node phone.mjs STATE_FILE URL      then one JSON request a line on standard input, one JSON answer a line:
//   {"do": "pair", "code": SETUP_CODE}  {"do": "open"}  {"do": "call", "method": M, "params": P}
//   {"do": "ask", "text": T, "key": IDEMPOTENCY_KEY}    answers when it is acknowledged, and once more with the final one
import crypto from "node:crypto";
import fs from "node:fs";
import readline from "node:readline";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../protocol/package.json", import.meta.url));
const { GatewayClient } = await import(pathToFileURL(require.resolve("@openclaw/gateway-client")));

const [file, url] = process.argv.slice(2);
const state = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : { tokens: {} };
const save = () => fs.writeFileSync(file, JSON.stringify(state));
const say = (answer) => console.log(JSON.stringify(answer));
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
    save();
  },
  clearDeviceAuthToken: ({ role }) => {
    delete state.tokens[role];
    save();
  },
};

const finals = new Map(); // run id -> what it said at the end, or who waits for that
function settled(runId) {
  const known = finals.get(runId);
  if (known && !known.waiting) return Promise.resolve(known);
  return new Promise((waiting) => finals.set(runId, { waiting }));
}
const ends = new Set(["final", "error", "aborted"]);
function onEvent({ event, payload }) {
  if (event !== "chat" || !ends.has(payload.state)) return;
  const known = finals.get(payload.runId);
  finals.set(payload.runId, payload);
  known?.waiting?.(payload);
}

function open(options) {
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
      ...(state.tlsFingerprint ? { tlsFingerprint: state.tlsFingerprint } : {}),
      onHelloOk: (hello) => resolve({ client, hello }),
      onConnectError: (error) => {
        client.stop();
        reject(error);
      },
      ...options,
    });
    client.start();
  });
}

let operator;
async function comeIn() {
  operator?.client.stop();
  operator = await open({ mode: "ui", role: "operator", scopes: state.tokens.operator.scopes, caps: [], onEvent });
  await operator.client.request("sessions.messages.subscribe", { key: "main" });
  return { method: operator.hello.auth.method, scopes: operator.hello.auth.scopes, server: operator.hello.server };
}

const verbs = {
  async pair({ code }) {
    const setup = JSON.parse(Buffer.from(code, "base64url"));
    state.tlsFingerprint = setup.tlsFingerprint;
    const node = { mode: "node", role: "node", scopes: [], caps: ["device"], commands: ["device.info"] };
    const first = await open({ ...node, bootstrapToken: setup.bootstrapToken, preferBootstrapToken: true });
    for (const handed of first.hello.auth.deviceTokens ?? []) {
      state.tokens[handed.role] = { token: handed.deviceToken, role: handed.role, scopes: handed.scopes, updatedAtMs: 0 };
    }
    save();
    first.client.stop();
    return comeIn();
  },
  open: comeIn,
  call: ({ method, params }) => operator.client.request(method, params ?? {}),
  ask: ({ text, key }) =>
    operator.client.request("chat.send", { sessionKey: "main", message: text, deliver: false, idempotencyKey: key }),
  final: ({ run }) => settled(run),
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  try {
    say({ ok: await verbs[request.do](request) });
  } catch (error) {
    say({ failed: String(error?.message ?? error), code: error?.details?.code ?? error?.code });
  }
}
process.exit(0);
