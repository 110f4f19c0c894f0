// Drives the published reference client, unmodified, through a session and prints what it saw as one JSON object.
// Usage: node reference_client.mjs URL TOKEN
import { as, newDevice, open } from "./reference_device.mjs";

const [url, token] = process.argv.slice(2);
const seen = { events: [], gaps: 0 };
const device = newDevice();

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
const watched = {
  onGap: () => (seen.gaps += 1),
  onEvent: (event) => {
    seen.events.push(event);
    for (const watcher of [...watchers]) watcher(event);
  },
};
const chat = (runId, state) => event((e) => e.event === "chat" && e.payload.runId === runId && e.payload.state === state);

const ui = {
  clientName: "openclaw-tui",
  mode: "ui",
  role: "operator",
  scopes: ["operator.admin", "operator.read", "operator.write", "operator.approvals"],
  caps: ["tool-events"],
  ...as(device),
  ...watched,
};

const first = await open(url, { ...ui, token });
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
const again = await open(url, { ...ui, deviceToken: device.tokens.operator.token });
seen.again = again.hello.auth.method;
seen.sameToken = again.hello.auth.deviceToken === first.hello.auth.deviceToken;
again.client.stop();

// A program on this machine without a device.
const backend = await open(url, { token, scopes: ["operator.read"], ...watched });
seen.status = await backend.client.request("status", {});
backend.client.stop();

console.log(JSON.stringify(seen));
process.exit(0);
