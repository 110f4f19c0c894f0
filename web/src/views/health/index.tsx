import type { JSX } from "preact";
import "../../words/health";
import { inWords } from "../../words/told";
import { format, t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Badge, Button, Card, Icon, Page, useAsync } from "../../ui";
import { Gate, Loaded } from "../panel";
import { Fix } from "./fix";
import { bySeverity, plain, summaryOf, together, tone } from "./model";
import type { Condition, Status } from "./model";
import { Security } from "./security";

/** Whether the box is well; if not, why, and what mends it. */
export default function View(): JSX.Element {
  const read = useAsync((signal) => gateway.call<Status>("status", {}, { signal }), [], ["health", "config.changed"]);
  const again = <Button kind="quiet" icon="refresh" label={t("health.refresh")} busy={read.loading && read.value !== undefined} onClick={read.reload} />;
  return (
    <Page title={t("views.health")} lead={t("health.lead")} actions={again}>
      <Loaded from={read}>
        {(status) => (
          <>
            <Verdict status={status} />
            {together(bySeverity(status.conditions.map(inWords))).map((all) => <Conditions key={`${all[0]!.code}/${all[0]!.subject}`} all={all} reload={read.reload} />)}
            {gateway.can("operator.admin") && <Gate method="homarus.security.audit"><Security /></Gate>}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Verdict({ status }: { status: Status }): JSX.Element {
  const wrong = status.conditions.filter((one) => tone(one.severity) !== "neutral").length;
  const well = status.ready && wrong === 0;
  return (
    <Card tone={well ? "good" : status.ready ? "warn" : "bad"}>
      <div class="share">
        <Icon name={well ? "check" : "alert"} size={28} />
        <div>
          <h2>{well ? t("health.well") : status.ready ? t("health.less", { count: wrong }) : t("health.notReady")}</h2>
          <p class="small">{t("health.facts", { version: status.runtimeVersion, time: format.duration(Math.floor(status.uptimeMs / 60_000) * 60_000 || 60_000) })}</p>
        </div>
      </div>
    </Card>
  );
}

/** One condition, or several of one kind: the same page mends them. */
function Conditions({ all, reload }: { all: readonly Condition[]; reload: () => void }): JSX.Element {
  const [first, ...more] = all as [Condition, ...Condition[]];
  const kind = tone(first.severity);
  return (
    <Card>
      <div class="finding">
        <Badge tone={kind}>{t(`health.severity_${kind}`)}</Badge>
        <h2>{more.length ? t("health.several", { count: all.length }) : summaryOf(first)}</h2>
      </div>
      {more.length > 0 && <ul class="stack small">{all.map((one) => <li key={one.subject + one.summary} class="finding"><span>{summaryOf(one)}{one.fix && `. ${plain(one.fix)}`}</span></li>)}</ul>}
      <Fix code={first.code} fix={more.length ? "" : first.fix} onDone={reload} />
    </Card>
  );
}
