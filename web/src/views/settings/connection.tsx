import type { JSX } from "preact";
import { format, t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Badge, Button, Card, Notice } from "../../ui";

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Where the box is, and who could read along. */
export function Connection(): JSX.Element {
  const hello = gateway.hello.value;
  const open = gateway.status.value === "open" && hello !== null;
  const secure = location.protocol === "https:";
  const local = LOCAL.has(location.hostname);
  return (
    <Card title={t("settings.connection")} icon="lock">
      <dl class="facts">
        <div>
          <dt>{t("settings.address")}</dt>
          <dd class="cluster facts-end">
            {location.host}
            {secure ? <Badge tone="good">{t("settings.encrypted")}</Badge> : local ? <Badge>{t("settings.local")}</Badge> : <Badge tone="warn">{t("settings.plain")}</Badge>}
          </dd>
        </div>
        {open ? (
          <>
            <div><dt>{t("settings.version")}</dt><dd>{hello.server.version}</dd></div>
            <div><dt>{t("settings.running")}</dt><dd>{format.moment(Date.now() - hello.snapshot.uptimeMs)}</dd></div>
          </>
        ) : (
          <div><dt>{t("settings.away")}</dt></div>
        )}
      </dl>
      {!secure && !local && (
        <Notice tone="warn" action={<Button small href={`https://${location.host}/`} data-native="">{t("ui.open")}</Button>}>
          {t("settings.plainText")}
        </Notice>
      )}
      {!local && <div><Button icon="shield" href="/trust" data-native="">{t("settings.trust")}</Button></div>}
    </Card>
  );
}
