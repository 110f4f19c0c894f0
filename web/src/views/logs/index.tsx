import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import "../../words/logs";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, CopyButton, EmptyState, Field, Notice, Page, Select, Skeleton } from "../../ui";
import { Gate, why } from "../panel";
import { LEVELS, asText, clock, wanted } from "./model";
import type { Level, Line } from "./model";
import { useTail } from "./tail";

/** The log of the gateway as it is written. Secrets were masked before they got here. */
export default function View(): JSX.Element {
  return (
    <Page title={t("views.logs")} lead={t("logs.lead")} wide>
      <Gate method="logs.tail"><Log /></Gate>
    </Page>
  );
}

function Log(): JSX.Element {
  const [following, setFollowing] = useState(true);
  const [least, setLeast] = useState<Level>("info");
  const [words, setWords] = useState("");
  const { lines, error, file, skipped } = useTail(following);
  const shown = lines?.filter((line) => wanted(line, least, words));
  const levels = LEVELS.map((value) => ({ value, label: t(`logs.level_${value}`) }));
  return (
    <>
      <div class="panel-tools">
        <Field type="search" label={t("logs.search")} hideLabel placeholder={t("logs.search")} value={words} onInput={setWords} />
        <Select label={t("logs.least")} hideLabel value={least} options={levels} onChange={setLeast} />
        <Button icon={following ? "pause" : "play"} onClick={() => setFollowing(!following)} aria-pressed={following ? "true" : "false"}>{t(following ? "logs.pause" : "logs.follow")}</Button>
      </div>
      {error && <Notice tone="warn">{why(error)}</Notice>}
      {skipped && <Notice>{t("logs.skipped")}</Notice>}
      {shown === undefined ? <Waiting /> : <Lines lines={shown} following={following} total={lines!.length} />}
      {file && <p class="muted tiny mono log-file">{file}</p>}
    </>
  );
}

function Waiting(): JSX.Element {
  if (gateway.status.value === "offline") return <EmptyState icon="offline" title={t("panel.offline")}>{t("panel.offlineText")}</EmptyState>;
  return <div class="log-box log-wait"><Skeleton lines={8} /></div>;
}

function Lines({ lines, following, total }: { lines: readonly Line[]; following: boolean; total: number }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const last = lines.at(-1)?.id;
  useLayoutEffect(() => {
    // Who scrolled up to read stays there.
    if (following && atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [last, following]);
  const scrolled = (): void => {
    const one = box.current;
    if (one) atEnd.current = one.scrollHeight - one.scrollTop - one.clientHeight < 40;
  };
  return (
    <>
      <div class="log-box" ref={box} onScroll={scrolled} tabIndex={0} role="log" aria-live="off" aria-label={t("views.logs")}>
        <ol class="log">
          {lines.length === 0 && <li class="none">{t(total ? "logs.noneSuch" : "logs.none")}</li>}
          {lines.map((line) => (
            <li key={line.id} class={line.level}>
              <time>{clock(line.time)}</time>
              <span class="level">{line.level}</span>
              <span class="text"><span class="from">{line.from}</span> {line.message}{line.facts && <span class="from"> {line.facts}</span>}</span>
            </li>
          ))}
        </ol>
      </div>
      <div class="log-foot">
        <p class="muted small" role="status">{t("logs.count", { shown: lines.length, total })}</p>
        <CopyButton text={lines.map(asText).join("\n")}>{t("logs.copy")}</CopyButton>
      </div>
    </>
  );
}
