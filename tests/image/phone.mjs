// The published reference client, unmodified, as a phone of the owner: it pairs once and keeps what it got in a file.
// Usage: node phone.mjs STATE_FILE URL      then one JSON request a line on standard input, one JSON answer a line:
//   {"do": "pair", "code": SETUP_CODE}  {"do": "open"}  {"do": "call", "method": M, "params": P}
//   {"do": "ask", "text": T, "key": IDEMPOTENCY_KEY}    answers when it is acknowledged, and once more with the final one
import readline from "node:readline";
import {
  PHONE_AS_NODE, PHONE_AS_OPERATOR, as, byCode, deviceIn, keepHanded, keepIn, open, readCode,
} from "../protocol/reference_device.mjs";

const [file, url] = process.argv.slice(2);
const phone = deviceIn(file);
const save = () => keepIn(file, phone);
const say = (answer) => console.log(JSON.stringify(answer));

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

function connect(options) {
  const pin = phone.tlsFingerprint ? { tlsFingerprint: phone.tlsFingerprint } : {};
  return open(url, { ...as(phone, save), ...pin, ...options });
}

let operator;
async function comeIn() {
  operator?.client.stop();
  operator = await connect({ ...PHONE_AS_OPERATOR, scopes: phone.tokens.operator.scopes, onEvent });
  await operator.client.request("sessions.messages.subscribe", { key: "main" });
  return { method: operator.hello.auth.method, scopes: operator.hello.auth.scopes, server: operator.hello.server };
}

const verbs = {
  async pair({ code }) {
    const setup = readCode(code);
    phone.tlsFingerprint = setup.tlsFingerprint;
    const first = await connect({ ...PHONE_AS_NODE, ...byCode(setup) });
    keepHanded(phone, first.hello);
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
