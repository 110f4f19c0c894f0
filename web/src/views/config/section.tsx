import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../../app/i18n";
import { route } from "../../app/router";
import { Badge, Card, EmptyState, Notice } from "../../ui";
import type { IconName } from "../../ui";
import { Finding } from "./findings";
import { groupName } from "./names";
import { Option } from "./option";
import { Prose } from "./prose";
import { kindOf, label, meaning } from "./schema";
import type { Schema } from "./schema";
import { issues, schema } from "./store";

/** The file as it is, beside the sections. */
export const RAW = "raw";
/** Options that stand alone in the file. */
const BOX = "box";

export const icons: Readonly<Record<string, IconName>> = {
  [BOX]: "settings", owner: "person", gateway: "wifi", agents: "spark", models: "model", session: "chat", messages: "bell", tools: "tool", discovery: "globe", logging: "log", storage: "download",
};

export interface SectionInfo {
  name: string;
  keys: string[];
  text: string;
}

/** The sections of the file; single options of its top are one. */
export function sections(root: Schema): SectionInfo[] {
  const entries = Object.entries(root.properties ?? {});
  const alone = entries.filter(([, one]) => kindOf(one) !== "section").map(([key]) => key);
  const rest = entries.filter(([, one]) => kindOf(one) === "section").map(([key, one]) => ({ name: key, keys: [key], text: known(`about_${key}`) ?? meaning(one) }));
  return alone.length ? [{ name: BOX, keys: alone, text: t("config.boxText") }, ...rest] : rest;
}

export const sectionTitle = (name: string): string => (name === BOX ? t("config.box") : name === RAW ? t("config.raw") : (known(`section_${name}`) ?? label(name)));

/** Words of this page for a section; a newer box may have sections that it has none for. */
function known(key: string): string | undefined {
  const text = t(`config.${key}`);
  return text === `config.${key}` ? undefined : text;
}

/** One section as a form. */
export function Section({ name }: { name: string }): JSX.Element {
  const root = schema.value!;
  const wanted = route.value.query.get("o");
  useEffect(() => {
    if (!wanted) return;
    reveal(document.getElementById(`o-${wanted}`));
  }, [wanted, name]);
  if (name === BOX) {
    const alone = sections(root)[0]!.keys;
    return <Card><div class="config-group">{alone.map((key) => <Option key={key} at={[key]} schema={root.properties![key]!} />)}</div></Card>;
  }
  const section = root.properties?.[name];
  if (!section) return <EmptyState icon="search" title={t("config.noSection")}>{t("config.noSectionText")}</EmptyState>;
  const { leaves, groups } = parts(section);
  return (
    <>
      <SectionIssues name={name} />
      {leaves.length > 0 && <Card><h2 class="unseen">{sectionTitle(name)}</h2><div class="config-group">{leaves.map(([key, one]) => <Option key={key} at={[name, key]} schema={one} />)}</div></Card>}
      {groups.map(([key, one]) => {
        const { title, text } = groupName(root, [name, key], one);
        return (
          <Card key={key} title={title} {...(one["x-pending"] ? { actions: <Badge>{t("config.notYet")}</Badge> } : {})}>
            <p class="muted small"><Prose text={text} /></p>
            <Group at={[name, key]} schema={one} />
          </Card>
        );
      })}
    </>
  );
}

/** Bring an option before the eyes, also one that is folded away. */
export function reveal(place: HTMLElement | null): void {
  for (let fold = place?.closest("details"); fold; fold = fold.parentElement?.closest("details")) fold.open = true;
  place?.scrollIntoView({ block: "center" });
  place?.querySelector<HTMLElement>("input, select, textarea, button")?.focus({ preventScroll: true });
}

/** Options first, then what has options of its own. A group of one option is that option. */
export function parts(section: Schema): { leaves: [string, Schema][]; groups: [string, Schema][] } {
  const entries = Object.entries(section.properties ?? {});
  return { leaves: entries.filter(([, one]) => kindOf(one) !== "section"), groups: entries.filter(([, one]) => kindOf(one) === "section") };
}

export function Group({ at, schema: section }: { at: (string | number)[]; schema: Schema }): JSX.Element {
  const { leaves, groups } = parts(section);
  const needed = section.required ?? [];
  return (
    <div class="config-group">
      {leaves.map(([key, one]) => <Option key={key} at={[...at, key]} schema={one} required={needed.includes(key)} />)}
      {groups.map(([key, one]) => <Inner key={key} at={[...at, key]} schema={one} />)}
    </div>
  );
}

function Inner({ at, schema: section }: { at: (string | number)[]; schema: Schema }): JSX.Element {
  const { leaves, groups } = parts(section);
  const { title, text } = groupName(schema.value, at, section);
  const only = leaves.length === 1 && !groups.length ? leaves[0]! : undefined;
  if (only) return <Option at={[...at, only[0]]} schema={only[1]} title={`${title}: ${label(only[0], only[1]).toLowerCase()}`} />;
  return (
    <section class="config-inner">
      <div>
        <h3>{title}</h3>
        <p class="muted small"><Prose text={text} /></p>
      </div>
      <Group at={at} schema={section} />
    </section>
  );
}

/** Why the box does not use this section at all; findings at a single option stand beside it. */
function SectionIssues({ name }: { name: string }): JSX.Element | null {
  const bad = [...issues.value.values()].filter((one) => one.severity === "error" && (one.path === name || one.path.startsWith(`${name}.`)));
  if (!bad.length) return null;
  return (
    <Notice tone="bad" title={t("config.sectionRefused")}>
      <ul class="config-findings">{bad.map((one) => <li key={one.path + one.message}><Finding of={one} /></li>)}</ul>
    </Notice>
  );
}
