import type { ComponentChildren, JSX } from "preact";
import { t } from "../app/i18n";
import { Icon } from "./icon";
import type { IconName } from "./icon";

type Tone = "neutral" | "good" | "warn" | "bad" | "accent";

export interface ButtonProps {
  children?: ComponentChildren;
  onClick?: (event: MouseEvent) => void;
  kind?: "primary" | "plain" | "quiet" | "danger";
  icon?: IconName;
  /** For a button that shows only its icon: what is read out and shown on hover. */
  label?: string;
  busy?: boolean;
  disabled?: boolean;
  type?: "button" | "submit";
  href?: string;
  wide?: boolean;
  small?: boolean;
  class?: string;
  [aria: `aria-${string}`]: string | boolean | undefined;
  [data: `data-${string}`]: string | undefined;
}

/** A button, or with `href` a link that looks like one. At least 44 px tall; while `busy` it cannot be pressed twice. */
export function Button({ children, onClick, kind = "plain", icon, label, busy, disabled, type = "button", href, wide, small, class: more, ...rest }: ButtonProps): JSX.Element {
  const names = ["button", kind, wide && "wide", small && "small", !children && "bare", more].filter(Boolean).join(" ");
  const inside = (
    <>
      {busy ? <Spinner /> : icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </>
  );
  const name = label ? { "aria-label": label, title: label } : {};
  if (href !== undefined) return <a class={names} href={href} {...name} {...rest}>{inside}</a>;
  return (
    <button class={names} type={type} onClick={onClick} disabled={disabled || busy} aria-busy={busy || undefined} {...name} {...rest}>
      {inside}
    </button>
  );
}

/** A page of the app: its heading, what can be done on it, and its content. */
export function Page({ title, lead, actions, back, wide, children }: {
  title: string;
  lead?: ComponentChildren;
  actions?: ComponentChildren;
  back?: string;
  wide?: boolean;
  children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class={wide ? "page wide" : "page"}>
      <header class="page-head">
        {back && <Button kind="quiet" icon="arrowLeft" href={back} label={t("ui.back")} />}
        <div class="page-title">
          <h1>{title}</h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {actions && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A surface that groups what belongs together. */
export function Card({ title, icon, actions, tone, children, class: more = "" }: {
  title?: ComponentChildren;
  icon?: IconName;
  actions?: ComponentChildren;
  tone?: Tone;
  children?: ComponentChildren;
  class?: string;
}): JSX.Element {
  return (
    <section class={`card ${tone ?? ""} ${more}`}>
      {(title || actions) && (
        <header class="card-head">
          {icon && <Icon name={icon} />}
          {title && <h2>{title}</h2>}
          {actions && <div class="card-actions">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

/** Rows under each other. `label` names the list for screen readers. */
export function List({ children, label }: { children?: ComponentChildren; label?: string }): JSX.Element {
  return <ul class="list" aria-label={label}>{children}</ul>;
}

/** One thing in a list: icon, title, detail, and at the end what is known or can be done. With `href` or `onClick` all of it can be pressed. */
export function Row({ icon, title, detail, end, href, onClick, selected, children }: {
  icon?: IconName;
  title: ComponentChildren;
  detail?: ComponentChildren;
  end?: ComponentChildren;
  href?: string;
  onClick?: () => void;
  selected?: boolean;
  children?: ComponentChildren;
}): JSX.Element {
  const words = (
    <>
      {icon && <span class="row-icon"><Icon name={icon} /></span>}
      <span class="row-text">
        <span class="row-title">{title}</span>
        {detail && <span class="row-detail">{detail}</span>}
      </span>
    </>
  );
  const current = selected ? ({ "aria-current": "true" } as const) : {};
  let main = <div class="row-main">{words}</div>;
  if (href !== undefined) main = <a class="row-main press" href={href} {...current}>{words}</a>;
  else if (onClick) main = <button type="button" class="row-main press" onClick={onClick} {...current}>{words}</button>;
  return (
    <li class="row">
      <div class="row-line">
        {main}
        {end && <div class="row-end">{end}</div>}
      </div>
      {children && <div class="row-more">{children}</div>}
    </li>
  );
}

/** A word about a state. The tone is never the only sign: the word says it. */
export function Badge({ children, tone = "neutral", dot }: { children: ComponentChildren; tone?: Tone; dot?: boolean }): JSX.Element {
  return <span class={`badge ${tone}`}>{dot && <i class="dot" />}{children}</span>;
}

export function Spinner({ label }: { label?: string }): JSX.Element {
  return <span class="spinner" role={label ? "status" : undefined} aria-label={label} aria-hidden={label ? undefined : true} />;
}

/** Says that nothing is here, why, and what to do. `page`: it is all that the page shows, so its title is the heading. */
export function EmptyState({ icon, title, children, action, page }: {
  icon?: IconName;
  title: ComponentChildren;
  children?: ComponentChildren;
  action?: ComponentChildren;
  page?: boolean;
}): JSX.Element {
  const Title = page ? "h1" : "p";
  return (
    <div class="empty">
      {icon && <div class="empty-icon"><Icon name={icon} size={26} /></div>}
      <Title class="empty-title">{title}</Title>
      {children && <div class="empty-text">{children}</div>}
      {action && <div class="empty-action">{action}</div>}
    </div>
  );
}

/** A message in the page: what happened and what to do about it. */
export function Notice({ tone = "neutral", title, children, action }: {
  tone?: Tone;
  title?: ComponentChildren;
  children?: ComponentChildren;
  action?: ComponentChildren;
}): JSX.Element {
  const icon: IconName = tone === "good" ? "check" : tone === "neutral" || tone === "accent" ? "info" : "alert";
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <Icon name={icon} />
      <div class="notice-text">
        {title && <strong>{title}</strong>}
        {children && <div>{children}</div>}
      </div>
      {action && <div class="notice-action">{action}</div>}
    </div>
  );
}

/** How far something is, 0 to 1; without a value it only shows that it goes on. */
export function Progress({ value, label }: { value?: number; label: string }): JSX.Element {
  const share = value === undefined ? undefined : Math.round(Math.max(0, Math.min(1, value)) * 100);
  return (
    <div class={share === undefined ? "progress going" : "progress"} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={share}>
      <i style={share === undefined ? undefined : { inlineSize: `${share}%` }} />
    </div>
  );
}

/** A rough shape of what is coming, while it loads. */
export function Skeleton({ lines = 3 }: { lines?: number }): JSX.Element {
  return <div class="skeleton" role="status" aria-label={t("ui.loading")}>{Array.from({ length: lines }, (_, index) => <i key={index} />)}</div>;
}
