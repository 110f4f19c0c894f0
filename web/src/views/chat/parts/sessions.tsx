import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { format, t } from "../../../app/i18n";
import { go } from "../../../app/router";
import { gateway } from "../../../gateway";
import { Button, confirm, Dialog, Field, Icon, Menu, Skeleton, Spinner, toast } from "../../../ui";
import type { MenuItem } from "../../../ui";
import { followSessions, mainKey, newKey, pathOf, sessions } from "../context";
import { previewOf, titleOf } from "../model/sessions";
import type { SessionRow } from "../model/wire";

/** The conversations, newest first. */
export function SessionList({ current, onPick }: { current: string; onPick?: () => void }): JSX.Element {
  useEffect(followSessions, []);
  const rows = sessions.list.value;
  const pick = (): void => onPick?.();
  return (
    <div class="sessions">
      <div class="sessions-head">
        <Button icon="plus" wide small onClick={() => { go(pathOf(newKey())); pick(); }}>{t("chat.new")}</Button>
        <Button icon="search" kind="quiet" label={t("chat.search")} href="/history" onClick={pick} />
      </div>
      {sessions.state.value === "loading" && <Skeleton lines={5} />}
      <ul aria-label={t("chat.sessions")} onClick={pick}>
        {rows.map((row) => <SessionLine key={row.key} row={row} current={row.key === current} />)}
      </ul>
      {sessions.more.value && <Button small kind="quiet" onClick={() => void sessions.loadMore()}>{t("chat.moreSessions")}</Button>}
    </div>
  );
}

function SessionLine({ row, current }: { row: SessionRow; current: boolean }): JSX.Element {
  return (
    <li>
      <a class="session" href={pathOf(row.key)} aria-current={current ? "page" : undefined}>
        <span class="session-title">
          {row.pinned && <Icon name="pin" size={14} label={t("chat.pinned")} />}
          <span>{nameOf(row)}</span>
          {row.hasActiveRun && <Spinner label={t("chat.answering")} />}
        </span>
        <span class="session-detail">
          <span>{previewOf(row)}</span>
          <time>{format.moment(row.lastActivityAt ?? row.updatedAt ?? Date.now())}</time>
        </span>
      </a>
    </li>
  );
}

/** What a conversation is called here. */
export function nameOf(row: SessionRow | null | undefined, key?: string): string {
  const named = row?.label;
  if (named) return named;
  if (row?.isMain || (key !== undefined && key === mainKey())) return t("chat.main");
  return titleOf(row) ?? t("chat.untitled");
}

/** What can be done with a conversation, and the dialogs that belong to it. */
export function SessionMenu({ row, sessionKey }: { row: SessionRow | null; sessionKey: string }): JSX.Element | null {
  const [renaming, setRenaming] = useState(false);
  if (!row?.sessionId || !gateway.can("write")) return null;
  const report = (error: unknown): void => toast(error instanceof Error ? error.message : String(error), "bad");
  const items: MenuItem[] = [
    { label: t("chat.rename"), icon: "edit", run: () => setRenaming(true) },
    { label: t(row.pinned ? "chat.unpin" : "chat.pin"), icon: "pin", run: () => void sessions.pin(sessionKey, !row.pinned).catch(report) },
  ];
  if (!row.isMain) {
    items.push({
      label: t(row.archived ? "chat.unarchive" : "chat.archive"),
      icon: "archive",
      run: () => void sessions.archive(sessionKey, !row.archived).then(() => !row.archived && go("/chat"), report),
    });
  }
  if (gateway.can("admin") && !row.isMain) {
    items.push({ label: t("chat.delete"), icon: "trash", danger: true, run: () => void remove(row, sessionKey).catch(report) });
  }
  return (
    <>
      <Menu label={t("chat.menu")} items={items} />
      {renaming && <Rename row={row} sessionKey={sessionKey} onClose={() => setRenaming(false)} />}
    </>
  );
}

async function remove(row: SessionRow, key: string): Promise<void> {
  const asked = { title: t("chat.deleteTitle", { name: nameOf(row) }), text: t("chat.deleteText"), yes: t("chat.delete"), danger: true };
  if (!(await confirm(asked))) return;
  await sessions.remove(key);
  go("/chat", { replace: true });
}

function Rename({ row, sessionKey, onClose }: { row: SessionRow; sessionKey: string; onClose: () => void }): JSX.Element {
  const [name, setName] = useState(row.label ?? titleOf(row) ?? "");
  const [error, setError] = useState<string>();
  const save = (): void => void sessions.rename(sessionKey, name).then(onClose, (failure: Error) => setError(failure.message));
  const actions = (
    <>
      <Button onClick={onClose}>{t("ui.cancel")}</Button>
      <Button kind="primary" onClick={save}>{t("ui.save")}</Button>
    </>
  );
  return (
    <Dialog open title={t("chat.rename")} onClose={onClose} actions={actions}>
      <Field label={t("chat.name")} value={name} onInput={setName} onEnter={save} error={error} autofocus />
    </Dialog>
  );
}
