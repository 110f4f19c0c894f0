import type { JSX } from "preact";
import { useState } from "preact/hooks";
import "../../words/usage";
import { format, t, tag } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Card, EmptyState, List, Page, Progress, Row, Segmented, Toggle, useAsync } from "../../ui";
import { Gate, Loaded, act, moneyText, settled } from "../panel";
import { Chart } from "./chart";
import { athome } from "./model";
import type { ByModel, Cost, Usage } from "./model";

type Range = "7" | "30" | "90";

/** What was asked of whom, and what it cost. */
export default function View(): JSX.Element {
  const [range, setRange] = useState<Range>("30");
  const ranges = (["7", "30", "90"] as const).map((value) => ({ value, label: t("usage.days", { count: Number(value) }) }));
  return (
    <Page title={t("views.usage")} lead={t("usage.lead")}>
      <Segmented label={t("usage.range")} value={range} options={ranges} onChange={setRange} />
      <Gate method="usage.cost"><Spent days={Number(range)} /></Gate>
    </Page>
  );
}

function Spent({ days }: { days: number }): JSX.Element {
  const read = useAsync(
    (signal) => Promise.all([
      gateway.call<Cost>("usage.cost", { days }, { signal }),
      gateway.call<Usage>("sessions.usage", { range: `${days}d`, limit: 1 }, { signal }),
    ]),
    [days], ["sessions.changed"]);
  return (
    <>
      <Loaded from={read} lines={6}>
        {([{ daily, totals }, { aggregates }]) => totals.totalTokens === 0 ? (
          <Card><EmptyState icon="chart" title={t("usage.nothing")}>{t("usage.nothingText")}</EmptyState></Card>
        ) : (
          <>
            <Card>
              <p class="muted small">{t("usage.spent")}</p>
              <p class="big-number">{moneyText(totals.totalCost, tag.value)}</p>
              <p class="muted small">{t("usage.tokens", { count: totals.totalTokens })}{totals.missingCostEntries > 0 && ` ${t("usage.missing", { count: totals.missingCostEntries })}`}</p>
              <Chart days={daily} />
            </Card>
            <Breakdown usage={aggregates} />
          </>
        )}
      </Loaded>
      {settled(read) && <CloudSwitch />}
    </>
  );
}

function Breakdown({ usage }: { usage: Usage["aggregates"] }): JSX.Element {
  const models = [...(usage.byModel ?? [])].sort((a, b) => b.totals.totalCost - a.totals.totalCost || b.count - a.count);
  const tiers = usage.byTier ?? [];
  const home = athome(tiers);
  const all = tiers.reduce((sum, tier) => sum + tier.count, 0);
  return (
    <div class="panel-pair">
      <Card title={t("usage.byModel")} icon="model">
        <List label={t("usage.byModel")}>
          {models.map((one) => (
            <Row key={`${one.provider}/${one.model}`} title={one.model ?? t("usage.unknown")} detail={[one.provider, t("usage.modelDetail", { count: one.count, tokens: format.number(one.totals.totalTokens) })].filter(Boolean).join(" · ")}
              end={<span class="numbers">{price(one)}</span>} />
          ))}
        </List>
      </Card>
      {home !== undefined && (
        <Card title={t("usage.where")} icon="lock">
          <p class="big-number">{format.percent(home)}</p>
          <p class="muted small">{t("usage.athome")}</p>
          {tiers.map((tier) => (
            <div key={tier.tier}>
              <div class="facts small"><div><span>{t(`usage.tier_${tier.tier}`)}</span><span class="numbers">{t("usage.answers", { count: tier.count })}</span></div></div>
              <Progress value={tier.count / all} label={t(`usage.tier_${tier.tier}`)} />
            </div>
          ))}
        </Card>
      )}
    </div>
  );
}

const price = (one: ByModel): string =>
  one.totals.totalCost === 0 && one.totals.missingCostEntries > 0 ? t("usage.noPrice") : moneyText(one.totals.totalCost, tag.value);

/** One switch that keeps everything in the house. */
function CloudSwitch(): JSX.Element | null {
  const read = useAsync((signal) => gateway.call<{ config: { offline?: boolean } }>("config.get", {}, { signal }), [], ["config.changed"]);
  const [busy, setBusy] = useState(false);
  if (!gateway.has("homarus.config.edit")) return null;
  const off = read.value?.config.offline === true;
  const flip = async (offline: boolean): Promise<void> => {
    setBusy(true);
    await act(() => gateway.call("homarus.config.edit", { path: "offline", value: offline }), t(offline ? "usage.cloudIsOff" : "usage.cloudIsOn"));
    setBusy(false);
    read.reload();
  };
  return (
    <Card title={t("usage.cloud")} icon="cloud">
      <Toggle label={t("usage.offline")} hint={t(gateway.can("operator.admin") ? "usage.offlineText" : "panel.notAllowed")} checked={off}
        disabled={busy || read.value === undefined || !gateway.can("operator.admin")} onChange={(on) => void flip(on)} />
    </Card>
  );
}
