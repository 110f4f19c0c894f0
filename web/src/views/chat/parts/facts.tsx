import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { format, t } from "../../../app/i18n";
import { Icon } from "../../../ui";
import type { IconName } from "../../../ui";
import type { Facts } from "../model/wire";

const ICONS: Readonly<Record<string, IconName>> = { mini: "spark", local: "model", remote: "node", cloud: "cloud" };

/** Who answered and how soon, on one line that opens to everything that is known of it. */
export function FactsLine({ facts, tookMs }: { facts: Facts; tookMs: number | undefined }): JSX.Element | null {
  const [open, setOpen] = useState(false);
  const id = useId();
  const { tier, firstTokenMs: first, costUsd: cost } = facts;
  if (!tier) return null; // it broke off before anybody counted
  const short = [t(`chat.tier.${tier}`), first === undefined ? undefined : soon(first), cost ? format.money(cost) : undefined];
  return (
    <>
      <button type="button" class="facts-line" aria-expanded={open} aria-controls={id} title={t("chat.factsTitle")} onClick={() => setOpen(!open)}>
        <Icon name={ICONS[tier] ?? "model"} size={15} />
        <span class="numbers">{short.filter(Boolean).join(" · ")}</span>
      </button>
      {open && (
        <dl class="answer-facts" id={id}>
          <Fact name={t("chat.fact.by")} value={who(facts)} />
          {first !== undefined && <Fact name={t("chat.fact.first")} value={soon(first)} />}
          {tookMs !== undefined && tookMs > 0 && <Fact name={t("chat.fact.whole")} value={format.duration(tookMs)} />}
          <Tokens facts={facts} />
          {cost !== undefined && <Fact name={t("chat.fact.cost")} value={cost === 0 ? t("chat.free") : format.money(cost)} />}
          {facts.confidence ? <Fact name={t("chat.fact.sure")} value={format.percent(facts.confidence)} /> : null}
        </dl>
      )}
    </>
  );
}

/** What is faster than anybody notices needs no number. */
export const soon = (ms: number): string => (ms < 50 ? t("chat.atOnce") : format.duration(ms));

function who({ tier, model, box }: Facts): string {
  const name = model?.replace(/^[^/]+\//, "") ?? "";
  if (tier === "mini") return t("chat.by.mini");
  if (tier === "remote") return t("chat.by.remote", { model: name, box: box ?? "" });
  if (tier === "cloud") return t("chat.by.cloud", { model: model ?? "" });
  return tier === "local" ? t("chat.by.local", { model: name }) : name;
}

function Tokens({ facts }: { facts: Facts }): JSX.Element | null {
  const { cached, computed, output } = facts.tokens ?? {};
  const read = computed === undefined ? undefined : computed + (cached ?? 0);
  return (
    <>
      {read !== undefined && read > 0 && (
        <Fact name={t("chat.fact.read")} value={cached ? t("chat.tokensReused", { read, cached }) : t("chat.tokens", { count: read })} />
      )}
      {output !== undefined && output > 0 && <Fact name={t("chat.fact.written")} value={t("chat.tokens", { count: output })} />}
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="numbers">{value}</dd>
    </div>
  );
}
