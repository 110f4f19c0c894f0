import type { FunctionComponent, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { gateway } from "../gateway";
import { Badge, Button, Dialog, EmptyState, Icon, Questions, Skeleton, Spinner, Toasts } from "../ui";
import { Boundary } from "./boundary";
import { t } from "./i18n";
import { go, path, pattern } from "./router";
import { allowed, unsent, view, waitingApprovals } from "./store";
import type { View } from "./views";

/** The frame of the app: menu, state of the connection, and the view that the address names. */
export function Shell(): JSX.Element {
  const current = view.value;
  useEffect(() => {
    if (path.value === "/") go("/chat", { replace: true });
  }, [path.value]);
  const main = useRef<HTMLElement>(null);
  const shown = useRef(current?.name);
  useEffect(() => {
    if (shown.current === current?.name) return;
    shown.current = current?.name;
    main.current?.scrollTo(0, 0);
    // Screen readers hear of the new page; a view that took the focus for its own field keeps it.
    if (!main.current?.contains(document.activeElement)) main.current?.focus();
  }, [current?.name]);
  return (
    <div class={current?.menu === "none" ? "shell alone" : "shell"}>
      <a class="skip" href="#main" data-native="">{t("ui.skip")}</a>
      <Navigation current={current} />
      <div class="stage">
        <Connectivity />
        <main id="main" ref={main} tabIndex={-1}>
          <Boundary key={current?.name ?? "none"}>{current ? <Loaded view={current} /> : path.value === "/" ? null : <Missing />}</Boundary>
        </main>
      </div>
      <Toasts />
      <Questions />
    </div>
  );
}

const loaded = new Map<string, FunctionComponent>();

function Loaded({ view: wanted }: { view: View }): JSX.Element {
  const [state, setState] = useState<{ failed: boolean }>({ failed: false });
  const permitted = !wanted.needs || !gateway.met.value || gateway.can(wanted.needs);
  const Content = loaded.get(wanted.name);
  useEffect(() => {
    pattern.value = wanted.path;
    document.title = `${t(wanted.title)} · Homarus`;
    if (loaded.has(wanted.name)) return;
    let here = true;
    wanted.load().then(
      (module) => {
        loaded.set(wanted.name, module.default);
        if (here) setState({ failed: false });
      },
      () => here && setState({ failed: true }),
    );
    return () => void (here = false);
  }, [wanted, state.failed]);
  pattern.value = wanted.path;
  if (!permitted) {
    return <div class="page"><EmptyState page icon="lock" title={t("shell.notAllowed")}>{t("shell.notAllowedText")}</EmptyState></div>;
  }
  if (Content) return <Content />;
  if (state.failed) {
    // With a connection it is not the network: the box has a newer app, whose parts have other names.
    const open = gateway.status.value === "open";
    const again = (): void => (open ? location.reload() : setState({ failed: false }));
    const action = <Button icon="refresh" onClick={again}>{open ? t("shell.reload") : t("ui.retry")}</Button>;
    return <div class="page"><EmptyState page icon="offline" title={t(open ? "shell.updated" : "shell.offlineShort")} action={action} /></div>;
  }
  return <div class="page"><Skeleton lines={4} /></div>;
}

function Missing(): JSX.Element {
  return (
    <div class="page">
      <EmptyState page icon="search" title={t("shell.missing")} action={<Button kind="primary" href="/chat">{t("shell.home")}</Button>}>
        {t("shell.missingText")}
      </EmptyState>
    </div>
  );
}

function Navigation({ current }: { current: View | undefined }): JSX.Element {
  const [open, setOpen] = useState(false);
  const shown = allowed.value.filter((one) => one.menu !== "none");
  const rest = shown.filter((one) => one.menu === "more");
  const elsewhere = current?.menu === "more";
  return (
    <nav class="nav" aria-label={t("shell.nav")}>
      <div class="brand"><Mark /><span>Homarus</span></div>
      <ul>
        {shown.map((one) => <li key={one.name} class={one.menu}><Entry view={one} current={one === current} /></li>)}
        <li class="opener">
          <button type="button" class="entry" aria-haspopup="dialog" aria-current={elsewhere ? "page" : undefined} onClick={() => setOpen(true)}>
            <Icon name="more" size={22} /><span>{t("views.more")}</span>
          </button>
        </li>
      </ul>
      <Dialog open={open} title={t("views.more")} onClose={() => setOpen(false)}>
        <ul class="sheet" onClick={() => setOpen(false)}>
          {rest.map((one) => <li key={one.name}><Entry view={one} current={one === current} /></li>)}
        </ul>
      </Dialog>
    </nav>
  );
}

function Entry({ view: one, current }: { view: View; current: boolean }): JSX.Element {
  const count = one.name === "devices" ? waitingApprovals.value : 0;
  return (
    <a class="entry" href={one.path.replace(/\/:.*$/, "")} aria-current={current ? "page" : undefined}>
      <Icon name={one.icon} size={22} />
      <span>{t(one.title)}</span>
      {count > 0 && <Badge tone="accent">{count}</Badge>}
    </a>
  );
}

/** Says when the box is away, and what happens to what is written meanwhile. */
function Connectivity(): JSX.Element | null {
  const status = gateway.status.value;
  const [late, setLate] = useState(false);
  const away = status !== "open";
  useEffect(() => {
    if (!away) return setLate(false);
    // A restart of a second is not worth a word.
    const timer = setTimeout(() => setLate(true), 1_200);
    return () => clearTimeout(timer);
  }, [away]);
  if (!away || !late) return null;
  return (
    <div class="connectivity" role="status">
      {status === "connecting" ? <Spinner /> : <Icon name="offline" size={18} />}
      <span class="connectivity-text">
        <strong>{t(status === "connecting" ? "shell.reconnecting" : "shell.offline")}</strong> <span>{t("shell.kept")}</span>
      </span>
      {unsent.value > 0 && <Badge>{t("shell.unsent", { count: unsent.value })}</Badge>}
      {status !== "connecting" && <Button small kind="quiet" icon="refresh" label={t("ui.retry")} onClick={() => gateway.retry()} />}
    </div>
  );
}

/** The mark of the product. */
export function Mark({ size = 28 }: { size?: number }): JSX.Element {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path d="M10 7.5c-3 2.8-3 8 .6 10.5M22 7.5c3 2.8 3 8-.6 10.5M16 12v12.5M12 19.5h8" />
    </svg>
  );
}
