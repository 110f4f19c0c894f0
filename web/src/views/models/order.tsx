import type { JSX } from "preact";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, Card, useAsync } from "../../ui";
import { Loaded } from "../panel";
import { order } from "./model";

/** Which models the owner wants asked, and in which order. The built-in one is always before them. */
export function Order(): JSX.Element | null {
  const read = useAsync((signal) => gateway.call<{ config: unknown }>("config.get", {}, { signal }), [], ["config.changed"]);
  const edit = gateway.can("operator.admin") && <Button small kind="quiet" icon="edit" href="/config/agents?o=agents.defaults.model">{t("models.orderChange")}</Button>;
  return (
    <Card title={t("models.order")} icon="list" actions={edit}>
      <Loaded from={read} inside>
        {({ config }) => {
          const models = order(config);
          if (!models.length) return <p class="muted small">{t("models.orderNone")}</p>;
          return (
            <>
              <p class="muted small">{t("models.orderText")}</p>
              <ol class="order">{models.map((one) => <li key={one}><span class="mono">{one}</span></li>)}</ol>
            </>
          );
        }}
      </Loaded>
    </Card>
  );
}
