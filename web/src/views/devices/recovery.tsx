import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, Card, CodeBlock, Dialog, confirm } from "../../ui";
import { act } from "../panel";

/** How an owner who lost every device comes back in. */
export function Recovery(): JSX.Element {
  const [code, setCode] = useState<string | null>(null);
  const make = async (): Promise<void> => {
    if (!(await confirm({ title: t("devices.recoveryAsk"), text: t("devices.recoveryAskText"), yes: t("devices.recoveryMake") }))) return;
    const answer = await act(() => gateway.call<{ recoveryCode: string }>("homarus.recovery.new", {}));
    if (answer) setCode(answer.recoveryCode);
  };
  return (
    <Card title={t("devices.recovery")} icon="key">
      <p class="muted small">{t("devices.recoveryText")}</p>
      <div><Button onClick={() => void make()}>{t("devices.recoveryMake")}</Button></div>
      {code && (
        <Dialog open title={t("devices.recoveryTitle")} onClose={() => setCode(null)} actions={<Button kind="primary" onClick={() => setCode(null)}>{t("devices.recoveryDone")}</Button>}>
          <p>{t("devices.recoveryOnce")}</p>
          <CodeBlock wrap label={t("devices.recoveryTitle")}>{code}</CodeBlock>
        </Dialog>
      )}
    </Card>
  );
}
