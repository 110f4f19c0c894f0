/**
 * A page without a browser against a real gateway: `node live.mjs URL CODE`. Pairs with the code, comes back with the
 * token, calls, and reports what it sees as lines of JSON. The test beside it removes the device meanwhile.
 */
import { Gateway } from "../src/gateway/client";
import type { SocketLike } from "../src/gateway/connection";
import { Memory } from "../src/gateway/storage";
import { until } from "./fakes";

const [url = "", code = ""] = process.argv.slice(2);
const kept = new Memory();

// Node's WebSocket takes headers; a browser sends its Origin by itself.
const Socket = WebSocket as unknown as new (url: string, options: object) => SocketLike;

function page(): Gateway {
  return new Gateway({
    open: (address) => new Socket(address, { headers: { Origin: new URL(address.replace("ws", "http")).origin } }),
    url,
    kept: async () => kept,
    now: () => Date.now(),
    chance: () => Math.random(),
    version: "test",
    describe: () => ({ displayName: "Live", platform: "web", locale: "en", timeZone: "UTC", userAgent: "node" }),
  });
}

const say = (word: string, more: object = {}): void => console.log(JSON.stringify({ word, ...more }));

const first = page();
await first.start({ code });
await until(() => first.status.value !== "connecting");
say(first.status.value, { scopes: first.hello.value?.auth.scopes, problem: first.problem.value });

const second = page();
await second.start();
await until(() => second.status.value !== "connecting");
const identity = await second.call<{ deviceId: string }>("gateway.identity.get");
say(second.status.value, { deviceId: second.deviceId.value, box: identity.deviceId.length });

const end = Date.now() + 20_000;
while (second.status.value !== "pairing" && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
say(second.status.value, { problem: second.problem.value?.code });
process.exit(0);
