// The published reference client, unmodified, as a headless node. Usage: node reference_node.mjs URL TOKEN COMMAND…
// It answers device.info with an object, system.which with text, refuses system.run, and never answers device.status.
// It prints one JSON object a line for whatever it hears, and ends when its standard input ends.
import { GatewayClient, as, newDevice } from "./reference_device.mjs";

const [url, token, ...commands] = process.argv.slice(2);
const device = newDevice();
const say = (kind, value) => console.log(JSON.stringify({ kind, value }));

const answers = {
  "device.info": () => ({ ok: true, payload: { deviceName: "reference" } }),
  "system.which": ({ paramsJSON }) => ({ ok: true, payloadJSON: paramsJSON }),
  "system.run": () => ({ ok: false, error: { code: "SYSTEM_RUN_DENIED", message: "approval required" } }),
};

const client = new GatewayClient({
  url,
  token,
  minProtocol: 4,
  maxProtocol: 4,
  clientName: "node-host",
  clientDisplayName: "reference",
  mode: "node",
  role: "node",
  scopes: [],
  platform: "linux",
  deviceFamily: "Linux",
  caps: ["system"],
  commands,
  ...as(device),
  onHelloOk: async (hello) => {
    say("hello", { deviceId: device.identity.deviceId, role: hello.auth.role });
    const stats = {
      cpuCount: 2,
      loadAverage: [0.1, 0.2, 0.3],
      memoryTotalBytes: 1000,
      memoryFreeBytes: 500,
      diskTotalBytes: 2000,
      diskAvailableBytes: 1500,
    };
    // What a node host sends after hello (protocol.md 12.4).
    say("stats", await client.request("node.event", { event: "node.host.stats", payloadJSON: JSON.stringify(stats) }));
    say("inventory", await client.request("node.runnerInventory.update", { runners: [] }));
    say("skills", await client.request("node.skills.update", { skills: [] }));
    say("tools", await client.request("node.pluginTools.update", { tools: [] }));
  },
  onConnectError: (error) => say("error", String(error.message)),
  onClose: (code, reason) => say("close", { code, reason: String(reason) }),
  onEvent: async (event) => {
    say("event", event);
    if (event.event !== "node.invoke.request") return;
    const { id, nodeId, command } = event.payload;
    const answer = answers[command]?.(event.payload);
    if (answer) say("taken", await client.request("node.invoke.result", { id, nodeId, ...answer }));
  },
});
client.start();
process.stdin.resume();
process.stdin.on("end", () => {
  client.stop();
  process.exit(0);
});
