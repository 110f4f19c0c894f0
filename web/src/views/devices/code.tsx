import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, CodeBlock, CopyButton, EmptyState, Notice, Segmented, useAsync } from "../../ui";
import { countdown, useNow } from "../panel";
import type { Made } from "./add";
import { pageLink } from "./model";
import type { Reach } from "./model";

interface Completion {
  setupId: string;
  deviceName?: string;
}

type Way = "camera" | "app" | "text";

/** The code in three forms, its time running down, and "paired" the moment it happens. */
export function CodeCard({ made, alone, reach, onDone, onClose, onAgain }: {
  made: Made;
  alone: boolean;
  reach: Reach | undefined;
  onDone: () => void;
  onClose: () => void;
  onAgain: () => void;
}): JSX.Element {
  const [paired, setPaired] = useState<Completion | null>(null);
  const now = useNow(1_000, paired === null);
  const [way, setWay] = useState<Way>(made.profile === "node" ? "text" : "camera");
  useEffect(() => {
    const hear = (told: Completion): void => {
      if (told.setupId !== made.setupId) return;
      onDone();
      setPaired(told);
    };
    const ask = (): void => {
      gateway.call<{ completion?: Completion }>("device.pair.setupStatus", { setupId: made.setupId }).then((answer) => answer.completion && hear(answer.completion), () => undefined);
    };
    // The event, and after each reconnect a question: the phone may have come in meanwhile.
    const stops = [gateway.on("device.pair.setup.completed", hear), gateway.on("device.pair.setup.deliveryUncertain", hear), gateway.on("open", ask), gateway.on("gap", ask)];
    return () => stops.forEach((stop) => stop());
  }, [made.setupId]);
  if (paired) {
    const name = paired.deviceName ?? t("devices.unnamed");
    return <EmptyState icon="check" title={t("devices.paired", { name })} action={<Button kind="primary" onClick={onClose}>{t("devices.done")}</Button>}>{t("devices.pairedText")}</EmptyState>;
  }
  const left = made.endsAt - now;
  if (left <= 0) {
    return <EmptyState icon="clock" title={t("devices.expired")} action={<Button kind="primary" onClick={onAgain}>{t("devices.again")}</Button>}>{t("devices.expiredText")}</EmptyState>;
  }
  const ways = [
    { value: "camera" as const, label: t("devices.wayCamera") },
    { value: "app" as const, label: t("devices.wayApp") },
    { value: "text" as const, label: t("devices.wayText") },
  ];
  return (
    <>
      {made.accessDowngraded && <Notice tone="warn">{t("devices.downgraded")}</Notice>}
      {alone && <Notice tone="warn">{t("devices.aloneCode")}</Notice>}
      {made.profile !== "node" && <Segmented label={t("devices.ways")} value={way} options={ways} onChange={setWay} />}
      {made.profile === "node" ? <NodeLine code={made.setupCode} /> : <Form way={way} made={made} reach={reach} />}
      <p class="muted small cluster">
        <span role="timer">{t("devices.left", { time: countdown(left) })}</span>
        <span>{t("devices.once")}</span>
      </p>
    </>
  );
}

function Form({ way, made, reach }: { way: Way; made: Made; reach: Reach | undefined }): JSX.Element {
  const link = pageLink(made.setupCode);
  if (way === "camera" && link) {
    return (
      <>
        <p>{t("devices.cameraHow")}</p>
        <LinkQr link={link} />
        {reach?.trustPage && <p class="muted small">{t("devices.trustHint")}</p>}
      </>
    );
  }
  if (way === "app") {
    return (
      <>
        <p>{t("devices.appHow")}</p>
        {made.qrDataUrl && <img class="qr" src={made.qrDataUrl} alt={t("devices.qrAlt")} />}
        <div class="cluster"><CopyButton text={made.setupCode}>{t("devices.copyCode")}</CopyButton></div>
      </>
    );
  }
  return (
    <>
      <p>{t("devices.textHow")}</p>
      {link && <CodeBlock wrap label={t("devices.link")}>{link}</CodeBlock>}
      <CodeBlock wrap label={t("devices.codeLabel")}>{made.setupCode}</CodeBlock>
    </>
  );
}

function NodeLine({ code }: { code: string }): JSX.Element {
  return (
    <>
      <p>{t("devices.nodeHow")}</p>
      <CodeBlock wrap label={t("devices.nodeLine")}>{`homarus node run --pair ${code}`}</CodeBlock>
    </>
  );
}

/** The link as a picture for a camera. */
export function LinkQr({ link }: { link: string }): JSX.Element {
  const read = useAsync((signal) => gateway.call<{ size: number; path: string }>("homarus.qr", { text: link }, { signal }), [link]);
  if (!read.value) return read.error ? <CodeBlock wrap>{link}</CodeBlock> : <div class="qr qr-wait" />;
  const { size, path } = read.value;
  return <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t("devices.qrAlt")} shape-rendering="crispEdges"><path d={path} /></svg>;
}
