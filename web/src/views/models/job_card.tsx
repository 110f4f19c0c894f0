import type { JSX } from "preact";
import { format, t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, Card, Notice, Progress } from "../../ui";
import type { Work } from "./job";
import { PROBES, jobShare } from "./model";
import type { Job } from "./model";

/** A download, or what comes after it, as it goes on. */
export function JobCard({ work }: { work: Work }): JSX.Element | null {
  const { job, running, speed, source } = work;
  if (!job) return null;
  const mayStop = gateway.can("operator.admin") && gateway.has("homarus.models.cancel") && job.phase !== "load";
  const actions = running
    ? mayStop && <Button small kind="quiet" icon="stop" onClick={() => void work.cancel()}>{t(job.phase === "download" ? "models.pause" : "ui.cancel")}</Button>
    : <Button kind="quiet" icon="close" label={t("ui.close")} onClick={work.dismiss} />;
  return (
    <Card title={job.file} icon="download" actions={actions}>
      {running && (
        <>
          <Progress {...share(job)} label={t(`models.phase_${job.phase}`)} />
          <p class="muted small numbers" role="status">{told(job, speed)}</p>
        </>
      )}
      {job.state === "done" && <Notice tone="good">{t(`models.done_${job.phase}`, { file: job.file })}</Notice>}
      {job.state === "failed" && <Notice tone="bad" action={source && <Button small onClick={() => void work.pull(source)}>{t("ui.retry")}</Button>}>{job.error}</Notice>}
      {job.state === "cancelled" && <Notice action={source && <Button small onClick={() => void work.pull(source)}>{t("models.resume")}</Button>}>{t("models.stopped")}</Notice>}
      {job.warning && <Notice tone="warn">{job.warning}</Notice>}
    </Card>
  );
}

function share(job: Job): { value?: number } {
  const value = jobShare(job);
  return value === undefined ? {} : { value };
}

function told(job: Job, speed: Work["speed"]): string {
  if (job.phase === "load") return t("models.phase_load");
  if (job.phase === "probe") return t("models.probing", { asked: job.asked ?? 0, of: PROBES });
  const parts = [job.totalBytes ? t("models.bytesOf", { done: format.bytes(job.doneBytes), total: format.bytes(job.totalBytes) }) : format.bytes(job.doneBytes)];
  if (speed) parts.push(t("models.perSecond", { rate: format.bytes(speed.rate) }));
  if (speed?.leftMs !== undefined) parts.push(t("models.left", { time: format.duration(Math.max(10_000, speed.leftMs)) }));
  return parts.join(" · ");
}
