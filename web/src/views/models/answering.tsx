import type { JSX } from "preact";
import { format, t } from "../../app/i18n";
import { Badge, Card, List, Row } from "../../ui";
import type { Async, IconName } from "../../ui";
import { reasonInWords } from "../../words/told";
import { Loaded } from "../panel";
import type { Answers } from "./model";

const ICONS: Readonly<Record<string, IconName>> = { mini: "spark", local: "model", remote: "node", cloud: "cloud" };

/** Who answers now, from the nearest to the farthest, and how fast it was of late. */
export function Answering({ answers }: { answers: Async<Answers> }): JSX.Element {
  return (
    <Card title={t("models.answering")} icon="spark">
      <Loaded from={answers} inside>
        {({ engine, local, tiers }) => (
          <List label={t("models.answering")}>
            {tiers.filter((tier) => tier.tier === "mini" || (tier.tier === "local" ? engine : tier.answers > 0)).map((tier) => (
              <Row key={tier.tier} icon={ICONS[tier.tier] ?? "model"}
                title={<span class="cluster">{t(`models.tier_${tier.tier}`)}<Badge tone={tier.tier === "local" && engine ? "good" : "neutral"}>{t("models.answers", { count: tier.answers })}</Badge></span>}
                detail={<>{about(tier, engine)}<br />{facts(tier, engine)}</>} />
            ))}
            {!engine && <Row icon="model" title={<span class="cluster">{t("models.tier_local")}{state(local)}</span>} detail={standing(local)} />}
          </List>
        )}
      </Loaded>
    </Card>
  );
}

const TONES: Readonly<Record<string, "neutral" | "warn" | "bad">> = { absent: "warn", loading: "neutral", ready: "warn", restarting: "warn", failed: "bad" };

/** How the process of the local model is, in one word; nothing where there is no model yet. */
function state(local: Answers["local"]): JSX.Element | undefined {
  const tone = TONES[local?.state ?? ""];
  return tone && <Badge tone={tone}>{t(`models.state_${local!.state}`)}</Badge>;
}

/** Why the local model does not answer now. */
function standing(local: Answers["local"]): string {
  if (!local || !TONES[local.state]) return t("models.noLocal");
  const text = t(`models.standing_${local.state}`, { file: local.file || t("models.theModel") });
  if (!local.reason) return text;
  const reason = reasonInWords(local.reason).replace(/(?<![.!?…])$/, ".");
  return `${text} ${t("models.because", { reason })}`;
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
