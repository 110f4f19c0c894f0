import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { format, t, tag } from "../../app/i18n";
import { moneyText } from "../panel";
import { bars, noon } from "./model";
import type { Day } from "./model";

const WIDTH = 300;
const HEIGHT = 100;

/** One bar a day: money where any was spent, else tokens. A table says the same to screen readers. */
export function Chart({ days }: { days: readonly Day[] }): JSX.Element {
  const [chosen, setChosen] = useState<string | null>(null);
  const money = days.some((day) => day.totalCost > 0);
  const drawn = bars(days, (day) => (money ? day.totalCost : day.totalTokens), WIDTH, HEIGHT);
  const shown = days.find((day) => day.date === chosen) ?? days.at(-1);
  const point = (event: PointerEvent): void => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const index = Math.floor(((event.clientX - box.left) / box.width) * days.length);
    setChosen(days[Math.max(0, Math.min(days.length - 1, index))]?.date ?? null);
  };
  return (
    <>
      <svg class="bars" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" onPointerMove={point} onPointerDown={point} onPointerLeave={() => setChosen(null)}>
        {drawn.map((bar) => (
          <rect key={bar.day.date} x={bar.x} y={bar.y} width={bar.width} height={bar.height} rx={1}
            class={bar.day.date === chosen ? "chosen" : bar.day.totalTokens ? "" : "none"} />
        ))}
      </svg>
      {shown && <p class="muted small numbers">{t("usage.day", { date: dayText(shown.date), cost: moneyText(shown.totalCost, tag.value), tokens: format.number(shown.totalTokens) })}</p>}
      <table class="unseen">
        <caption>{t("usage.byDay")}</caption>
        <tbody>
          {days.filter((day) => day.totalTokens > 0).map((day) => (
            <tr key={day.date}><th scope="row">{dayText(day.date)}</th><td>{moneyText(day.totalCost, tag.value)}</td><td>{t("usage.tokens", { count: day.totalTokens })}</td></tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

const dayText = (date: string): string => new Intl.DateTimeFormat(tag.value, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }).format(noon(date));
