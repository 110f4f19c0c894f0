import type { JSX } from "preact";
import { format, t } from "../../app/i18n";
import { Badge, Card, List, Row } from "../../ui";
import type { Async, IconName } from "../../ui";
import { Loaded } from "../panel";
import type { Answers } from "./model";

const ICONS: Readonly<Record<string, IconName>> = { mini: "spark", local: "model", remote: "node", cloud: "cloud" };

/** Who answers now, from the nearest to the farthest, and how fast it was of late. */
export function Answering({ answers }: { answers: Async<Answers> }): JSX.Element {
  return (
    <Card title={t("models.answering")} icon="spark">
      <Loaded from={answers} inside>
        {({ engine, tiers }) => (
          <List label={t("models.answering")}>
            {tiers.filter((tier) => tier.tier === "mini" || tier.answers > 0 || (tier.tier === "local" && engine)).map((tier) => (
              <Row key={tier.tier} icon={ICONS[tier.tier] ?? "model"} title={t(`models.tier_${tier.tier}`)} detail={detail(tier, engine)}
                end={<Badge tone={tier.tier === "local" && engine ? "good" : "neutral"}>{t("models.answers", { count: tier.answers })}</Badge>} />
            ))}
            {!engine && <Row icon="model" title={t("models.tier_local")} detail={t("models.noLocal")} />}
          </List>
        )}
      </Loaded>
    </Card>
  );
}

function detail(tier: Answers["tiers"][number], engine: Answers["engine"]): string {
  const parts = [];
  if (tier.tier === "local" && engine) {
    parts.push(engine.model, t("models.window", { count: engine.window }));
    if (engine.decodeRate) parts.push(t("models.rate", { rate: format.number(engine.decodeRate, 1) }));
  } else if (tier.tier === "mini") parts.push(t("models.miniText"));
  else if (tier.last?.model) parts.push(tier.last.model);
  if (tier.last?.firstTokenMs !== undefined) parts.push(t("models.first", { time: format.duration(tier.last.firstTokenMs) }));
  return parts.join(" · ");
}
