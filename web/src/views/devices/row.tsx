import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { format, t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Badge, Button, Dialog, Field, Menu, Row, confirm } from "../../ui";
import type { MenuItem } from "../../ui";
import { act, fingerprint, platformIcon } from "../panel";
import { alsoNode, deviceName, kindOf, rightsOf } from "./model";
import type { Paired } from "./model";

/** A paired device: pressed, it tells everything known of it. */
export function DeviceRow({ device }: { device: Paired }): JSX.Element {
  const [open, setOpen] = useState(false);
  const [renaming, setRenaming] = useState(false);
  const own = device.deviceId === gateway.deviceId.value;
  const may = rightsOf(device);
  const seen = device.connected ? <span class="present"><i class="dot" />{t("devices.connected")}</span> : device.lastSeenAtMs ? t("devices.seen", { ago: format.ago(device.lastSeenAtMs) }) : t("devices.neverSeen");
  const rights = [t(`devices.rights_${may}`), alsoNode(device) && t("devices.alsoNode")].filter(Boolean).join(" · ");
  const detail = <>{rights} · {seen}</>;
  const name = deviceName(device);
  return (
    <Row icon={platformIcon(device)} title={<span class="cluster">{name}{own && <Badge tone="accent">{t("devices.own")}</Badge>}</span>} detail={detail} onClick={() => setOpen(!open)}
      end={
        <>
          <Menu label={t("devices.options", { name })} items={actions(device, own, () => setRenaming(true))} />
        </>
      }>
      {open && <Facts device={device} />}
      {renaming && <Rename device={device} onClose={() => setRenaming(false)} />}
    </Row>
  );
}

const VIAS = new Set(["owner", "bootstrap", "silent", "trusted-cidr"]);

function Facts({ device }: { device: Paired }): JSX.Element {
  const via = VIAS.has(device.approvedVia) ? t(`devices.via_${device.approvedVia}`) : device.approvedVia;
  return (
    <dl class="facts small">
      <div><dt>{t("devices.mayDo")}</dt><dd>{t(`devices.may_${rightsOf(device)}`)}</dd></div>
      {device.platform && <div><dt>{t("devices.kind")}</dt><dd>{kindOf(device)}</dd></div>}
      {device.remoteIp && <div><dt>{t("devices.from")}</dt><dd>{device.remoteIp}</dd></div>}
      <div><dt>{t("devices.since")}</dt><dd>{format.dateTime(device.approvedAtMs)}</dd></div>
      <div><dt>{t("devices.via")}</dt><dd>{via}</dd></div>
      {device.tokens.map((token) => token.rotatedAtMs && (
        <div key={token.role}><dt>{t("devices.renewed")}</dt><dd>{format.dateTime(token.rotatedAtMs)}</dd></div>
      ))}
      <div><dt>{t("devices.key")}</dt><dd class="mono">{fingerprint(device.deviceId)}</dd></div>
    </dl>
  );
}

function actions(device: Paired, own: boolean, rename: () => void): MenuItem[] {
  const live = device.tokens.some((token) => token.revokedAtMs === undefined);
  const items: MenuItem[] = [{ label: t("devices.rename"), icon: "edit", run: rename }];
  if (live) {
    items.push({ label: t("devices.rotate"), icon: "refresh", run: () => void rotate(device) });
    items.push({ label: t("devices.revoke"), icon: "lock", danger: true, run: () => void revoke(device, own) });
  }
  items.push({ label: t("devices.remove"), icon: "trash", danger: true, run: () => void remove(device, own) });
  return items;
}

function Rename({ device, onClose }: { device: Paired; onClose: () => void }): JSX.Element {
  const [name, setName] = useState(deviceName(device));
  const [busy, setBusy] = useState(false);
  const save = async (): Promise<void> => {
    const label = name.trim();
    if (!label || busy) return;
    setBusy(true);
    const done = await act(() => gateway.call("device.pair.rename", { deviceId: device.deviceId, label }), t("devices.renamed"));
    setBusy(false);
    if (done) onClose();
  };
  const actions = <Button kind="primary" busy={busy} disabled={!name.trim()} onClick={() => void save()}>{t("ui.save")}</Button>;
  return (
    <Dialog open title={t("devices.rename")} onClose={onClose} actions={actions}>
      <Field label={t("devices.name")} value={name} onInput={(text) => setName(text.slice(0, 64))} autofocus onEnter={() => void save()} />
    </Dialog>
  );
}

/** Every live token of the device, one after the other; the first that fails ends it. */
async function each(device: Paired, work: (role: string) => Promise<unknown>, done: string): Promise<void> {
  const roles = device.tokens.filter((token) => token.revokedAtMs === undefined).map((token) => token.role);
  await act(async () => {
    for (const role of roles) await work(role);
  }, done);
}

async function rotate(device: Paired): Promise<void> {
  const name = deviceName(device);
  if (!(await confirm({ title: t("devices.rotateAsk", { name }), text: t("devices.rotateText"), yes: t("devices.rotate") }))) return;
  await each(device, (role) => gateway.call("device.token.rotate", { deviceId: device.deviceId, role }), t("devices.rotated", { name }));
}

async function revoke(device: Paired, own: boolean): Promise<void> {
  const name = deviceName(device);
  const text = own ? t("devices.revokeOwn") : t("devices.revokeText");
  if (!(await confirm({ title: t("devices.revokeAsk", { name }), text, yes: t("devices.revoke"), danger: true }))) return;
  await each(device, (role) => gateway.call("device.token.revoke", { deviceId: device.deviceId, role }), t("devices.revoked", { name }));
}

async function remove(device: Paired, own: boolean): Promise<void> {
  const name = deviceName(device);
  const text = own ? t("devices.removeOwn") : t("devices.removeText");
  if (!(await confirm({ title: t("devices.removeAsk", { name }), text, yes: t("devices.remove"), danger: true }))) return;
  await act(() => gateway.call("device.pair.remove", { deviceId: device.deviceId }), t("devices.removed", { name }));
}
