import { gateway } from "../gateway";
import { toast } from "../ui";
import { t } from "./i18n";
import { go, path } from "./router";
import { waitingApprovals } from "./store";

interface Pending {
  displayName?: string;
}

/** Keep the number of devices that wait for an owner, and tell an owner who looks at something else. */
export function watchApprovals(): void {
  gateway.onOpen(() => void count());
  gateway.on("gap", () => void count());
  gateway.on("device.pair.resolved", () => void count());
  gateway.on("device.pair.requested", (request: Pending) => {
    void count();
    if (path.peek() === "/devices") return;
    const words = request.displayName ? t("shell.wantsIn", { name: request.displayName }) : t("shell.wantsInUnknown");
    toast(words, "neutral", { label: t("shell.look"), run: () => go("/devices") });
  });
}

async function count(): Promise<void> {
  if (!gateway.can("operator.pairing")) return void (waitingApprovals.value = 0);
  try {
    waitingApprovals.value = (await gateway.call<{ pending: unknown[] }>("device.pair.list")).pending.length;
  } catch {
    // The connection went away: it is counted again when it is back.
  }
}
