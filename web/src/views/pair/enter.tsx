import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { gateway, readSetupCode } from "../../gateway";
import { Button, Card, CodeBlock, Dialog, Field, Notice } from "../../ui";
import { Scanner, canScan } from "./scanner";

const REASONS: Readonly<Record<string, string>> = {
  AUTH_BOOTSTRAP_TOKEN_INVALID: "door.invalid",
  DEVICE_FORGOTTEN: "door.forgotten",
  AUTH_TOKEN_MISMATCH: "door.wrongSecret",
  AUTH_PASSWORD_MISMATCH: "door.wrongSecret",
};

/** Ask for a setup code: pasted, typed or scanned. */
export function Enter(): JSX.Element {
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const [scanning, setScanning] = useState(false);
  const problem = gateway.problem.value;
  const busy = gateway.status.value === "connecting";

  const use = (given: string): boolean => {
    const code = readSetupCode(given);
    if (!code) {
      setError(t("door.unreadable"));
      return false;
    }
    if (code.expiresAtMs !== undefined && code.expiresAtMs < Date.now()) {
      setError(t("door.expired"));
      return false;
    }
    setError(undefined);
    gateway.pairWith(code.bootstrapToken);
    return true;
  };
  const scanned = (given: string): boolean => {
    if (!readSetupCode(given)) return false;
    setScanning(false);
    setText(given);
    return use(given);
  };
  const typed = (value: string): void => {
    setText(value);
    setError(undefined);
  };

  return (
    <>
      <div>
        <h1>{t("door.title")}</h1>
        <p class="lead">{t("door.lead")}</p>
      </div>
      {problem && REASONS[problem.code] && <Notice tone="warn">{t(REASONS[problem.code]!)}</Notice>}
      {problem?.code === "UNREACHABLE" && <Notice tone="warn">{t("door.unreachable")}</Notice>}
      {!globalThis.isSecureContext && (
        <Notice tone="neutral" action={<Button small href={`https://${location.host}/`} data-native="">{t("ui.open")}</Button>}>
          {t("door.plain")}
        </Notice>
      )}
      <form class="stack" onSubmit={(event) => { event.preventDefault(); use(text); }}>
        <Field label={t("door.code")} value={text} onInput={typed} placeholder={t("door.placeholder")} error={error}
          mono rows={2} autocomplete="off" />
        <Button kind="primary" type="submit" wide busy={busy}>{t("door.connect")}</Button>
        {canScan() && <Button icon="qr" wide onClick={() => setScanning(true)}>{t("door.scan")}</Button>}
      </form>
      <Card title={t("door.howTitle")} class="door-how">
        <p>{t("door.howOther")}</p>
        <p>{t("door.howBox")}</p>
        <CodeBlock>homarus pair</CodeBlock>
        <p>{t("door.howCamera")}</p>
      </Card>
      <Secret />
      <Dialog open={scanning} title={t("door.scanTitle")} onClose={() => setScanning(false)}>
        {scanning && <Scanner onFound={scanned} />}
      </Dialog>
    </>
  );
}

function Secret(): JSX.Element {
  const [secret, setSecret] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (secret.trim()) gateway.useSecret(secret.trim());
  };
  return (
    <details class="door-secret">
      <summary>{t("door.secret")}</summary>
      <form class="stack" onSubmit={submit}>
        <Field label={t("door.secretField")} type="password" value={secret} onInput={setSecret} hint={t("door.secretHint")} autocomplete="off" />
        <Button type="submit" wide disabled={!secret.trim()}>{t("door.connect")}</Button>
      </form>
    </details>
  );
}
