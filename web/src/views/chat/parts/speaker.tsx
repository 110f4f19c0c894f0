import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../../app/i18n";
import type { Live } from "../model/live";
import { nextSentences } from "../model/sentences";

/** Reads a growing answer to a screen reader: sentence by sentence, not each time a word comes. */
export function Speaker({ live }: { live: Live | undefined }): JSX.Element {
  const spoken = useRef({ runId: "", characters: 0, state: "" });
  const [words, setWords] = useState("");
  useEffect(() => {
    if (!live) return;
    const past = spoken.current;
    if (past.runId !== live.runId) spoken.current = { runId: live.runId, characters: 0, state: "" };
    const now = spoken.current;
    const text = live.segments.map((one) => (one.kind === "text" ? one.text : "")).join("\n\n");
    const ended = live.state !== "running";
    if (ended && now.state === live.state) return;
    const next = nextSentences(text, Math.min(now.characters, text.length), ended);
    now.characters = next.spoken;
    now.state = live.state;
    const extra = live.state === "aborted" ? t("chat.stopped") : live.state === "error" ? (live.error ?? t("chat.failed")) : "";
    if (next.say || extra) setWords([next.say, extra].filter(Boolean).join(" "));
  }, [live]);
  return <div class="unseen" role="log" aria-live="polite" aria-atomic="true" aria-label={t("chat.answer")}>{words}</div>;
}
