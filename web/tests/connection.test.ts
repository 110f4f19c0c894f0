import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection } from "../src/gateway/connection";
import { GatewayError } from "../src/gateway/errors";
import { FakeSocket } from "./fakes";

function open() {
  const socket = new FakeSocket();
  const heard: unknown[] = [];
  const connection = new Connection(
    socket,
    {
      challenge: (nonce) => heard.push(["challenge", nonce]),
      event: (frame) => heard.push(frame.event),
      gap: () => heard.push("gap"),
      closed: (code) => heard.push(["closed", code]),
    },
    () => 0,
  );
  return { socket, heard, connection };
}

const failsWith = (code: string) => (error: unknown) => error instanceof GatewayError && error.code === code;

test("answers find their requests in any order", async () => {
  const { socket, connection } = open();
  const first = connection.request("a", {});
  const second = connection.request("b", undefined);
  assert.deepEqual(socket.sent, [{ type: "req", id: "1", method: "a", params: {} }, { type: "req", id: "2", method: "b" }]);
  socket.say({ type: "res", id: "2", ok: true, payload: 2 });
  socket.say({ type: "res", id: "1", ok: true, payload: 1 });
  assert.deepEqual([await first, await second], [1, 2]);
});

test("a refusal carries the code of its details", async () => {
  const { socket, connection } = open();
  const asked = connection.request("a", {});
  socket.refuse("a", "MISSING_SCOPE", { missingScope: "operator.admin" });
  await assert.rejects(asked, failsWith("MISSING_SCOPE"));
});

test("a call that is answered twice can wait for the last answer", async () => {
  const { socket, connection } = open();
  const asked = connection.request("agent", {}, { final: true });
  socket.say({ type: "res", id: "1", ok: true, payload: { status: "accepted" } });
  socket.say({ type: "res", id: "1", ok: true, payload: { status: "ok" } });
  assert.deepEqual(await asked, { status: "ok" });
});

test("open requests fail when the socket ends, and later ones at once", async () => {
  const { socket, heard, connection } = open();
  const asked = connection.request("a", {});
  socket.drop(1006);
  await assert.rejects(asked, failsWith("CONNECTION_LOST"));
  await assert.rejects(connection.request("b", {}), failsWith("CONNECTION_LOST"));
  assert.deepEqual(heard, [["closed", 1006]]);
});

test("a request can be given up by time and by hand", async () => {
  const { connection } = open();
  await assert.rejects(connection.request("a", {}, { timeoutMs: 5 }), failsWith("TIMEOUT"));
  const control = new AbortController();
  const asked = connection.request("a", {}, { signal: control.signal });
  control.abort();
  await assert.rejects(asked, failsWith("ABORTED"));
  await assert.rejects(connection.request("a", {}, { signal: control.signal }), failsWith("ABORTED"));
});

test("a missing number between two events is told", () => {
  const { socket, heard } = open();
  socket.challenge("n");
  for (const seq of [1, 2, 4]) socket.say({ type: "event", event: "tick", seq });
  assert.deepEqual(heard, [["challenge", "n"], "tick", "tick", "gap", "tick"]);
});

test("what is not JSON ends the connection", () => {
  const { socket, heard } = open();
  socket.onmessage?.({ data: "{" });
  assert.equal(socket.closedWith, 1003);
  assert.deepEqual(heard, [["closed", 1003]]);
});
