import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { format, t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, Card, Notice, Progress, useAsync } from "../../ui";
import { Loaded, act } from "../panel";
import type { Tuning } from "./model";

const LOOK_MS = 2_000;

/** How well the engine is set up for this very box. */
export function TuningCard(): JSX.Element {
  const read = useAsync((signal) => gateway.call<Tuning>("homarus.models.tuning", {}, { signal }), [], ["health"]);
  const goes = read.value?.state === "measuring" || read.value?.state === "waiting";
  useEffect(() => {
    if (!goes) return;
    const timer = setInterval(() => document.hidden || read.reload(), LOOK_MS);
    return () => clearInterval(timer);
  }, [goes]);
  const begin = async (): Promise<void> => {
    if (await act(() => gateway.call("homarus.models.tune", {}))) read.reload();
  };
  return (
    <Card title={t("models.tuning")} icon="sliders">
      <Loaded from={read} inside>
        {(state) => (
          <>
            {goes && <Progress {...(state.of ? { value: state.done / state.of } : {})} label={t("models.tuning")} />}
            <p class="muted small" role="status">{t(`models.tuning_${state.state}`)}</p>
            {state.error && <Notice tone="warn">{state.error}</Notice>}
            {state.tuning && (
              <dl class="facts small">
                <div><dt>{t("models.tunedAt")}</dt><dd>{format.moment(state.tuning.atMs)}</dd></div>
                {state.tuning.gainRead !== undefined && <div><dt>{t("models.gainRead")}</dt><dd>{t("models.times", { times: format.number(state.tuning.gainRead, 2) })}</dd></div>}
                {state.tuning.gainWrite !== undefined && <div><dt>{t("models.gainWrite")}</dt><dd>{t("models.times", { times: format.number(state.tuning.gainWrite, 2) })}</dd></div>}
              </dl>
            )}
            {state.tuning?.advice && <Notice>{state.tuning.advice}</Notice>}
            {!goes && gateway.can("operator.admin") && <div><Button icon="pulse" onClick={() => void begin()}>{t("models.tune")}</Button></div>}
          </>
        )}
      </Loaded>
    </Card>
  );
}
