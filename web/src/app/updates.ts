import { gateway } from "../gateway";
import { toast } from "../ui";
import { t } from "./i18n";

/** After a reconnect the box may serve a newer app: say so, and leave the moment to the person who types. */
export function watchUpdates(): void {
  let first = true;
  gateway.onOpen(() => {
    if (first) first = false;
    else void look();
  });
}

async function look(): Promise<void> {
  const script = document.querySelector<HTMLScriptElement>('script[type="module"]')?.getAttribute("src");
  if (!script) return;
  try {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok || (await answer.text()).includes(script)) return;
  } catch {
    return; // The line is gone again.
  }
  toast(t("shell.updated"), "neutral", { label: t("shell.reload"), run: () => location.reload() });
}
