import type { ComponentChildren, JSX } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { route } from "../../app/router";
import { Mark } from "../../app/shell";
import { gateway } from "../../gateway";
import { Button, Dialog, EmptyState, Icon, Skeleton, toast } from "../../ui";
import type { IconName } from "../../ui";
import { open } from "./context";
import { Markdown } from "./markdown/markdown";
import type { Conversation } from "./model/conversation";
import type { Echo } from "./model/echoes";
import type { UserItem } from "./model/turns";
import { textOf } from "./model/wire";
import type { Message, PendingInput } from "./model/wire";
import { Composer } from "./parts/composer";
import type { Given } from "./parts/composer";
import { Messages } from "./parts/messages";
import { nameOf, SessionMenu } from "./parts/sessions";
import { Speaker } from "./parts/speaker";
import { offers, Stored } from "./parts/stored";
import { LiveTurn } from "./parts/turn";
import { EchoMessage, QueuedMessage } from "./parts/user";

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
  const [given, setGiven] = useState<Given>({ text: "", attachments: [], count: 0 });
  const [sent, setSent] = useState(0);
  const [whole, setWhole] = useState<string | null>(null);
  const goto = useGoto(talk);
  const give = (back: Omit<Given, "count">): void => setGiven(({ count }) => ({ ...back, count: count + 1 }));
  const takeBack = (id: string): void => give(talk.takeBack(id));
  const recall = (input: PendingInput): void => void talk.recall(input).then(give, (error: Error) => toast(error.message, "bad"));

  const send: Parameters<typeof Composer>[0]["onSend"] = (text, attachments, mode) => {
    const taken = talk.send(text, attachments, mode);
    if (taken) setSent((count) => count + 1);
    return taken;
  };
  const latest = useRef(send);
  latest.current = send;
  const say = useCallback((text: string): void => void latest.current(text, []), []);
  const stop = (): void => void talk.abort().catch((error: Error) => toast(error.message, "bad"));

  const items = talk.items.value;
  const tail = talk.tail.value;
  const echoes = talk.echoes.value;
  const pending = talk.pending.value;
  const empty = talk.state.value === "ready" && !items.length && !tail.length && !echoes.length && !pending.length;
  const said = echoes.filter((one) => one.state === "accepted");
  const onItsWay = echoes.filter((one) => one.state !== "accepted");
  const echoed = (one: Echo): JSX.Element => (
    <EchoMessage key={one.id} echo={one} onRetry={() => talk.retry(one.id)} onTakeBack={() => takeBack(one.id)} />
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
        {empty && <Welcome onPick={say} />}
        <Stored talk={talk} onSay={say} onWhole={setWhole} goto={goto} />
        {tail.map((live) => {
          const own = said.find((one) => one.id === live.runId);
          const asked = own?.text ?? items.findLast((one): one is UserItem => one.kind === "user")?.text;
          const last = live === tail.at(-1) && live.state !== "running" && quiet;
          const actions = { sessionKey: talk.key, ...offers(live, asked, last, say) };
          return [
            own && echoed(own),
            <LiveTurn key={live.runId} live={live} actions={actions} />,
          ];
        })}
        {said.filter((one) => !tail.some((live) => live.runId === one.id)).map(echoed)}
        {pending.map((input) => <QueuedMessage key={input.id} input={input} mode={talk.info.value?.effectiveQueueMode} onTakeBack={() => recall(input)} />)}
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

const IDEAS: readonly [string, IconName][] = [["timer", "clock"], ["list", "list"], ["reminder", "bell"], ["ask", "spark"]];

/** What a conversation begins with: things that work on every box, one press away. */
function Welcome({ onPick }: { onPick: (text: string) => void }): JSX.Element {
  return (
    <div class="chat-hello">
      <Mark size={44} />
      <h2>{t("chat.hello")}</h2>
      <p class="muted">{t("chat.helloText")}</p>
      <ul>
        {IDEAS.map(([name, icon]) => {
          const idea = t(`chat.idea.${name}`);
          return <li key={name}><button type="button" class="idea" onClick={() => onPick(idea)}><Icon name={icon} /><span>{idea}</span></button></li>;
        })}
      </ul>
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
