import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { format, locale, t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Badge, Button, Card, Field, List, Notice, Row } from "../../ui";
import { act } from "../panel";
import type { Work } from "./job";
import { worthShowing } from "./model";
import type { Advice, Offer, Recommended } from "./model";

/** What would suit this box, measured here, and a way to fetch anything else. */
export function More({ work }: { work: Work }): JSX.Element {
  const [advice, setAdvice] = useState<Recommended | null>(null);
  const [busy, setBusy] = useState(false);
  const [all, setAll] = useState(false);
  const measure = async (): Promise<void> => {
    setBusy(true);
    const found = await act(() => gateway.call<Recommended>("homarus.models.recommend", { language: locale.value }, { timeoutMs: 180_000 }));
    setBusy(false);
    if (found) setAdvice(found);
  };
  const shown = advice ? worthShowing(advice.models, all) : [];
  return (
    <Card title={t("models.more")} icon="download">
      {!advice && <p class="muted small">{t("models.moreText")}</p>}
      {!advice && <div><Button icon="pulse" busy={busy} onClick={() => void measure()}>{t("models.measure")}</Button></div>}
      {busy && <p class="muted small" role="status">{t("models.measuring")}</p>}
      {advice && (
        <>
          <p class="muted small">{t("models.box", { cores: advice.box.cores, memory: format.bytes(advice.box.memoryTotalBytes), disk: format.bytes(advice.box.diskFreeBytes) })}</p>
          <List label={t("models.more")}>{shown.map((one, index) => <OneAdvice key={one.name} advice={one} best={index === 0 && one.fits} work={work} />)}</List>
          {shown.length < advice.models.length && <div><Button kind="quiet" onClick={() => setAll(true)}>{t("models.showAll")}</Button></div>}
        </>
      )}
      <Other work={work} />
    </Card>
  );
}

function OneAdvice({ advice, best, work }: { advice: Advice; best: boolean; work: Work }): JSX.Element {
  const detail = advice.fits
    ? [format.bytes(advice.sizeBytes), t("models.answersIn", { time: format.duration(advice.firstAnswerSeconds * 1000) }), !advice.licenceFree && t("models.licenceCheck", { licence: advice.licence })].filter(Boolean).join(" · ")
    : (advice.reason ?? t("models.tooLarge"));
  return (
    <Row title={<span class="cluster">{advice.title}{best && <Badge tone="accent">{t("models.best")}</Badge>}{advice.fits && !advice.comfortable && <Badge tone="warn">{t("models.slow")}</Badge>}</span>} detail={detail}
      end={advice.installed ? <Badge tone="good">{t("models.isHere")}</Badge> : advice.fits && (
        <Button kind="quiet" icon="download" label={t("models.fetch", { name: advice.title })} disabled={work.running} onClick={() => void work.pull(advice.name)} />
      )} />
  );
}

/** Any GGUF file: looked at first, fetched on a yes. */
function Other({ work }: { work: Work }): JSX.Element {
  const [source, setSource] = useState("");
  const [offer, setOffer] = useState<Offer | null>(null);
  const [busy, setBusy] = useState(false);
  const look = async (): Promise<void> => {
    if (!source.trim() || busy) return;
    setBusy(true);
    const found = await act(() => gateway.call<Offer>("homarus.models.look", { source: source.trim() }, { timeoutMs: 60_000 }));
    setBusy(false);
    setOffer(found ?? null);
  };
  const room = offer?.sizeBytes !== undefined && offer.sizeBytes > offer.diskFreeBytes;
  return (
    <>
      <Field label={t("models.other")} hint={t("models.otherHint")} mono placeholder="hf:owner/name/file.gguf" value={source} onInput={(text) => { setSource(text); setOffer(null); }} onEnter={() => void look()}
        end={<Button busy={busy} disabled={!source.trim()} onClick={() => void look()}>{t("models.look")}</Button>} />
      {offer && (
        <Notice tone={room ? "warn" : "accent"} title={offer.file} action={!room && <Button small kind="primary" icon="download" disabled={work.running} onClick={() => { void work.pull(offer.source); setOffer(null); }}>{t("models.fetchShort")}</Button>}>
          {t(room ? "models.noRoom" : "models.offer", { size: offer.sizeBytes === undefined ? "?" : format.bytes(offer.sizeBytes), free: format.bytes(offer.diskFreeBytes) })}
        </Notice>
      )}
    </>
  );
}
