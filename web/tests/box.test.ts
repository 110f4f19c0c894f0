import assert from "node:assert/strict";
import { test } from "node:test";
import { endsAt, pageLink, rights, rightsOf, sorted } from "../src/views/devices/model";
import type { Paired } from "../src/views/devices/model";
import { bySeverity, fixParts, needsKey, pageFor, settingOf, summaryOf, together, tone, whoKey } from "../src/views/health/model";
import { asText, clock, parse, wanted } from "../src/views/logs/model";
import { jobShare, order, pace, size, worthShowing } from "../src/views/models/model";
import type { Advice, Job } from "../src/views/models/model";
import { answerText, readParams, topic, topics, wanted as asked, weighty } from "../src/views/nodes/model";
import { athome, bars } from "../src/views/usage/model";
import { countdown, moneyText } from "../src/views/panel/measures";
import { fingerprint, platformIcon, short } from "../src/views/panel/names";

const device = (more: Partial<Paired>): Paired => ({ deviceId: "d", platform: "web", role: "operator", roles: ["operator"], scopes: [], approvedVia: "owner", approvedAtMs: 0, tokens: [], ...more });

test("what a device may do is one word, and admin has every right", () => {
  assert.equal(rights(["operator"], ["operator.read", "operator.admin"]), "owner");
  assert.equal(rights(["operator"], ["operator.write"]), "limited");
  assert.equal(rights(["operator"], ["operator.read"]), "read");
  assert.equal(rights(["node"], []), "node");
  assert.equal(rights([], []), "none");
});

test("a revoked token gives no right, whatever the device was once approved for", () => {
  const token = { role: "operator", scopes: ["operator.admin"], createdAtMs: 1 };
  assert.equal(rightsOf(device({ scopes: ["operator.admin"], tokens: [token] })), "owner");
  assert.equal(rightsOf(device({ scopes: ["operator.admin"], tokens: [{ ...token, revokedAtMs: 2 }] })), "none");
});

test("this device comes first, then who is connected, then who was seen last", () => {
  const all = [device({ deviceId: "old", lastSeenAtMs: 1 }), device({ deviceId: "new", lastSeenAtMs: 9 }), device({ deviceId: "here", connected: true }), device({ deviceId: "own" })];
  assert.deepEqual(sorted(all, "own").map((one) => one.deviceId), ["own", "here", "new", "old"]);
});

test("a code lives ten minutes, also by a clock that is wrong", () => {
  assert.equal(endsAt(1_000_000, 700_000), 1_000_000);
  assert.equal(endsAt(1_000_000, 5_000_000), 5_600_000); // this browser is ahead
  assert.equal(endsAt(9_000_000, 1_000_000), 1_600_000); // or far behind
});

test("the link of a code opens the page of the first address", () => {
  const code = btoa(JSON.stringify({ url: "wss://box.local:18789", urls: ["wss://box.local:18789"], bootstrapToken: "t".repeat(43), expiresAtMs: 1 })).replace(/=+$/, "");
  assert.equal(pageLink(code), `https://box.local:18789/#bootstrapToken=${"t".repeat(43)}`);
  assert.equal(pageLink("nonsense"), null);
});

test("a fix is taken apart into words and commands, and a setting among them can be set", () => {
  assert.deepEqual(fixParts("homarus config set offline true"), { text: "", commands: ["homarus config set offline true"] });
  assert.deepEqual(fixParts("Run `homarus doctor`, then look at `gateway.port`."), { text: "Run homarus doctor, then look at gateway.port.", commands: ["homarus doctor"] });
  assert.deepEqual(settingOf("homarus config set offline true"), { path: "offline", value: true });
  assert.deepEqual(settingOf("homarus config set gateway.bind lan"), { path: "gateway.bind", value: "lan" });
  assert.equal(settingOf("homarus config set gateway.publicOrigin https://HOST"), undefined);
  assert.equal(settingOf("homarus doctor"), undefined);
});

test("the worst comes first, and each code leads to the page that mends it", () => {
  assert.deepEqual(bySeverity([{ severity: "notice" }, { severity: "odd" }, { severity: "critical" }, { severity: "degraded" }]).map((one) => one.severity), ["critical", "degraded", "notice", "odd"]);
  assert.deepEqual(["critical", "warning", "notice"].map(tone), ["bad", "warn", "neutral"]);
  assert.equal(pageFor("config_invalid"), "/config");
  assert.equal(pageFor("engine_down"), "/models");
  assert.equal(pageFor("disk_full"), undefined);
});

test("doors that this page knows have words in every language, others keep those of the box", () => {
  assert.equal(whoKey("your tailnet"), "tailnet");
  assert.equal(whoKey("members of the group family, if it exists"), undefined);
  assert.equal(needsKey("the gateway token or password, or a paired device"), "secret");
  assert.equal(needsKey("nothing: the kernel vouches"), "kernel");
  assert.equal(needsKey("nothing: gateway.auth.mode is none"), "open");
  assert.equal(needsKey("a badge"), undefined);
});

test("a line of the log is read, filtered by level and words, and copied as text", () => {
  const line = parse('{"time":"2026-11-21T12:03:05Z","level":"warning","logger":"appliance.daemon.gateway","message":"slow","ms":12}', 4);
  assert.deepEqual(line, { id: 4, time: "2026-11-21T12:03:05Z", level: "warning", from: "daemon.gateway", message: "slow", facts: "ms=12" });
  assert.equal(clock(line.time), "12:03:05");
  assert.equal(asText(line), "2026-11-21T12:03:05Z warning daemon.gateway slow ms=12");
  assert.ok(wanted(line, "warn", "SLOW 12"));
  assert.ok(!wanted(line, "error", ""));
  assert.ok(!wanted(line, "info", "slow fast"));
  const plain = parse("Traceback: x", 5);
  assert.equal(asText(plain), "Traceback: x");
  assert.ok(wanted(plain, "error", "trace"));
});

test("a job tells how far it is, and a pace only when there is one", () => {
  const job: Job = { jobId: "j", file: "f", state: "running", phase: "download", doneBytes: 50, totalBytes: 200 };
  assert.equal(jobShare(job), 0.25);
  assert.equal(jobShare({ ...job, phase: "load" }), undefined);
  assert.equal(jobShare({ ...job, phase: "probe", asked: 15 }), 0.5);
  assert.equal(pace([{ at: 0, bytes: 0 }, { at: 1_999, bytes: 10 }], 100), undefined);
  assert.deepEqual(pace([{ at: 0, bytes: 0 }, { at: 2_000, bytes: 20 }], 100), { rate: 10, leftMs: 8_000 });
  assert.equal(pace([{ at: 0, bytes: 20 }, { at: 9_000, bytes: 20 }], 100), undefined);
});

test("models are named by their size, the best that fit are shown, and the order of asking is read in both forms", () => {
  assert.deepEqual([494e6, 1.24e9, 8.03e9, 70.6e9].map(size), ["494M", "1.2B", "8B", "71B"]);
  const advice = (name: string, fits: boolean): Advice => ({ name, fits }) as Advice;
  const all = ["a", "b", "c", "d", "e"].map((name) => advice(name, name !== "a"));
  assert.deepEqual(worthShowing(all, false).map((one) => one.name), ["b", "c", "d", "e"]);
  assert.equal(worthShowing(all, true).length, 5);
  const config = (model: unknown): unknown => ({ agents: { defaults: { model } } });
  assert.deepEqual(order(config("house/big")), ["house/big"]);
  assert.deepEqual(order(config({ primary: "a/b", fallbacks: ["c/d"] })), ["a/b", "c/d"]);
  assert.deepEqual(order(config({ fallbacks: ["c/d"] })), ["c/d"]);
  assert.deepEqual([order({}), order(null)], [[], []]);
});

test("commands of a node are told by what they are about, the weighty ones first", () => {
  assert.deepEqual(["system.run", "fs.read", "camera.snap", "system.notify", "device.info", "odd.thing"].map(topic), ["run", "files", "camera", "notify", "device", "other"]);
  assert.deepEqual(topics(["device.info", "system.which", "system.run"]), [{ topic: "run", commands: ["system.run", "system.which"] }, { topic: "device", commands: ["device.info"] }]);
  assert.ok(weighty("run") && weighty("files") && !weighty("camera"));
  const node = { nodeId: "n", platform: "linux", commands: ["device.info"], approvalState: "approved", connected: true, paired: true, pendingDeclaredCommands: ["device.info", "camera.snap"] };
  assert.deepEqual(asked(node), ["camera.snap"]);
});

test("parameters are an object or nothing, and answers are shown as they are", () => {
  assert.deepEqual(readParams("  "), {});
  assert.deepEqual(readParams('{"command": ["uptime"]}'), { command: ["uptime"] });
  assert.deepEqual([readParams("[1]"), readParams("{"), readParams("null")], [undefined, undefined, undefined]);
  assert.equal(answerText({ payloadJSON: '{"a":1}' }), '{\n  "a": 1\n}');
  assert.equal(answerText({ payloadJSON: "not json" }), "not json");
  assert.equal(answerText({ payload: "text" }), "text");
});

test("time runs down as a clock does, and small sums are not nothing", () => {
  assert.deepEqual([0, 9_000, 725_000, 3_723_000, 183_845_000].map((ms) => countdown(ms)), ["0:00", "0:09", "12:05", "1:02:03", "2 d 3:04:05"]);
  assert.deepEqual([0, 0.004, 0.42, 1234.5].map((sum) => moneyText(sum, "en")), ["$0", "< $0.01", "$0.42", "$1,235"]);
});

test("a key is compared by its first 16 digits", () => {
  assert.equal(fingerprint("0123456789abcdef0123"), "0123 4567 89ab cdef");
  assert.equal(short("8be8f3a5-1234"), "8be8f3a5");
  assert.deepEqual([platformIcon({ role: "node" }), platformIcon({ clientMode: "webchat" }), platformIcon({ clientMode: "cli" }), platformIcon({})], ["node", "globe", "log", "devices"]);
});

test("a day with anything at all is seen, and answers at home are a share of all", () => {
  const day = (date: string, totalCost: number) => ({ date, totalCost, totalTokens: 1 }) as Parameters<typeof bars>[0][number];
  assert.deepEqual(bars([day("a", 0), day("b", 0.001), day("c", 10)], (one) => one.totalCost, 30, 100).map((bar) => [bar.y, bar.height]), [[99, 1], [98, 2], [0, 100]]);
  const tier = (name: string, count: number) => ({ tier: name, count }) as Parameters<typeof athome>[0][number];
  assert.equal(athome([tier("mini", 3), tier("cloud", 1)]), 0.75);
  assert.equal(athome([]), undefined);
});

test("findings about the configuration are one group for each severity, others stand alone", () => {
  const one = (code: string, subject: string, severity: string) => ({ code, subject, severity, summary: subject, fix: "" });
  assert.deepEqual(together([one("config_invalid", "a", "degraded"), one("engine_down", "e", "degraded"), one("config_invalid", "b", "degraded"), one("config_unused", "c", "notice")]).map((all) => all.map((each) => each.subject)), [["a", "b"], ["e"], ["c"]]);
  assert.equal(summaryOf({ summary: "/var/lib/homarus/homarus.json5: offline: must be true or false" }), "homarus.json5: offline: must be true or false");
  assert.equal(summaryOf({ summary: "The disk is full" }), "The disk is full");
});
