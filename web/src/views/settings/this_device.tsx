import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { drafts, gateway, outbox } from "../../gateway";
import { describe } from "../../gateway/browser";
import { Button, Card, Field, confirm, toast, useAsync } from "../../ui";

interface Paired {
  deviceId: string;
  displayName?: string;
  operatorLabel?: string;
}

/** The name and the rights of this browser, and the way out. */
export function ThisDevice(): JSX.Element {
  const id = gateway.deviceId.value ?? "";
  const rows = useAsync(() => gateway.call<{ paired: Paired[] }>("device.pair.list"), [id], ["device.pair.changed"]);
  const own = rows.value?.paired.find((row) => row.deviceId === id);
  const known = own?.operatorLabel ?? own?.displayName ?? describe().displayName;
  return (
    <Card title={t("settings.device")} icon="devices">
      {gateway.can("operator.pairing") ? <Name key={known} id={id} known={known} /> : <p>{known}</p>}
      <dl class="facts">
        <div><dt>{t("settings.rights")}</dt><dd>{rights()}</dd></div>
        <div><dt>{t("settings.key")}</dt><dd class="mono small">{fingerprint(id)}</dd></div>
      </dl>
      <p class="muted small">{t("settings.signOutText")}</p>
      <div><Button kind="danger" onClick={() => void signOut(id)}>{t("settings.signOut")}</Button></div>
    </Card>
  );
}

function Name({ id, known }: { id: string; known: string }): JSX.Element {
  const [name, setName] = useState(known);
  const [busy, setBusy] = useState(false);
  const wanted = name.trim();
  const save = async (): Promise<void> => {
    if (!wanted || wanted === known) return;
    setBusy(true);
    try {
      await gateway.call("device.pair.rename", { deviceId: id, label: wanted });
      toast(t("settings.saved"), "good");
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), "bad");
    }
    setBusy(false);
  };
  return (
    <Field label={t("settings.name")} value={name} onInput={setName} hint={t("settings.nameHint")} onEnter={() => void save()}
      end={wanted !== known && <Button busy={busy} disabled={!wanted} onClick={() => void save()}>{t("ui.save")}</Button>} />
  );
}

function rights(): string {
  if (gateway.can("operator.admin")) return t("settings.rightsOwner");
  return gateway.can("operator.write") ? t("settings.rightsLimited") : t("settings.rightsRead");
}

/** The first 16 of 64 digits, in groups: enough to compare by eye. */
const fingerprint = (id: string): string => (id.slice(0, 16).match(/.{4}/g) ?? []).join(" ");

async function signOut(id: string): Promise<void> {
  const unsent = outbox.items.peek().length;
  const text = [t("settings.signOutText"), unsent ? t("settings.signOutUnsent", { count: unsent }) : ""].join(" ");
  if (!(await confirm({ title: t("settings.signOutAsk"), text, yes: t("settings.signOut"), danger: true }))) return;
  if (gateway.can("operator.pairing") && gateway.status.peek() === "open") {
    // So that no forgotten entry stays in the list. Without the right to, an owner removes it.
    await gateway.call("device.pair.remove", { deviceId: id }, { timeoutMs: 3_000 }).catch(() => undefined);
  }
  await gateway.forget();
  await outbox.clear();
  await drafts.clear();
  location.replace("/");
}
