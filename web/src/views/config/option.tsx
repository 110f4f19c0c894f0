import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { format, t } from "../../app/i18n";
import { Badge, Button } from "../../ui";
import { reasonInWords } from "../../words/told";
import { Control } from "./control";
import { same } from "./draft";
import { isShort, unitText } from "./measure";
import { Prose } from "./prose";
import { countsAtOnce, kindOf, label, meaning, pathText } from "./schema";
import type { Schema, Step } from "./schema";
import { changed, conflicts, drop, issues, refused, savedAt, schema as root, tried, undo, valueAt, wrong } from "./store";

/** One option: its control, what it means, what is wrong, what counts and how to get back. */
export function Option({ at, schema, title, required }: { at: Step[]; schema: Schema; title?: string; required?: boolean }): JSX.Element {
  const [left, setLeft] = useState(false);
  const path = pathText(at);
  const kind = kindOf(schema);
  const value = valueAt(at);
  const isChanged = changed.value.has(path) || (!same(value, savedAt(at)) && kind !== "section");
  const error = errorAt(path, left || tried.value);
  const whole = kind === "map" || kind === "list";
  return (
    <div id={`o-${path}`} class={isChanged ? "config-field changed" : "config-field"} onFocusOut={() => setLeft(true)}>
      <Control at={at} schema={schema} name={title ?? label(String(at.at(-1)), schema)} hint={<Prose text={hintText(schema, value)} />} error={error} required={required ?? false} />
      <Foot at={at} schema={schema} simple={!whole}>
        {isChanged && <Badge tone="accent">{t("config.changed")}</Badge>}
        {isChanged && <Button small kind="quiet" onClick={() => undo(at)}>{t("config.undo")}</Button>}
        {!isChanged && value !== undefined && kind !== "secret" && kind !== "map" && !required && <Button small kind="quiet" onClick={() => drop(at)}>{t(schema.default === undefined || whole ? "config.clear" : "config.useDefault")}</Button>}
      </Foot>
      {conflicts.value.has(path) && <p class="small config-conflict">{t("config.conflict", { value: shown(savedAt(at)) })}</p>}
    </div>
  );
}

/** What it means, with the unit of a text, or a long number in a larger unit. */
function hintText(schema: Schema, value: unknown): string {
  const unit = schema["x-unit"];
  if (!unit) return meaning(schema);
  if (kindOf(schema) !== "number" || !isShort(unit)) return `${meaning(schema)} (${unit})`;
  const told = typeof value === "number" ? unitText(value, unit) : typeof schema.default === "number" && value === undefined ? unitText(schema.default, unit) : undefined;
  return told ? `${meaning(schema)} (${told})` : meaning(schema);
}

function Foot({ at, schema, simple, children }: { at: Step[]; schema: Schema; simple: boolean; children: ComponentChildren }): JSX.Element {
  const facts = [
    simple && schema.default !== undefined && schema.default !== "" && t("config.default", { value: shown(schema.default) }),
    bounds(schema),
    t(countsAtOnce(root.value!, at) ? "config.atOnce" : "config.afterRestart"),
  ];
  return (
    <div class="config-foot">
      <span><span class="mono">{pathText(at)}</span> · {facts.filter(Boolean).join(" · ")}</span>
      {schema["x-pending"] && <Badge>{t("config.noEffect")}</Badge>}
      {children}
    </div>
  );
}

/** A value for people. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return t("config.none");
  if (typeof value === "boolean") return t(value ? "config.on" : "config.off");
  if (Array.isArray(value)) return value.length ? value.map(shown).join(", ") : t("config.none");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function bounds({ minimum: least, maximum: most }: Schema): string | undefined {
  if (least !== undefined && most !== undefined) return t("config.bounds", { least: format.number(least, 2), most: format.number(most, 2) });
  return least !== undefined && least > 0 ? t("config.atLeast", { least: format.number(least, 2) }) : undefined;
}

/** What is wrong at a path: what this page sees, once the field was left; what the box said; what it said at its start. */
export function errorAt(path: string, named: boolean): string | undefined {
  const own = wrong.value.get(path);
  if (own) return named ? t(`config.wrong_${own.key}`, own.values) : undefined;
  const told = refused.value.get(path) ?? (changed.value.has(path) ? undefined : issues.value.get(path));
  if (!told || told.severity === "unused") return undefined;
  return [sentence(reasonInWords(told.message)), reasonInWords(told.hint ?? "")].filter(Boolean).join(" ");
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
