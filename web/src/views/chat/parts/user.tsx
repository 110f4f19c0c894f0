import type { ComponentChildren, JSX } from "preact";
import { format, t } from "../../../app/i18n";
import { gateway } from "../../../gateway";
import { Button, Icon } from "../../../ui";
import type { Echo } from "../model/echoes";
import { withoutFiles } from "../model/turns";
import type { UserItem } from "../model/turns";
import type { PendingInput } from "../model/wire";
import { Photo, Picture } from "./picture";

/** What a person said, as the transcript has it. */
export function UserMessage({ item, sessionKey }: { item: UserItem; sessionKey: string }): JSX.Element {
  return (
    <Bubble at={item.at} entry={item.id}>
      {item.images.length > 0 && (
        <div class="said-images">{item.images.map((image, index) => <Picture key={image.sha256 ?? index} image={image} sessionKey={sessionKey} messageId={item.id} />)}</div>
      )}
      <FileNames names={item.files.map((file) => file.name)} />
      {item.text && <p dir="auto">{item.text}</p>}
    </Bubble>
  );
}

/** What is on its way to the box. */
export function EchoMessage({ echo, onRetry, onTakeBack }: { echo: Echo; onRetry: () => void; onTakeBack: () => void }): JSX.Element {
  const away = gateway.status.value !== "open";
  const waits = away ? t("chat.waitsForBox") : (echo.error ?? t("chat.sending"));
  const word = echo.state === "waiting" ? waits : echo.state === "sending" ? t("chat.sending") : undefined;
  return (
    <Bubble at={echo.at} state={echo.state}>
      {echo.images.length > 0 && <div class="said-images">{echo.images.map((source, index) => <Photo key={index} source={source} />)}</div>}
      <FileNames names={echo.files} />
      {echo.text && <p dir="auto">{echo.text}</p>}
      {word && <span class="said-state"><Icon name="clock" size={14} />{word}</span>}
      {echo.state === "waiting" && <Button small kind="quiet" onClick={onTakeBack}>{t("chat.takeBack")}</Button>}
      {echo.state === "failed" && (
        <div class="said-failed" role="alert">
          <span><Icon name="alert" size={16} />{t("chat.notSent", { reason: echo.error ?? "" })}</span>
          <Button small icon="refresh" onClick={onRetry}>{t("ui.retry")}</Button>
          <Button small kind="quiet" onClick={onTakeBack}>{t("chat.takeBack")}</Button>
        </div>
      )}
    </Bubble>
  );
}

/** What the box keeps until the running answer is done. */
export function QueuedMessage({ input, mode, onTakeBack }: { input: PendingInput; mode: string | undefined; onTakeBack: () => void }): JSX.Element {
  const { text, files } = withoutFiles(input.message.content);
  return (
    <Bubble at={input.acceptedAt} state="queued">
      <FileNames names={files.map((file) => file.name)} />
      <p dir="auto">{text}</p>
      <span class="said-state"><Icon name="clock" size={14} />{t(mode === "steer" ? "chat.queuedSteer" : "chat.queued")}</span>
      {gateway.can("write") && <Button small kind="quiet" onClick={onTakeBack}>{t("chat.takeBack")}</Button>}
    </Bubble>
  );
}

function Bubble({ at, state = "", entry, children }: { at: number; state?: string; entry?: string; children: ComponentChildren }): JSX.Element {
  return (
    <article class={`said ${state}`} aria-label={t("chat.you")} data-entry={entry}>
      <div class="said-bubble" title={format.dateTime(at)}>{children}</div>
    </article>
  );
}

function FileNames({ names }: { names: readonly string[] }): JSX.Element | null {
  if (!names.length) return null;
  return <ul class="said-files">{names.map((name, index) => <li key={index}><Icon name="paperclip" size={15} />{name}</li>)}</ul>;
}
