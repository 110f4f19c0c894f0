import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { format, locale, t } from "../../app/i18n";
import { route } from "../../app/router";
import { gateway } from "../../gateway";
import { Button, Dialog, EmptyState, Icon, Skeleton, toast } from "../../ui";
import { open } from "./context";
import { Markdown } from "./markdown/markdown";
import type { Conversation } from "./model/conversation";
import type { Echo } from "./model/echoes";
import type { Item, Segment, UserItem } from "./model/turns";
import { textOf } from "./model/wire";
import type { Message } from "./model/wire";
import { Composer } from "./parts/composer";
import { Messages } from "./parts/messages";
import { nameOf, SessionMenu } from "./parts/sessions";
import { Speaker } from "./parts/speaker";
import { LiveTurn, Turn } from "./parts/turn";
import type { TurnActions } from "./parts/turn";
import { EchoMessage, QueuedMessage, UserMessage } from "./parts/user";

/** One conversation from its heading to the field in which one types. */
export function Thread({ sessionKey, picker, onNew }: { sessionKey: string; picker: ComponentChildren; onNew: () => void }): JSX.Element {
  const [talk, setTalk] = useState<Conversation | null>(null);
  useEffect(() => {
    const made = open(sessionKey);
    setTalk(made);
    return () => made.close();
  }, [sessionKey]);
  if (!talk) return <section class="thread"><div class="messages" /></section>;
  return <Open talk={talk} picker={picker} onNew={onNew} />;
}

function Open({ talk, picker, onNew }: { talk: Conversation; picker: ComponentChildren; onNew: () => void }): JSX.Element {
  const [given, setGiven] = useState({ text: "", count: 0 });
  const [sent, setSent] = useState(0);
  const [whole, setWhole] = useState<string | null>(null);
  const goto = useGoto(talk);
  const fill = (text: string): void => setGiven((before) => ({ text, count: before.count + 1 }));

  const send: Parameters<typeof Composer>[0]["onSend"] = (text, attachments, mode) => {
    const taken = talk.send(text, attachments, mode);
    if (taken) setSent((count) => count + 1);
    return taken;
  };
  const stop = (): void => void talk.abort().catch((error: Error) => toast(error.message, "bad"));
  const say = (text: string): void => void send(text, []);

  const items = talk.items.value;
  const tail = talk.tail.value;
  const echoes = talk.echoes.value;
  const pending = talk.pending.value;
  const empty = talk.state.value === "ready" && !items.length && !tail.length && !echoes.length && !pending.length;
  const said = echoes.filter((one) => one.state === "accepted");
  const onItsWay = echoes.filter((one) => one.state !== "accepted");
  const actions = (item: Item | undefined, before: UserItem | undefined, last: boolean): TurnActions => ({
    sessionKey: talk.key,
    again: last && before?.text ? () => say(before.text) : undefined,
    undo: last && item?.kind === "turn" && undoable(item.segments) ? () => say(t("chat.undoWords")) : undefined,
    whole: setWhole,
  });
  const echoed = (one: Echo): JSX.Element => (
    <EchoMessage key={one.id} echo={one} onRetry={() => talk.retry(one.id)} onTakeBack={() => fill(talk.takeBack(one.id))} />
  );
  const quiet = !talk.busy.value && !onItsWay.length;

  return (
    <section class="thread" aria-label={nameOf(talk.info.value, talk.key)}>
      <header class="thread-head">
        {picker}
        <h1>{nameOf(talk.info.value, talk.key)}</h1>
        <Button kind="quiet" icon="edit" label={t("chat.new")} class="only-narrow" onClick={onNew} />
        <SessionMenu row={talk.info.value} sessionKey={talk.key} />
      </header>
      <Messages count={sent} older={talk.older.value} onOlder={() => void talk.loadOlder()} busy={talk.busy.value} goto={goto}>
        {talk.state.value === "loading" && !echoes.length && <div class="thread-loading"><Skeleton lines={4} /></div>}
        {talk.state.value === "failed" && <Failed talk={talk} />}
        {empty && <Welcome onPick={fill} />}
        <Stored items={items} sessionKey={talk.key} last={quiet && !tail.length && !said.length} actions={actions} />
        {tail.map((live) => {
          const own = said.find((one) => one.id === live.runId);
          const asked = own?.text ?? items.findLast((one): one is UserItem => one.kind === "user")?.text;
          const last = live === tail.at(-1) && live.state !== "running" && quiet;
          const again = last && asked ? () => say(asked) : undefined;
          const undo = last && undoable(live.segments) ? () => say(t("chat.undoWords")) : undefined;
          return [
            own && echoed(own),
            <LiveTurn key={live.runId} live={live} actions={{ sessionKey: talk.key, again, undo }} />,
          ];
        })}
        {said.filter((one) => !tail.some((live) => live.runId === one.id)).map(echoed)}
        {pending.map((input) => <QueuedMessage key={input.id} input={input} mode={talk.info.value?.effectiveQueueMode} />)}
        {onItsWay.map(echoed)}
      </Messages>
      <Speaker live={tail.at(-1)} />
      {gateway.met.value && !gateway.can("write") ? (
        <p class="read-only"><Icon name="lock" size={16} />{t("chat.readOnly")}</p>
      ) : (
        <Composer place={talk.key} busy={talk.busy.value} onSend={send} onStop={stop} lastSaid={() => lastSaid(talk)} given={given} />
      )}
      {whole !== null && <Whole talk={talk} entryId={whole} onClose={() => setWhole(null)} />}
    </section>
  );
}

function Stored({ items, sessionKey, last, actions }: {
  items: readonly Item[];
  sessionKey: string;
  last: boolean;
  actions: (item: Item, before: UserItem | undefined, last: boolean) => TurnActions;
}): JSX.Element {
  let before: UserItem | undefined;
  let day = "";
  const shown = items.map((item, index) => {
    const today = new Date(item.at).toDateString();
    const heading = today === day ? null : <p class="day" key={`day:${today}`}>{dayName(item.at)}</p>;
    day = today;
    if (item.kind === "user") {
      before = item;
      return [heading, <UserMessage key={item.id} item={item} sessionKey={sessionKey} />];
    }
    const asked = before;
    return [heading, <Turn key={item.id} item={item} askedAt={asked?.at} actions={actions(item, asked, last && index === items.length - 1)} />];
  });
  return <>{shown}</>;
}

function dayName(ms: number): string {
  const day = (time: number): number => new Date(time).setHours(0, 0, 0, 0);
  const ago = Math.round((day(Date.now()) - day(ms)) / 86_400_000);
  if (ago > 1) return format.date(ms);
  const word = new Intl.RelativeTimeFormat(locale.value, { numeric: "auto" }).format(-ago, "day");
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Whether the last thing that was done can be taken back. */
function undoable(segments: readonly Segment[]): boolean {
  const last = segments.findLast((one) => one.kind === "tool");
  const details = last?.kind === "tool" ? last.step.details : undefined;
  return typeof details === "object" && details !== null && (details as { undoable?: unknown }).undoable === true;
}

function lastSaid(talk: Conversation): string {
  const echo = talk.echoes.peek().at(-1);
  return echo?.text ?? talk.items.peek().findLast((one): one is UserItem => one.kind === "user")?.text ?? "";
}

/** Read back to the message that a search led to. */
function useGoto(talk: Conversation): string | null {
  const wanted = route.value.query.get("message");
  const [found, setFound] = useState<string | null>(null);
  const ready = talk.state.value === "ready";
  useEffect(() => {
    if (wanted && ready) void talk.reach(wanted).then((there) => there && setFound(talk.holder(wanted)));
  }, [wanted, ready]);
  return found;
}

function Failed({ talk }: { talk: Conversation }): JSX.Element {
  return (
    <EmptyState icon="alert" title={t("chat.notLoaded")} action={<Button icon="refresh" onClick={() => talk.sync()}>{t("ui.retry")}</Button>}>
      {talk.error.value}
    </EmptyState>
  );
}

function Welcome({ onPick }: { onPick: (text: string) => void }): JSX.Element {
  const ideas = useMemo(() => ["timer", "list", "reminder", "ask"].map((name) => t(`chat.idea.${name}`)), [locale.value]);
  return (
    <div class="chat-hello">
      <Icon name="spark" size={30} />
      <h2>{t("chat.hello")}</h2>
      <p class="muted">{t("chat.helloText")}</p>
      <ul>{ideas.map((idea) => <li key={idea}><Button small onClick={() => onPick(idea)}>{idea}</Button></li>)}</ul>
    </div>
  );
}

/** A message that was too long for the list. */
function Whole({ talk, entryId, onClose }: { talk: Conversation; entryId: string; onClose: () => void }): JSX.Element {
  const [text, setText] = useState<string | null>(null);
  useEffect(() => {
    gateway
      .call<{ ok: boolean; message?: Message }>("chat.message.get", { sessionKey: talk.key, messageId: entryId })
      .then((answer) => setText(answer.message ? textOf(answer.message.content) : t("chat.notLoaded")))
      .catch((error: Error) => setText(error.message));
  }, [entryId]);
  return <Dialog open title={t("chat.answer")} onClose={onClose}>{text === null ? <Skeleton /> : <Markdown text={text} />}</Dialog>;
}
