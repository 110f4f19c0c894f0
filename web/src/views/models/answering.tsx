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
              <Row key={tier.tier} icon={ICONS[tier.tier] ?? "model"}
                title={<span class="cluster">{t(`models.tier_${tier.tier}`)}<Badge tone={tier.tier === "local" && engine ? "good" : "neutral"}>{t("models.answers", { count: tier.answers })}</Badge></span>}
                detail={<>{about(tier, engine)}<br />{facts(tier, engine)}</>} />
            ))}
            {!engine && <Row icon="model" title={t("models.tier_local")} detail={t("models.noLocal")} />}
          </List>
        )}
      </Loaded>
    </Card>
  );
}

/** Which one it is. */
function about(tier: Answers["tiers"][number], engine: Answers["engine"]): string | undefined {
  if (tier.tier === "mini") return t("models.miniText");
  return tier.tier === "local" && engine ? engine.model : tier.last?.model;
}

/** How it does. */
function facts(tier: Answers["tiers"][number], engine: Answers["engine"]): string {
  const parts = [];
  if (tier.tier === "local" && engine) {
    parts.push(t("models.window", { count: engine.window }));
    if (engine.decodeRate) parts.push(t("models.rate", { rate: format.number(engine.decodeRate, 1) }));
  }
  if (tier.last?.firstTokenMs !== undefined) parts.push(t("models.first", { time: format.duration(tier.last.firstTokenMs) }));
  return parts.join(" · ");
}
