import type { JSX } from "preact";
import { format, t } from "../../app/i18n";
import { inWords, reasonInWords } from "../../words/told";
import { gateway } from "../../gateway";
import { Badge, Button, Card, List, Notice, Row, confirm, useAsync } from "../../ui";
import { Loaded, act } from "../panel";
import { Fix } from "./fix";
import { bySeverity, needsKey, plain, tone, whoKey } from "./model";
import type { Audit, Door } from "./model";

const EVENTS = ["config.changed", "device.pair.changed", "device.pair.requested", "device.pair.resolved"];

/** What is open, to whom, and what to close. */
export function Security(): JSX.Element {
  const read = useAsync((signal) => gateway.call<Audit>("homarus.security.audit", {}, { signal }), [], EVENTS);
  return (
    <Loaded from={read}>
      {(audit) => (
        <Card title={t("health.security")} icon="shield">
          {audit.findings.length === 0 && <Notice tone="good">{t("health.nothingToFix")}</Notice>}
          {bySeverity(audit.findings.map(inWords)).map((finding) => (
            <section class="stack" key={finding.code + finding.summary}>
              <div class="finding"><Badge tone={tone(finding.severity)}>{t(`health.${finding.severity}`)}</Badge><strong>{plain(finding.summary)}</strong></div>
              <Fix code={finding.code} fix={finding.fix} onDone={read.reload} />
            </section>
          ))}
          <h3>{t("health.doors")}</h3>
          <List label={t("health.doors")}>{audit.doors.map((door) => <OneDoor key={door.address} door={door} />)}</List>
          <Facts audit={audit} reload={read.reload} />
          {audit.notes.map((note) => <p class="muted small" key={note}>{plain(reasonInWords(note))}</p>)}
        </Card>
      )}
    </Loaded>
  );
}

function OneDoor({ door }: { door: Door }): JSX.Element {
  const local = door.address.startsWith("/");
  const kind = local ? <Badge>{t("health.local")}</Badge> : <Badge tone={door.encrypted ? "good" : "neutral"}>{t(door.encrypted ? "health.encrypted" : "health.plain")}</Badge>;
  const title = <span class="cluster"><span class="mono small">{door.address}</span>{kind}</span>;
  return <Row icon={local ? "lock" : "wifi"} title={title} detail={t("health.door", { who: said("who", whoKey(door.who), door.who), needs: said("needs", needsKey(door.needs), door.needs) })} />;
}

const said = (kind: string, key: string | undefined, text: string): string => (key ? t(`health.${kind}_${key}`) : text);

function Facts({ audit, reload }: { audit: Audit; reload: () => void }): JSX.Element {
  const renew = async (): Promise<void> => {
    if (!(await confirm({ title: t("health.renewAsk"), text: t("health.renewText"), yes: t("health.renew") }))) return;
    if (await act(() => gateway.call("homarus.security.renewCertificate", {}), t("health.renewed"))) reload();
  };
  return (
    <>
      <dl class="facts small">
        <div><dt>{t("health.devices")}</dt><dd>{t("health.devicesOf", { devices: audit.devices, owners: audit.owners })}</dd></div>
        {audit.codes > 0 && <div><dt>{t("health.codes")}</dt><dd>{format.number(audit.codes)}</dd></div>}
        {audit.certificateUntilMs && <div><dt>{t("health.certificate")}</dt><dd>{format.date(audit.certificateUntilMs)}</dd></div>}
        {audit.fingerprint && <div class="tall"><dt>{t("health.fingerprint")}</dt><dd class="mono">{grouped(audit.fingerprint)}</dd></div>}
        {audit.authorityFingerprint && <div class="tall"><dt>{t("health.authority")}</dt><dd class="mono">{grouped(audit.authorityFingerprint)}</dd></div>}
      </dl>
      <div class="cluster">
        {audit.trustPage && <Button href="/trust" data-native="" icon="shield">{t("health.trust")}</Button>}
        {audit.certificateUntilMs && gateway.has("homarus.security.renewCertificate") && <Button onClick={() => void renew()}>{t("health.renew")}</Button>}
        <Button href="/devices" icon="devices">{t("views.devices")}</Button>
      </div>
    </>
  );
}

/** A fingerprint in groups of four, as other programs show it. */
const grouped = (hex: string): string => (hex.replace(/[^0-9a-f]/gi, "").match(/.{1,4}/g) ?? []).join(" ");
