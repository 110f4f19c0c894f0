import type { JSX } from "preact";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, Card, EmptyState, List, Progress, Row, confirm, toast, Steady, useAsync } from "../../ui";
import type { IconName } from "../../ui";
import { act, countdown, Loaded, settled, useNow } from "../panel";
import { dueDetail, dueName, repeatText, share } from "./model";
import type { Agenda as Read, Due } from "./model";

const ICONS: Readonly<Record<Due["kind"], IconName>> = { timer: "clock", alarm: "bell", reminder: "bell" };

/** What is pending, the nearest first. Times count by the clock of the box, however wrong the browser's is. */
export function Agenda(): JSX.Element {
  const read = useAsync(async (signal) => {
    const answer = await gateway.call<Read>("homarus.agenda.list", {}, { signal });
    return { ...answer, offsetMs: Date.now() - answer.nowMs };
  }, [], ["homarus.agenda.changed"], "today/agenda");
  return (
    <Card title={t("lists.agenda")} icon="clock">
      <Steady name="today/agenda" ready={settled(read)}><Loaded from={read} inside>
        {({ rows, total, offsetMs }) => rows.length ? (
          <>
            <Rows rows={rows} offsetMs={offsetMs} />
            {total > rows.length && <p class="muted small">{t("lists.moreLeft", { count: total - rows.length })}</p>}
          </>
        ) : (
          <EmptyState icon="clock" title={t("lists.nothing")} action={<Button href="/chat" icon="chat">{t("lists.ask")}</Button>}>
            {t("lists.nothingText")}
          </EmptyState>
        )}
      </Loaded></Steady>
    </Card>
  );
}

function Rows({ rows, offsetMs }: { rows: Due[]; offsetMs: number }): JSX.Element {
  const now = useNow() - offsetMs;
  return <List label={t("lists.agenda")}>{rows.map((due) => <Pending key={due.id} due={due} now={now} />)}</List>;
}

function Pending({ due, now }: { due: Due; now: number }): JSX.Element {
  const leftMs = due.dueMs - now;
  const done = share(due, now);
  const left = leftMs <= 0 ? t("lists.due") : countdown(leftMs, t("panel.day"));
  return (
    <Row icon={ICONS[due.kind]} title={dueName(due)} detail={dueDetail(due, now)} href={`/chat/${encodeURIComponent(due.sessionKey)}`} end={
      <>
        {due.kind === "timer" && <span class="countdown" role="timer">{left}</span>}
        {gateway.can("operator.write") && (
          <Button kind="quiet" icon="close" label={t("lists.cancel", { name: dueName(due) })} onClick={() => void cancel(due)} />
        )}
      </>
    }>
      {done !== undefined && <Progress value={done} label={t("lists.left", { time: left })} />}
    </Row>
  );
}

async function cancel(due: Due): Promise<void> {
  const sure = await confirm({
    title: t("lists.cancelAsk", { name: dueName(due) }),
    text: due.repeat ? t("lists.cancelRepeat", { repeat: repeatText(due.repeat) }) : t("lists.cancelAskText"),
    yes: t("lists.cancelShort"),
    danger: true,
  });
  if (!sure) return;
  const answer = await act(() => gateway.call<{ missing: string[] }>("homarus.agenda.cancel", { ids: [due.id] }));
  if (answer) toast(answer.missing.length ? t("lists.wasGone") : t("lists.cancelled"), "good");
}
