// Drives the published reference client, unmodified, through a session and prints what it saw as one JSON object.
// Usage: node reference_client.mjs URL TOKEN
import crypto from "node:crypto";
import { GatewayClient } from "@openclaw/gateway-client";

const [url, token] = process.argv.slice(2);
const seen = { events: [], gaps: 0 };

const { publicKey, privateKey } = crypto.generateKeyPairSync("ed25519");
const publicKeyPem = publicKey.export({ type: "spki", format: "pem" });
const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" });
const raw = (pem) => crypto.createPublicKey(pem).export({ type: "spki", format: "der" }).subarray(-32);
const deviceId = crypto.createHash("sha256").update(raw(publicKeyPem)).digest("hex");
const stored = {};
const hostDeps = {
  loadOrCreateDeviceIdentity: () => ({ deviceId, publicKeyPem, privateKeyPem }),
  signDevicePayload: (pem, payload) => crypto.sign(null, Buffer.from(payload), pem).toString("base64url"),
  publicKeyRawBase64UrlFromPem: (pem) => raw(pem).toString("base64url"),
  loadDeviceAuthToken: ({ role }) => stored[role] ?? null,
  storeDeviceAuthToken: ({ role, token: value, scopes }) => {
    stored[role] = { token: value, role, scopes, updatedAtMs: 0 };
  },
  clearDeviceAuthToken: ({ role }) => {
    delete stored[role];
  },
};

function open(options) {
  return new Promise((resolve, reject) => {
    const client = new GatewayClient({
      url,
      minProtocol: 4,
      maxProtocol: 4,
      onHelloOk: (hello) => resolve({ client, hello }),
      onConnectError: reject,
      onGap: () => (seen.gaps += 1),
      onEvent: (event) => {
        seen.events.push(event);
        for (const watcher of [...watchers]) watcher(event);
      },
      ...options,
    });
    client.start();
  });
}

const watchers = new Set();
function event(matches) {
  return new Promise((resolve) => {
    const watcher = (item) => {
      if (matches(item)) {
        watchers.delete(watcher);
        resolve(item);
      }
    };
    watchers.add(watcher);
  });
}
const chat = (runId, state) => event((e) => e.event === "chat" && e.payload.runId === runId && e.payload.state === state);

const ui = {
  clientName: "openclaw-tui",
  mode: "ui",
  role: "operator",
  scopes: ["operator.admin", "operator.read", "operator.write", "operator.approvals"],
  caps: ["tool-events"],
  deviceIdentity: { deviceId, publicKeyPem, privateKeyPem },
  hostDeps,
};

const first = await open({ ...ui, token });
const { client } = first;
seen.auth = first.hello.auth.method;
seen.methods = first.hello.features.methods;
seen.deviceToken = typeof first.hello.auth.deviceToken;

await client.request("sessions.subscribe", {});
seen.agents = await client.request("agents.list", {});
seen.commands = (await client.request("commands.list", { scope: "text" })).commands.length;

const hello = chat("say-hello", "final");
seen.ack = await client.request("chat.send", {
  sessionKey: "main",
  message: "Hello there",
  deliver: false,
  idempotencyKey: "say-hello",
});
seen.final = (await hello).payload;
seen.history = await client.request("chat.history", { sessionKey: "main", limit: 200 });

const begun = chat("to-abort", "delta");
const aborted = chat("to-abort", "aborted");
await client.request("chat.send", { sessionKey: "main", message: "Never ends", deliver: false, idempotencyKey: "to-abort" });
await begun;
seen.abort = await client.request("chat.abort", { sessionKey: "main", runId: "to-abort" });
seen.aborted = (await aborted).payload;

seen.sessions = await client.request("sessions.list", { limit: 10 });
seen.reset = await client.request("sessions.reset", { key: "main" });
seen.afterReset = await client.request("chat.history", { sessionKey: "main", limit: 200 });
seen.models = await client.request("models.list", { view: "default", includeDetails: true });
try {
  await client.request("no.such.method", {});
} catch (error) {
  seen.unknown = String(error.message);
}
client.stop();

// The device token alone lets the same device in again, and stays the same.
const again = await open({ ...ui, deviceToken: stored.operator.token });
seen.again = again.hello.auth.method;
seen.sameToken = again.hello.auth.deviceToken === first.hello.auth.deviceToken;
again.client.stop();

// A program on this machine without a device.
const backend = await open({ token, scopes: ["operator.read"] });
seen.status = await backend.client.request("status", {});
backend.client.stop();

console.log(JSON.stringify(seen));
process.exit(0);
