import type { JSX } from "preact";
import "../../words/models";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Page, useAsync } from "../../ui";
import { Gate, settled } from "../panel";
import { Answering } from "./answering";
import { useJob } from "./job";
import { JobCard } from "./job_card";
import { Files } from "./files";
import { More } from "./more";
import { TuningCard } from "./tuning";
import { Order } from "./order";
import type { Answers, Local } from "./model";

/** Which models answer, which are here, and which would suit this box. */
export default function View(): JSX.Element {
  const answers = useAsync((signal) => gateway.call<Answers>("homarus.answers", {}, { signal }), [], ["health", "config.changed"]);
  return (
    <Page title={t("views.models")} lead={t("models.lead")}>
      <Answering answers={answers} />
      {settled(answers) && <Gate method="homarus.models.local"><OnThisBox /></Gate>}
    </Page>
  );
}

function OnThisBox(): JSX.Element {
  const local = useAsync((signal) => gateway.call<Local>("homarus.models.local", {}, { signal }), [], ["health", "config.changed"]);
  const work = useJob(local.reload);
  return (
    <>
      {work.job && <JobCard work={work} />}
      <Files from={local} work={work} />
      {settled(local) && gateway.can("operator.admin") && <More work={work} />}
      {settled(local) && <Order />}
      {(local.value?.models.length ?? 0) > 0 && gateway.has("homarus.models.tuning") && <TuningCard />}
    </>
  );
}
