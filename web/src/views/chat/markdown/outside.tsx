import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { t } from "../../../app/i18n";
import { setting } from "../../../gateway/storage";
import { Button, CopyButton, Dialog, Toggle } from "../../../ui";
import { hostOf } from "./links";

/**
 * Links of an answer lead out of the house, and a model writes what it has read: words that say one address and lead to
 * another, or an address that carries away what was said. So a press first shows where it goes.
 */
const asked = signal<string | null>(null);
const trusted = signal<ReadonlySet<string>>(new Set(setting.get("trusted-hosts")?.split(" ") ?? []));

const MAX_TRUSTED = 100;

export function Outside({ href, class: more, children }: { href: string; class?: string; children: ComponentChildren }): JSX.Element {
  const host = hostOf(href);
  const press = (event: MouseEvent): void => {
    if (trusted.peek().has(host)) return;
    event.preventDefault();
    asked.value = href;
  };
  return (
    <a href={href} class={more} title={host} target="_blank" rel="noopener noreferrer nofollow" aria-haspopup="dialog" onClick={press} onAuxClick={press}>
      {children}
    </a>
  );
}

/** The question that a press on a link asks; once on the page. */
export function Leaving(): JSX.Element | null {
  const href = asked.value;
  if (href === null) return null;
  const host = hostOf(href);
  const close = (): void => void (asked.value = null);
  const trust = (yes: boolean): void => {
    const hosts = [...trusted.peek()].filter((one) => one !== host);
    trusted.value = new Set(yes ? [...hosts, host].slice(-MAX_TRUSTED) : hosts);
    setting.set("trusted-hosts", [...trusted.peek()].join(" ") || null);
  };
  const actions = (
    <>
      <Button onClick={close}>{t("ui.cancel")}</Button>
      <a class="button primary" href={href} target="_blank" rel="noopener noreferrer nofollow" onClick={() => setTimeout(close)}>
        <span>{t("chat.leaveOpen")}</span>
      </a>
    </>
  );
  return (
    <Dialog open title={t("chat.leaveTitle", { host })} onClose={close} actions={actions}>
      <p class="muted small">{t("chat.leaveText")}</p>
      <div class="leave-address"><code>{href}</code><CopyButton text={href} label={t("chat.leaveCopy")} /></div>
      <Toggle label={t("chat.leaveTrust", { host })} checked={trusted.value.has(host)} onChange={trust} />
    </Dialog>
  );
}
