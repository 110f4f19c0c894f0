import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, Card, Dialog, EmptyState, Field, Menu, confirm, toast, Steady, useAsync } from "../../ui";
import { act, Loaded, settled } from "../panel";
import { CheckList } from "./check_list";
import { title } from "./model";
import type { Item, NamedList } from "./model";
import type { Places } from "./places";

interface Changed {
  removed: Item[];
  alreadyThere: string[];
}

const change = (list: NamedList, what: object): Promise<Changed | undefined> =>
  act(() => gateway.call<Changed>("homarus.lists.change", { list: list.name, sessionKey: list.sessionKey, ...what }));

/** Every list as a card. */
export function Lists({ places }: { places: Places }): JSX.Element {
  const read = useAsync((signal) => gateway.call<{ lists: NamedList[] }>("homarus.lists.get", {}, { signal }), [], ["homarus.lists.changed"], "today/lists");
  const [naming, setNaming] = useState(false);
  const begin = gateway.can("operator.write") && <Button icon="plus" onClick={() => setNaming(true)}>{t("lists.newList")}</Button>;
  return (
    <>
      <Steady name="today/lists" ready={settled(read)}><Loaded from={read}>
        {({ lists }) => lists.length ? (
          <>
            <div class="panel-pair">{lists.map((list) => <OneList key={`${list.sessionKey}/${list.name}`} list={list} where={places(list.sessionKey)} />)}</div>
            {begin && <div>{begin}</div>}
          </>
        ) : (
          <Card title={t("lists.lists")} icon="list">
            <EmptyState icon="list" title={t("lists.noLists")} action={begin}>{t("lists.noListsText")}</EmptyState>
          </Card>
        )}
      </Loaded></Steady>
      {naming && <NewList onClose={() => setNaming(false)} />}
    </>
  );
}

function OneList({ list, where }: { list: NamedList; where: string | undefined }): JSX.Element {
  const editable = gateway.can("operator.write");
  const name = title(list.name);
  const menu = editable && <Menu label={t("lists.options", { name })} items={[{ label: t("lists.clear"), icon: "trash", danger: true, run: () => void clear(list) }]} />;
  return (
    <Card title={name} icon="list" actions={menu}>
      {where && <p class="muted small">{t("lists.session", { name: where })}</p>}
      <CheckList name={name} items={list.items} editable={editable} change={(what) => change(list, what)} />
      {list.total === 0 && <p class="muted">{t("lists.empty")}</p>}
      {list.total > list.items.length && <p class="muted small">{t("lists.shownOf", { shown: list.items.length, total: list.total })}</p>}
      {editable && <Adder list={list} />}
    </Card>
  );
}

function Adder({ list }: { list: NamedList }): JSX.Element {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  const add = async (): Promise<void> => {
    const item = text.trim();
    if (!item || busy) return;
    setBusy(true);
    const answer = await change(list, { add: [item] });
    setBusy(false);
    if (!answer) return;
    if (answer.alreadyThere.length) toast(t("lists.already", { item }));
    setText("");
    box.current?.querySelector("input")?.focus();
  };
  const send = (event: Event): void => {
    event.preventDefault();
    void add();
  };
  return (
    <form ref={box} onSubmit={send}>
      <Field label={t("lists.add", { name: title(list.name) })} hideLabel placeholder={t("lists.addPlaceholder")} value={text} onInput={setText}
        end={<Button type="submit" icon="plus" label={t("lists.addButton")} busy={busy} disabled={!text.trim()} />} />
    </form>
  );
}

function NewList({ onClose }: { onClose: () => void }): JSX.Element {
  const [name, setName] = useState("");
  const [item, setItem] = useState("");
  const [busy, setBusy] = useState(false);
  const ready = name.trim() !== "" && item.trim() !== "";
  const create = async (): Promise<void> => {
    if (!ready || busy) return;
    setBusy(true);
    const made = await act(() => gateway.call("homarus.lists.change", { list: name.trim(), add: [item.trim()] }));
    setBusy(false);
    if (made) onClose();
  };
  const actions = <Button kind="primary" busy={busy} disabled={!ready} onClick={() => void create()}>{t("lists.create")}</Button>;
  return (
    <Dialog open title={t("lists.newList")} onClose={onClose} actions={actions}>
      <Field label={t("lists.newListName")} hint={t("lists.newListHint")} value={name} onInput={setName} autofocus onEnter={() => void create()} />
      <Field label={t("lists.firstItem")} value={item} onInput={setItem} onEnter={() => void create()} />
    </Dialog>
  );
}

async function clear(list: NamedList): Promise<void> {
  const asked = { title: t("lists.clearAsk", { name: title(list.name) }), text: t("lists.clearText", { count: list.total }), yes: t("lists.clear"), danger: true };
  if (!(await confirm(asked))) return;
  const gone = await change(list, { clear: true });
  if (!gone) return;
  const back = gone.removed.slice(0, 50);
  toast(t("lists.cleared"), "good", back.length ? { label: t("lists.undo"), run: () => void change(list, { putBack: back }) } : undefined);
}
