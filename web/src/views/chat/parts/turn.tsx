import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import { format, t } from "../../../app/i18n";
import { Button, CopyButton, Icon, Spinner } from "../../../ui";
import { Markdown } from "../markdown/markdown";
import type { Live } from "../model/live";
import type { Segment, TurnItem } from "../model/turns";
import { FactsLine } from "./facts";
import { Picture } from "./picture";
import { Tool } from "./tool";

export interface TurnActions {
  sessionKey: string;
  /** Ask the same again; absent where that makes no sense. */
  again?: (() => void) | undefined;
  undo?: (() => void) | undefined;
  whole?: ((entryId: string) => void) | undefined;
}

/** An answer that is stored. */
export function Turn({ item, askedAt, actions }: { item: TurnItem; askedAt: number | undefined; actions: TurnActions }): JSX.Element {
  const took = askedAt === undefined ? undefined : item.endedAt - askedAt;
  return (
    <article class={item.told ? "turn told" : "turn"} aria-label={t("chat.answer")} data-entry={item.entryIds.at(-1)}>
      {item.told && <Icon name={item.told === "agenda" ? "bell" : "clock"} size={18} class="told-icon" />}
      <Segments segments={item.segments} sessionKey={actions.sessionKey} />
      {item.error && <Failure text={item.error} again={actions.again} />}
      {item.aborted && <Stopped again={actions.again} />}
      {item.cut && actions.whole && <Button small kind="quiet" onClick={() => actions.whole!(item.cut!)}>{t("chat.showWhole")}</Button>}
      <Foot segments={item.segments} at={item.endedAt} actions={actions}>
        {item.facts && <FactsLine facts={item.facts} tookMs={took} />}
      </Foot>
    </article>
  );
}

/** An answer while it is made, and until the transcript holds it. */
export function LiveTurn({ live, actions }: { live: Live; actions: TurnActions }): JSX.Element {
  const running = live.state === "running";
  const last = live.segments.at(-1);
  const speaks = last?.kind === "text";
  const works = last?.kind === "tool" && last.step.state === "running";
  return (
    <article class={running ? "turn live" : "turn"} aria-label={t("chat.answer")} aria-busy={running}>
      <Segments segments={live.segments} sessionKey={actions.sessionKey} />
      {live.thinking && running && !speaks && <Thinking text={live.thinking} />}
      {running && !speaks && !works && !live.thinking && <Waiting live={live} />}
      {live.state === "aborted" && <Stopped again={actions.again} />}
      {live.state === "error" && <Failure text={live.error ?? ""} again={actions.again} />}
      {!running && (
        <Foot segments={live.segments} at={live.endedAt ?? live.startedAt} actions={actions}>
          {live.facts && <FactsLine facts={live.facts} tookMs={live.endedAt ? live.endedAt - live.startedAt : undefined} />}
        </Foot>
      )}
    </article>
  );
}

function Segments({ segments, sessionKey }: { segments: readonly Segment[]; sessionKey: string }): JSX.Element {
  return (
    <>
      {segments.map((one) => {
        if (one.kind === "text") return <Markdown key={one.key} text={one.text} />;
        if (one.kind === "tool") return <Tool key={one.key} step={one.step} sessionKey={sessionKey} />;
        if (one.kind === "image") return <div key={one.key} class="said-images"><Picture image={one.image} sessionKey={sessionKey} messageId={one.entryId} /></div>;
        return <p key={one.key} class="turn-note"><Icon name="info" size={15} />{noteText(one.text)}</p>;
      })}
    </>
  );
}

/** A line of the box: one that came live has its facts, one of the transcript its words. */
function noteText(text: string): string {
  if (!text.startsWith("{")) return text;
  const { name, model, from } = JSON.parse(text) as { name: string; model?: string; from?: string };
  return name === "grounding" ? t("chat.grounding", { model: model ?? "" }) : t("chat.handover", { model: from ?? "" });
}

function Waiting({ live }: { live: Live }): JSX.Element {
  const share = live.progress && live.progress.total > 0 ? live.progress.done / live.progress.total : undefined;
  const reading = live.phase === "reading_prompt" && share !== undefined && share < 1;
  const cloud = live.model?.tier === "cloud" ? t("chat.asksCloud", { model: live.model.model }) : t("chat.thinking");
  return (
    <p class="turn-wait">
      <span class="dots" aria-hidden="true"><i /><i /><i /></span>
      <span>{reading ? t("chat.reading", { share: format.percent(share) }) : cloud}</span>
    </p>
  );
}

function Thinking({ text }: { text: string }): JSX.Element {
  return (
    <details class="thinking">
      <summary><Spinner />{t("chat.thoughts")}</summary>
      <p>{text}</p>
    </details>
  );
}

function Stopped({ again }: { again: (() => void) | undefined }): JSX.Element {
  return (
    <p class="turn-note">
      <Icon name="stop" size={15} /><span>{t("chat.stopped")}</span>
      {again && <Button small kind="quiet" icon="refresh" onClick={again}>{t("ui.retry")}</Button>}
    </p>
  );
}

function Failure({ text, again }: { text: string; again?: (() => void) | undefined }): JSX.Element {
  return (
    <div class="failure" role="alert">
      <Icon name="alert" size={18} />
      <p>{text || t("chat.failed")}</p>
      {again && <Button small icon="refresh" onClick={again}>{t("ui.retry")}</Button>}
    </div>
  );
}

function Foot({ segments, at, actions, children }: {
  segments: readonly Segment[];
  at: number;
  actions: TurnActions;
  children?: ComponentChildren;
}): JSX.Element {
  const text = useMemo(() => segments.map((one) => (one.kind === "text" ? one.text : "")).filter(Boolean).join("\n\n"), [segments]);
  return (
    <footer class="turn-foot">
      {actions.undo && <Button small icon="undo" onClick={actions.undo}>{t("chat.undo")}</Button>}
      {children}
      <time class="turn-time" dateTime={new Date(at).toISOString()} title={format.dateTime(at)}>{format.time(at)}</time>
      {text && <CopyButton text={text} label={t("chat.copyAnswer")} />}
    </footer>
  );
}
