import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { format, t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Badge, Card, EmptyState, List, Menu, Notice, Row, confirm } from "../../ui";
import type { Async, MenuItem } from "../../ui";
import { Loaded, act } from "../panel";
import type { Work } from "./job";
import { size } from "./model";
import type { Installed, Local, Probe } from "./model";

/** The model files on this box. */
export function Files({ from, work }: { from: Async<Local>; work: Work }): JSX.Element {
  return (
    <Card title={t("models.here")} icon="model">
      <Loaded from={from} inside>
        {(local) => (
          <>
            {local.configured && <Notice>{t("models.configured", { file: local.configured })}</Notice>}
            {local.models.length ? (
              <List label={t("models.here")}>{local.models.map((one) => <OneFile key={one.file} model={one} work={work} reload={from.reload} />)}</List>
            ) : (
              <EmptyState icon="model" title={t("models.noneHere")}>{t("models.noneHereText")}</EmptyState>
            )}
          </>
        )}
      </Loaded>
    </Card>
  );
}

function OneFile({ model, work, reload }: { model: Installed; work: Work; reload: () => void }): JSX.Element {
  const [open, setOpen] = useState(false);
  const facts = [model.parameters ? size(model.parameters) : undefined, format.bytes(model.sizeBytes), model.probe && probed(model.probe)];
  const items = gateway.can("operator.admin") ? actions(model, work, reload) : [];
  return (
    <Row icon="model" title={model.name} detail={facts.filter(Boolean).join(" · ")} onClick={() => setOpen(!open)}
      end={<>{model.active && <Badge tone="good" dot>{t("models.active")}</Badge>}{items.length > 0 && <Menu label={t("models.options", { name: model.name })} items={items} />}</>}>
      {model.problem && <Notice tone="warn">{model.problem}</Notice>}
      {open && (
        <dl class="facts small">
          {model.context && <div><dt>{t("models.trained")}</dt><dd>{t("models.tokens", { count: model.context })}</dd></div>}
          {model.languages && <div><dt>{t("models.languages")}</dt><dd>{model.languages.join(", ")}</dd></div>}
          {model.licence && <div><dt>{t("models.licence")}</dt><dd>{model.licence}</dd></div>}
          {model.probe && <div><dt>{t("models.probedAt")}</dt><dd>{format.moment(model.probe.atMs)}</dd></div>}
          {model.probe && model.probe.decodeRate > 0 && <div><dt>{t("models.speed")}</dt><dd>{t("models.rate", { rate: format.number(model.probe.decodeRate, 1) })}</dd></div>}
          <div><dt>{t("models.file")}</dt><dd>{model.file}</dd></div>
        </dl>
      )}
    </Row>
  );
}

const probed = (probe: Probe): string => t("models.probed", { right: probe.callsRight + probe.answersRight, all: probe.calls + probe.answers });

function actions(model: Installed, work: Work, reload: () => void): MenuItem[] {
  if (work.running) return [];
  const use = async (): Promise<void> => {
    await act(() => gateway.call("homarus.models.use", { name: model.name }, { timeoutMs: 180_000 }), t("models.used", { name: model.name }));
    reload();
  };
  const remove = async (): Promise<void> => {
    const asked = { title: t("models.removeAsk", { name: model.name }), text: t("models.removeText", { size: format.bytes(model.sizeBytes) }), yes: t("models.remove"), danger: true };
    if (!(await confirm(asked))) return;
    await act(() => gateway.call("homarus.models.remove", { name: model.name }), t("models.removed", { size: format.bytes(model.sizeBytes) }));
    reload();
  };
  const items: MenuItem[] = [];
  if (model.active) items.push({ label: t("models.probe"), icon: "pulse", run: () => void work.probe() });
  else if (!model.problem) items.push({ label: t("models.use"), icon: "check", run: () => void use() });
  items.push({ label: t("models.remove"), icon: "trash", danger: true, run: () => void remove() });
  return items;
}
