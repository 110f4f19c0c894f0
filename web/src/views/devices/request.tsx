import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { format, t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, Card, confirm } from "../../ui";
import { act, fingerprint, platformIcon, short } from "../panel";
import { deviceName, kindOf, rights } from "./model";
import type { Pending } from "./model";

/** A device that asks to come in: what it says of itself, what it would be allowed, and the decision. */
export function Request({ request }: { request: Pending }): JSX.Element {
  const [busy, setBusy] = useState<"approve" | "reject" | null>(null);
  const name = deviceName(request);
  const decide = async (what: "approve" | "reject"): Promise<void> => {
    setBusy(what);
    await act(() => gateway.call(`device.pair.${what}`, { requestId: request.requestId }), t(what === "approve" ? "devices.approved" : "devices.rejected", { name }));
    setBusy(null);
  };
  const reject = async (): Promise<void> => {
    if (await confirm({ title: t("devices.rejectAsk", { name }), text: t("devices.rejectText"), yes: t("devices.reject"), danger: true })) await decide("reject");
  };
  const facts: [string, string | undefined][] = [
    [t("devices.kind"), kindOf(request) || undefined],
    [t("devices.from"), request.remoteIp],
    [t("devices.page"), request.browserOrigin],
    [t("devices.asked"), format.ago(request.ts)],
  ];
  return (
    <Card tone="accent" icon={platformIcon(request)} title={t(request.isRepair ? "devices.asksMore" : "devices.asks", { name })}>
      <p><strong>{t("devices.would")}</strong> {t(`devices.may_${rights(request.roles, request.scopes)}`)}</p>
      <dl class="facts small">
        {facts.map(([label, value]) => value && <div key={label}><dt>{label}</dt><dd>{value}</dd></div>)}
        <div><dt>{t("devices.key")}</dt><dd class="mono">{fingerprint(request.deviceId)}</dd></div>
        <div><dt>{t("devices.request")}</dt><dd class="mono">{short(request.requestId)}</dd></div>
        <div class="tall"><dt>{t("devices.scopes")}</dt><dd class="mono">{[...request.roles, ...request.scopes].join(" ")}</dd></div>
      </dl>
      <p class="small">{t("devices.compare")}</p>
      <div class="cluster">
        <Button kind="primary" icon="check" busy={busy === "approve"} disabled={busy !== null} onClick={() => void decide("approve")}>{t("devices.approve")}</Button>
        <Button busy={busy === "reject"} disabled={busy !== null} onClick={() => void reject()}>{t("devices.reject")}</Button>
      </div>
    </Card>
  );
}
