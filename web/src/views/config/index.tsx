import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import "../../words/config";
import { t } from "../../app/i18n";
import { route } from "../../app/router";
import { gateway } from "../../gateway";
import { Badge, Button, Card, EmptyState, Field, List, Notice, Page, Row, Skeleton } from "../../ui";
import { Gate, why } from "../panel";
import { Broken, Findings } from "./findings";
import { Prose } from "./prose";
import { Raw } from "./raw";
import { SaveBar } from "./save_bar";
import { label, meaning, search } from "./schema";
import { RAW, Section, icons, sections, sectionTitle } from "./section";
import { broken, changes, failure, file, issues, load, saving, schema } from "./store";

/** Every option of the box, as forms made from its schema. Nothing counts before it is saved. */
export default function View(): JSX.Element {
  useEffect(() => {
    const control = new AbortController();
    const read = (): void => void (saving.peek() || load(control.signal));
    read();
    const stops = [gateway.on("config.changed", read), gateway.on("open", read), gateway.on("gap", read)];
    const ask = (event: BeforeUnloadEvent): void => {
      if (changes.peek().length) event.preventDefault();
    };
    addEventListener("beforeunload", ask);
    return () => {
      control.abort();
      stops.forEach((stop) => stop());
      removeEventListener("beforeunload", ask);
    };
  }, []);
  const name = route.value.params["section"];
  return (
    <Page wide title={name ? sectionTitle(name) : t("views.config")} lead={name ? undefined : t("config.lead")} {...(name ? { back: "/config" } : {})}>
      <Gate method="homarus.config.edit"><Content name={name} /></Gate>
    </Page>
  );
}

function Content({ name }: { name: string | undefined }): JSX.Element {
  const [text, setText] = useState("");
  const ready = schema.value !== null && file.value !== null;
  const retry = <Button small kind="quiet" icon="refresh" onClick={() => void load()}>{t("ui.retry")}</Button>;
  if (!ready && gateway.status.value === "offline") return <EmptyState icon="offline" title={t("panel.offline")}>{t("panel.offlineText")}</EmptyState>;
  if (!ready && failure.value) return <Notice tone="bad" action={retry}>{why(failure.value)}</Notice>;
  if (!ready) return <Card><Skeleton lines={12} /></Card>;
  if (broken.value) return <Broken of={broken.value} />;
  return (
    <>
      {failure.value && <Notice tone="warn" action={retry}>{t("panel.stale", { reason: why(failure.value) })}</Notice>}
      <div class={name ? "config-split inside" : "config-split"}>
        <div class="config-side">
          <Field label={t("config.search")} hideLabel type="search" placeholder={t("config.search")} value={text} onInput={setText} />
          {text.trim() ? <Results text={text} /> : <Sections current={name} />}
        </div>
        <div class="config-main">
          {!name && <Findings />}
          {name === RAW ? <Raw /> : <Section name={name ?? "gateway"} />}
        </div>
      </div>
      <SaveBar inside={name !== undefined} />
    </>
  );
}

function Sections({ current }: { current: string | undefined }): JSX.Element {
  const counts = new Map<string, number>();
  for (const [section, at] of changes.value.map((one) => [sections(schema.value!).find((each) => each.keys.includes(one[0]!))?.name, one] as const)) {
    if (section && at) counts.set(section, (counts.get(section) ?? 0) + 1);
  }
  return (
    <nav aria-label={t("config.sections")}>
      <Card>
        <List>
          {sections(schema.value!).map(({ name, keys, text }) => {
            const bad = [...issues.value.values()].some((one) => one.severity === "error" && keys.some((key) => one.path === key || one.path.startsWith(`${key}.`)));
            const count = counts.get(name) ?? 0;
            return (
              <Row key={name} icon={icons[name] ?? "sliders"} href={`/config/${name}`} title={sectionTitle(name)} detail={text} selected={current === name}
                end={count > 0 ? <Badge tone="accent">{t("config.changes", { count })}</Badge> : bad && <Badge tone="bad">{t("config.refused")}</Badge>} />
            );
          })}
          <Row icon="log" href={`/config/${RAW}`} title={t("config.raw")} detail={t("config.rawText")} selected={current === RAW} />
        </List>
      </Card>
    </nav>
  );
}

function Results({ text }: { text: string }): JSX.Element {
  const found = search(schema.value!, text);
  if (!found.length) return <Card><p class="muted" role="status">{t("config.nothing", { text: text.trim() })}</p></Card>;
  return (
    <Card>
      <p class="unseen" role="status">{t("config.found", { count: found.length })}</p>
      <List label={t("config.search")}>
        {found.slice(0, 40).map(({ at, schema: one }) => {
          const section = sections(schema.value!).find((each) => each.keys.includes(at[0]!))!.name;
          return (
            <Row key={at.join(".")} href={`/config/${section}?o=${encodeURIComponent(at.join("."))}`} title={label(at.at(-1)!, one)}
              detail={<><span class="mono">{at.join(".")}</span><br /><Prose text={meaning(one)} /></>} />
          );
        })}
      </List>
    </Card>
  );
}
