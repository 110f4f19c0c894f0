import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { format, t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Card, EmptyState, Field, Steady, useAsync } from "../../ui";
import { Loaded, settled } from "../panel";

interface Note {
  id: string;
  text: string;
  createdMs: number;
}

const SHOWN = 50;

/** What was written down, the newest first, with a search over all of it. */
export function Notes(): JSX.Element {
  const [typed, setTyped] = useState("");
  const [query, setQuery] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setQuery(typed.trim()), 200);
    return () => clearTimeout(timer);
  }, [typed]);
  const params = query ? { query, limit: SHOWN } : { limit: SHOWN };
  const read = useAsync((signal) => gateway.call<{ notes: Note[]; total: number }>("homarus.notes.list", params, { signal }), [query], ["homarus.lists.changed"], query ? undefined : "today/notes");
  const some = query !== "" || (read.value?.total ?? 0) > 0;
  return (
    <Card title={t("lists.notes")} icon="edit">
      {some && <Field type="search" label={t("lists.search")} hideLabel placeholder={t("lists.search")} value={typed} onInput={setTyped} />}
      <Steady name="today/notes" ready={settled(read)}><Loaded from={read} inside>
        {({ notes, total }) => notes.length ? (
          <>
            <ul class="list" aria-label={t("lists.notes")}>
              {notes.map((note) => (
                <li class="row" key={note.id}>
                  <div class="row-line"><div class="row-main"><div class="row-text">
                    <p class="note-text">{note.text}</p>
                    <time class="row-detail" dateTime={new Date(note.createdMs).toISOString()}>{format.moment(note.createdMs)}</time>
                  </div></div></div>
                </li>
              ))}
            </ul>
            {total > notes.length && <p class="muted small">{t("lists.moreNotes", { count: total - notes.length })}</p>}
          </>
        ) : query ? (
          <p class="muted">{t("lists.noneFound")}</p>
        ) : (
          <EmptyState icon="edit" title={t("lists.noNotes")}>{t("lists.noNotesText")}</EmptyState>
        )}
      </Loaded></Steady>
    </Card>
  );
}
