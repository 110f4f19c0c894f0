import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { t } from "../../app/i18n";
import { installable } from "../../app/install";
import { Button, Card } from "../../ui";

const done = signal(false);

/** Put the app on the home screen, where the browser can (only pages over https). */
export function Install(): JSX.Element | null {
  const ready = installable.value;
  const apple = /iPhone|iPad/.test(navigator.userAgent) && globalThis.isSecureContext;
  const inside = matchMedia("(display-mode: standalone)").matches;
  if (inside || done.value || (!ready && !apple)) return null;
  const install = async (): Promise<void> => {
    if (await ready?.()) done.value = true;
  };
  return (
    <Card title={t("settings.install")} icon="download">
      <p class="muted small">{ready ? t("settings.installText") : t("settings.installIos")}</p>
      {ready && <div><Button onClick={() => void install()}>{t("settings.installButton")}</Button></div>}
    </Card>
  );
}
