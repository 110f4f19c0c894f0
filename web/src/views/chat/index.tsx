import "../../words/chat";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { go, route } from "../../app/router";
import { Button, Dialog } from "../../ui";
import { Leaving } from "./markdown/outside";
import { mainKey, newKey, pathOf, readCommands } from "./context";
import { Thread } from "./thread";
import { SessionList } from "./parts/sessions";
import { useAboveKeyboard } from "./keyboard";

/** The chat: the conversations beside it where there is room, and one of them. */
export default function View(): JSX.Element {
  const given = route.value.params["key"];
  const [listed, setListed] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useAboveKeyboard(box);
  useEffect(readCommands, []);
  const key = given ?? mainKey();
  const picker = <Button kind="quiet" icon="menu" label={t("chat.sessions")} class="only-narrow" onClick={() => setListed(true)} />;
  return (
    <div class="chat" ref={box}>
      <aside class="chat-side" aria-label={t("chat.sessions")}><SessionList current={key} /></aside>
      <Thread key={key} sessionKey={key} picker={picker} onNew={() => go(pathOf(newKey()))} />
      <Dialog open={listed} title={t("chat.sessions")} onClose={() => setListed(false)}>
        <SessionList current={key} onPick={() => setListed(false)} />
      </Dialog>
      <Leaving />
    </div>
  );
}
