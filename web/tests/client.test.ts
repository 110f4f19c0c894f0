import assert from "node:assert/strict";
import { test } from "node:test";
import { Page, hello, until } from "./fakes";

test("a browser with a setup code presents it, signs with it, and keeps the token that it is given", async () => {
  const page = new Page();
  await page.gateway.start({ code: "code-1" });
  const params = await page.introduced();
  assert.deepEqual(params.auth, { bootstrapToken: "code-1" });
  assert.equal(params.client.id, "openclaw-control-ui");
  assert.equal(params.client.mode, "webchat");
  assert.equal(params.device.signedAt, 1_000);
  assert.match(params.device.signature, /\|operator\|.*\|1000\|code-1\|n-1\|web\|browser\)$/);
  page.socket.answer("connect", hello({ scopes: ["operator.read", "operator.write"] }));
  await until(() => page.gateway.status.value === "open");
  assert.deepEqual(await page.kept.get("device-token"), { deviceToken: "device-token-1", scopes: ["operator.read", "operator.write"] });
  await page.gateway.forget();
});

test("the next page comes in with the device token and exactly its scopes", async () => {
  const page = new Page();
  await page.kept.set("device-token", { deviceToken: "kept", scopes: ["operator.read"] });
  await page.gateway.start();
  const params = await page.introduced();
  assert.deepEqual([params.auth, params.scopes], [{ deviceToken: "kept" }, ["operator.read"]]);
  await page.gateway.forget();
});

test("without any credential the box is asked, and then the person", async () => {
  const page = new Page();
  await page.gateway.start();
  assert.deepEqual((await page.introduced()).auth, {});
  page.socket.refuse("connect", "AUTH_TOKEN_MISSING");
  await until(() => page.gateway.status.value === "pairing");
  assert.equal(page.gateway.problem.value?.code, "NO_CREDENTIAL");
  page.gateway.pairWith("code-2");
  assert.deepEqual((await page.introduced()).auth, { bootstrapToken: "code-2" });
  await page.gateway.forget();
});

test("a device that waits for an owner shows its request, asks again, and comes in by itself", async () => {
  const page = new Page();
  await page.gateway.start({ shared: "secret" });
  await page.introduced();
  page.socket.refuse("connect", "PAIRING_REQUIRED", { requestId: "4F2A", reason: "not-paired" }, { retryAfterMs: 5 });
  await until(() => page.gateway.status.value === "waiting");
  assert.equal(page.gateway.problem.value?.requestId, "4F2A");
  await until(() => page.sockets.length === 2);
  assert.equal(page.gateway.status.value, "waiting");
  assert.deepEqual((await page.introduced()).auth, { token: "secret" });
  page.socket.answer("connect", hello());
  await until(() => page.gateway.status.value === "open");
  assert.equal(page.gateway.problem.value, null);
  await page.gateway.forget();
});

test("a used code leaves an already paired browser with its token", async () => {
  const page = new Page();
  await page.kept.set("device-token", { deviceToken: "kept", scopes: ["operator.read"] });
  await page.gateway.start({ code: "used" });
  await page.introduced();
  page.socket.refuse("connect", "AUTH_BOOTSTRAP_TOKEN_INVALID");
  await until(() => page.sockets.length === 2);
  assert.deepEqual((await page.introduced()).auth, { deviceToken: "kept" });
  await page.gateway.forget();
});

test("a removed device forgets its token and asks for a code", async () => {
  const page = new Page();
  await page.kept.set("device-token", { deviceToken: "kept", scopes: ["operator.read"] });
  await page.gateway.start();
  await page.introduced();
  page.socket.refuse("connect", "AUTH_DEVICE_TOKEN_MISMATCH");
  await until(() => page.gateway.status.value === "pairing");
  assert.equal(page.gateway.problem.value?.code, "DEVICE_FORGOTTEN");
  assert.equal(await page.kept.get("device-token"), undefined);
});

test("a lost connection comes back by itself, and calls made meanwhile are sent then", async () => {
  const page = new Page();
  await page.gateway.start({ shared: "secret" });
  await page.enter();
  let opened = 0;
  page.gateway.onOpen(() => (opened += 1));
  page.socket.drop(1006);
  assert.equal(page.gateway.status.value, "connecting");
  const asked = page.gateway.call("chat.send", { message: "hi" });
  await until(() => page.sockets.length === 2);
  await page.enter();
  await until(() => page.socket.last("chat.send") !== undefined);
  page.socket.answer("chat.send", { runId: "r" });
  assert.deepEqual(await asked, { runId: "r" });
  assert.equal(opened, 2);
  await page.gateway.forget();
});

test("a box that stays away is offline, with the time of the next try", async () => {
  const page = new Page();
  await page.gateway.start({ shared: "secret" });
  page.socket.drop(1006);
  assert.equal(page.gateway.status.value, "offline");
  assert.ok(page.gateway.problem.value!.retryAt! > Date.now());
  page.gateway.wake();
  assert.equal(page.sockets.length, 2);
  await page.gateway.forget();
});

test("a lock after wrong tries is shown and waited for", async () => {
  const page = new Page();
  await page.gateway.start({ shared: "wrong" });
  await page.introduced();
  page.socket.refuse("connect", "AUTH_RATE_LIMITED", {}, { retryable: true, retryAfterMs: 300_000 });
  await until(() => page.gateway.status.value === "refused");
  assert.ok(page.gateway.problem.value!.retryAt! > Date.now() + 200_000);
  await page.gateway.forget();
});

test("a starting box is waited for quietly", async () => {
  const page = new Page();
  await page.gateway.start({ shared: "secret" });
  await page.introduced();
  page.socket.say({ type: "res", id: "1", ok: false, error: { code: "UNAVAILABLE", message: "starting", retryable: true, retryAfterMs: 1 } });
  await until(() => page.sockets.length === 2);
  assert.equal(page.gateway.status.value, "connecting");
  await page.gateway.forget();
});

test("admin may everything, write may read, and methods are known by name", async () => {
  const page = new Page();
  await page.gateway.start({ shared: "secret" });
  await page.introduced();
  page.socket.answer("connect", hello({ scopes: ["operator.write"] }));
  await until(() => page.gateway.status.value === "open");
  assert.deepEqual(["read", "talk", "write", "admin", "pairing"].map((scope) => page.gateway.can(scope)), [true, true, true, false, false]);
  assert.ok(page.gateway.has("chat.send") && !page.gateway.has("chat.fly"));
  await page.gateway.forget();
});

test("a broken handler does not silence the others", async (context) => {
  context.mock.method(console, "error", () => undefined);
  const page = new Page();
  await page.gateway.start({ shared: "secret" });
  await page.enter();
  const heard: unknown[] = [];
  page.gateway.on("chat", () => {
    throw new Error("broken");
  });
  page.gateway.on("chat", (payload) => heard.push(payload));
  page.socket.say({ type: "event", event: "chat", seq: 1, payload: 7 });
  assert.deepEqual(heard, [7]);
  await page.gateway.forget();
});
