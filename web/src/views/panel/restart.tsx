import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, confirm } from "../../ui";
import { act } from "./act";

/** Restarts the gateway, after a question. The page comes back with it. Nothing on a box that cannot do it. */
export function RestartButton(): JSX.Element | null {
  const [busy, setBusy] = useState(false);
  if (!gateway.can("operator.admin") || !gateway.has("gateway.restart.request")) return null;
  const run = async (): Promise<void> => {
    if (!(await confirm({ title: t("panel.restartAsk"), text: t("panel.restartText"), yes: t("panel.restart") }))) return;
    setBusy(true);
    await act(() => gateway.call("gateway.restart.request", { reason: "configuration" }), t("panel.restarting"));
    setBusy(false);
  };
  return <Button icon="refresh" busy={busy} onClick={() => void run()}>{t("panel.restart")}</Button>;
}
