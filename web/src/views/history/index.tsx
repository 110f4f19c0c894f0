import "../../words/chat";
import "../../words/history";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { format, t } from "../../app/i18n";
import { go, route } from "../../app/router";
import { gateway } from "../../gateway";
import { Badge, Button, Card, EmptyState, Field, List, Notice, Page, Row, Skeleton, Toggle, useAsync } from "../../ui";
import { nameOf } from "../chat/parts/sessions";
import { pathOf } from "../chat/context";
import { plain } from "../chat/model/sentences";
import { previewOf } from "../chat/model/sessions";
import type { SessionRow } from "../chat/model/wire";
import { grouped, marked } from "./found";
import type { Hit } from "./found";

const QUIET_MS = 220;
const MOST = 60;

/** Everything that was ever said here: found by its words, or by conversation. */
export default function View(): JSX.Element {
  const wanted = route.value.query.get("q") ?? "";
  const [words, setWords] = useState(wanted);
  useEffect(() => {
    // Each letter is no question; a pause is.
    const timer = setTimeout(() => {
      if (words.trim() !== wanted) go(words.trim() ? `/history?q=${encodeURIComponent(words.trim())}` : "/history", { replace: true });
    }, QUIET_MS);
    return () => clearTimeout(timer);
  }, [words]);
  return (
    <Page title={t("history.title")}>
      <div class="history">
        <Field label={t("history.label")} hideLabel type="search" value={words} onInput={setWords} placeholder={t("history.label")} autofocus />
        {wanted ? <Found words={wanted} /> : <All />}
      </div>
    </Page>
  );
}

function Found({ words }: { words: string }): JSX.Element {
  const found = useAsync(
    (signal) => gateway.call<{ hits: Hit[] }>("homarus.sessions.search", { query: words, limit: MOST }, { signal }),
    [words],
  );
  const rows = useRows();
  if (found.error) return <Notice tone="bad" title={t("history.failed")}>{found.error.message}</Notice>;
  if (!found.value) return <Card><Skeleton lines={6} /></Card>;
  const groups = grouped(found.value.hits);
  if (!groups.length) return <EmptyState icon="search" title={t("history.none")}>{t("history.noneText")}</EmptyState>;
  return (
    <div aria-live="polite">
      <p class="unseen">{t("history.hits", { count: found.value.hits.length })}</p>
      {groups.map(({ key, hits }) => (
        <section key={key} class="history-group">
          <h2>{nameOf(rows.get(key), key)}</h2>
          <Card><List label={nameOf(rows.get(key), key)}>
            {hits.map((hit) => (
              <Row
                key={hit.messageId}
                href={`${pathOf(hit.key)}?message=${encodeURIComponent(hit.messageId)}`}
                title={<Snippet text={hit.snippet} words={words} />}
                detail={`${t(hit.role === "user" ? "history.you" : "history.answer")} · ${format.moment(hit.createdAt)}`}
              />
            ))}
          </List></Card>
        </section>
      ))}
    </div>
  );
}

function Snippet({ text, words }: { text: string; words: string }): JSX.Element {
  return <span class="snippet" dir="auto">{marked(plain(text), words).map((part, index) => (part.hit ? <mark key={index}>{part.text}</mark> : part.text))}</span>;
}

interface Listed {
  sessions: SessionRow[];
  hasMore: boolean;
}

const listed = (limit: number, archived: boolean | "all"): Promise<Listed> =>
  gateway.call<Listed>("sessions.list", { limit, archived, excludeSubagents: true });

/** The names of the conversations in which something was found. */
function useRows(): ReadonlyMap<string, SessionRow> {
  const rows = useAsync(() => listed(500, "all"), []);
  return new Map(rows.value?.sessions.map((row) => [row.key, row]));
}

const PAGE = 50;

function All(): JSX.Element {
  const [archived, setArchived] = useState(false);
  const [limit, setLimit] = useState(PAGE);
  const rows = useAsync(() => listed(limit, archived), [archived, limit], ["sessions.changed"], archived || limit > PAGE ? undefined : "history");
  return (
    <>
      <Toggle label={t("history.archivedShow")} checked={archived} onChange={setArchived} />
      {rows.error && <Notice tone="bad" title={rows.error.message} />}
      {!rows.value ? <Card><Skeleton lines={8} /></Card> : rows.value.sessions.length === 0 ? (
        <EmptyState icon="chat" title={t("history.empty")} action={<Button kind="primary" href="/chat">{t("history.start")}</Button>} />
      ) : (
        <Card><List label={t("history.all")}>
          {rows.value.sessions.map((row) => (
            <Row
              key={row.key}
              icon={row.pinned ? "pin" : "chat"}
              href={pathOf(row.key)}
              title={nameOf(row)}
              detail={previewOf(row)}
              end={<>{row.channel && <Badge>{row.channel}</Badge>}<time class="tiny muted">{format.moment(row.lastActivityAt ?? row.updatedAt ?? Date.now())}</time></>}
            />
          ))}
        </List></Card>
      )}
      {rows.value?.hasMore && <Button small kind="quiet" onClick={() => setLimit(limit + PAGE)}>{t("history.more")}</Button>}
    </>
  );
}
