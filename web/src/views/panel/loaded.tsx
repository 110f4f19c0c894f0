import type { ComponentChildren, JSX } from "preact";
import "../../words/panel";
import { gateway } from "../../gateway";
import { t } from "../../app/i18n";
import { Button, Card, EmptyState, Notice, Skeleton } from "../../ui";
import type { Async } from "../../ui";
import { why } from "./act";

/** Something was read, or could not be: what comes below it may be shown without being moved. */
export const settled = (from: Async<unknown>): boolean => from.value !== undefined || from.error !== undefined;

/** What was read, or that it is being read, or why it could not be. What was read before stays while it is read again. */
export function Loaded<T>({ from, children, lines = 3, inside }: {
  from: Async<T>;
  children: (value: T) => ComponentChildren;
  lines?: number;
  /** It is part of a card: no card of its own while it is read. */
  inside?: boolean;
}): JSX.Element {
  const retry = <Button small kind="quiet" icon="refresh" onClick={from.reload}>{t("ui.retry")}</Button>;
  if (from.value !== undefined) {
    return (
      <>
        {from.error && <Notice tone="warn" action={retry}>{t("panel.stale", { reason: why(from.error) })}</Notice>}
        {children(from.value)}
      </>
    );
  }
  if (from.error) return <Notice tone="bad" action={retry}>{why(from.error)}</Notice>;
  // Nothing comes before the box is back: a shape of what is coming would promise more.
  if (gateway.status.value === "offline") return <EmptyState icon="offline" title={t("panel.offline")}>{t("panel.offlineText")}</EmptyState>;
  return inside ? <Skeleton lines={lines} /> : <Card><Skeleton lines={lines} /></Card>;
}

/** Shows its content only where the box offers what it needs and this device may use it; else says kindly what is missing. */
export function Gate({ method, scope, children }: { method: string; scope?: string; children: ComponentChildren }): JSX.Element {
  if (gateway.met.value && !gateway.has(method)) {
    return <EmptyState icon="tool" title={t("panel.unknown")}>{t("panel.unknownText")}</EmptyState>;
  }
  if (scope && gateway.met.value && !gateway.can(scope)) {
    return <EmptyState icon="lock" title={t("panel.locked")}>{t("panel.lockedText")}</EmptyState>;
  }
  return <>{children}</>;
}
