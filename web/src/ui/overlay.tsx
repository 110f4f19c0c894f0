import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { t } from "../app/i18n";
import { Button } from "./basics";
import { Icon } from "./icon";
import type { IconName } from "./icon";

/** A window above the page (a sheet from below on a phone). The browser keeps the focus inside; Escape closes it. */
export function Dialog({ open, title, onClose, children, actions }: {
  open: boolean;
  title: string;
  onClose: () => void;
  children?: ComponentChildren;
  actions?: ComponentChildren;
}): JSX.Element | null {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = box.current;
    if (!dialog) return;
    if (open && !dialog.open) dialog.showModal();
    else if (!open && dialog.open) dialog.close();
  }, [open]);
  if (!open) return null;
  const outside = (event: MouseEvent): void => {
    if (event.target === box.current) onClose();
  };
  const cancelled = (event: Event): void => {
    event.preventDefault();
    onClose();
  };
  return (
    <dialog ref={box} class="dialog" aria-labelledby={id} onCancel={cancelled} onClick={outside}>
      <div class="dialog-inside">
        <header>
          <h2 id={id}>{title}</h2>
          <Button kind="quiet" icon="close" label={t("ui.close")} onClick={onClose} />
        </header>
        <div class="dialog-body">{children}</div>
        {actions && <footer>{actions}</footer>}
      </div>
    </dialog>
  );
}

interface Question {
  title: string;
  text?: ComponentChildren;
  yes: string;
  danger?: boolean;
  answer: (yes: boolean) => void;
}

const question = signal<Question | null>(null);

/** Ask before something that cannot be taken back. */
export function confirm(asked: Omit<Question, "answer">): Promise<boolean> {
  question.peek()?.answer(false);
  return new Promise((resolve) => {
    question.value = {
      ...asked,
      answer: (yes) => {
        question.value = null;
        resolve(yes);
      },
    };
  });
}

/** Shows what `confirm` asks; once, in the shell. */
export function Questions(): JSX.Element | null {
  const asked = question.value;
  if (!asked) return null;
  const actions = (
    <>
      <Button onClick={() => asked.answer(false)}>{t("ui.cancel")}</Button>
      <Button kind={asked.danger ? "danger" : "primary"} onClick={() => asked.answer(true)}>{asked.yes}</Button>
    </>
  );
  return <Dialog open title={asked.title} onClose={() => asked.answer(false)} actions={actions}>{asked.text}</Dialog>;
}

interface ToastItem {
  id: number;
  text: string;
  tone: "neutral" | "good" | "bad";
  stay: boolean;
  action?: { label: string; run: () => void };
}

const shown = signal<readonly ToastItem[]>([]);
let count = 0;
const MAX_TOASTS = 3;

const dismiss = (id: number): void => void (shown.value = shown.peek().filter((item) => item.id !== id));

/** Say briefly that something happened. Bad news, and what is to `stay`, is there until it is closed. */
export function toast(text: string, tone: ToastItem["tone"] = "neutral", action?: ToastItem["action"], stay = tone === "bad"): void {
  const item: ToastItem = { id: ++count, text, tone, stay, ...(action ? { action } : {}) };
  shown.value = [...shown.peek().filter((other) => other.text !== text), item].slice(-MAX_TOASTS);
  if (!stay) setTimeout(() => dismiss(item.id), action ? 8_000 : 4_000);
}

export const Toast = { show: toast, dismiss };

/** Shows what `toast` says; once, in the shell. */
export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.value.map((item) => (
        <div key={item.id} class={`toast ${item.tone}`}>
          {item.tone !== "neutral" && <Icon name={item.tone === "good" ? "check" : "alert"} />}
          <span>{item.text}</span>
          {item.action && (
            <Button small kind="quiet" onClick={() => { dismiss(item.id); item.action?.run(); }}>{item.action.label}</Button>
          )}
          {item.stay && <Button small kind="quiet" icon="close" label={t("ui.close")} onClick={() => dismiss(item.id)} />}
        </div>
      ))}
    </div>
  );
}

export interface MenuItem {
  label: string;
  icon?: IconName;
  danger?: boolean;
  run: () => void;
}

/** What else can be done with a thing: a button that opens a short list. Arrow keys move, Escape closes. */
export function Menu({ label, items, icon = "more" }: { label: string; items: readonly MenuItem[]; icon?: IconName }): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const leave = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", leave);
    return () => document.removeEventListener("pointerdown", leave);
  }, [open]);
  const close = (): void => {
    setOpen(false);
    box.current?.querySelector<HTMLElement>("[aria-haspopup]")?.focus();
  };
  const keys = (event: KeyboardEvent): void => {
    if (event.key === "Escape") return close();
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!step || !open) return;
    event.preventDefault();
    const all = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[(at + step + all.length) % all.length]?.focus();
  };
  return (
    <div class="menu" ref={box} onKeyDown={keys}>
      <Button kind="quiet" icon={icon} label={label} aria-haspopup="menu" aria-expanded={open ? "true" : "false"} onClick={() => setOpen(!open)} />
      {open && (
        <div class="menu-list" role="menu" aria-label={label}>
          {items.map((item) => (
            <button key={item.label} type="button" role="menuitem" class={item.danger ? "danger" : undefined}
              onClick={() => { close(); item.run(); }}>
              {item.icon && <Icon name={item.icon} size={18} />}
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
