import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, CodeBlock } from "../../ui";
import { RestartButton, act } from "../panel";
import { fixParts, pageFor, settingOf } from "./model";

/** What to do about something: a sentence, commands to copy, and a button where this app can do it itself. */
export function Fix({ code, fix, onDone }: { code: string; fix: string; onDone?: () => void }): JSX.Element | null {
  const [busy, setBusy] = useState(false);
  const { text, commands } = fixParts(fix);
  const page = pageFor(code);
  const restarts = commands.includes("homarus gateway restart");
  if (!fix && !page) return null;
  const settings = gateway.can("operator.admin") && gateway.has("homarus.config.edit") ? commands.map(settingOf).filter((one) => one !== undefined) : [];
  const apply = async (setting: { path: string; value: unknown }): Promise<void> => {
    setBusy(true);
    const answer = await act(() => gateway.call<{ restartRequired?: string[] }>("homarus.config.edit", setting));
    setBusy(false);
    if (!answer) return;
    await act(() => Promise.resolve(), t(answer.restartRequired?.length ? "health.appliedLater" : "health.applied"));
    onDone?.();
  };
  return (
    <div class="stack">
      {text && <p>{text}</p>}
      {commands.map((command) => <CodeBlock key={command} wrap label={t("health.command")}>{command}</CodeBlock>)}
      {(settings.length > 0 || page || restarts) && (
        <div class="cluster">
          {restarts && <RestartButton />}
          {settings.map((setting) => <Button key={setting.path} icon="check" busy={busy} onClick={() => void apply(setting)}>{t("health.apply", { path: setting.path })}</Button>)}
          {page && <Button href={page} icon="chevronRight">{t("health.goTo")}</Button>}
        </div>
      )}
    </div>
  );
}
