import type { ComponentChildren, JSX } from "preact";
import { t } from "../../app/i18n";
import { Field, Select, Toggle } from "../../ui";
import { ListControl } from "./list";
import { MapControl } from "./map";
import { ModelControl } from "./model_control";
import { kindOf } from "./schema";
import type { Json, Schema, Step } from "./schema";
import { SecretControl } from "./secret";
import { drop, put, valueAt } from "./store";
import { isShort, readNumber } from "./measure";

export interface ControlProps {
  at: Step[];
  schema: Schema;
  name: string;
  hint: ComponentChildren;
  error: string | undefined;
  required: boolean;
}

/** The part that a value is changed with, by its kind. */
export function Control(props: ControlProps): JSX.Element {
  const { at, schema, name, hint, error } = props;
  switch (kindOf(schema)) {
    case "toggle":
      return <><Switch {...props} />{error && <p class="error" role="alert">{error}</p>}</>;
    case "choice":
      return <><Choice at={at} schema={schema} name={name} hint={hint} options={schema.enum!} />{error && <p class="error" role="alert">{error}</p>}</>;
    case "secret":
      return <SecretControl {...props} />;
    case "model":
      return <ModelControl {...props} />;
    case "list":
      return <ListControl {...props} />;
    case "map":
      return <MapControl {...props} />;
    case "number":
      return <NumberField {...props} />;
    default:
      return <TextField {...props} />;
  }
}

/** On or off; where neither is the default, the third is what the box chooses. */
function Switch({ at, schema, name, hint }: ControlProps): JSX.Element {
  const value = valueAt(at);
  if (schema.default === undefined) {
    const options = [{ value: "", label: t("config.automatic") }, { value: "true", label: t("config.on") }, { value: "false", label: t("config.off") }];
    return <Select label={name} hint={hint} options={options} value={typeof value === "boolean" ? String(value) : ""} onChange={(text) => (text ? put(at, text === "true") : drop(at))} />;
  }
  return <Toggle label={name} hint={hint} checked={value === undefined ? schema.default === true : value === true} onChange={(on) => put(at, on)} />;
}

function Choice({ at, schema, name, hint, options: all }: Pick<ControlProps, "at" | "schema" | "name" | "hint"> & { options: string[] }): JSX.Element {
  const value = valueAt(at);
  const text = value === undefined || value === null ? "" : String(value);
  const options = all.map((one) => ({ value: one, label: one }));
  // What is written down but not among the choices is shown as it is, beside its error.
  if (text && !all.includes(text)) options.unshift({ value: text, label: text });
  if (schema.default === undefined) options.unshift({ value: "", label: t("config.notSet") });
  return <Select label={name} hint={hint} options={options} value={text || String(schema.default ?? "")} onChange={(wanted) => (wanted ? put(at, wanted) : drop(at))} />;
}

function NumberField({ at, schema, name, hint, error, required }: ControlProps): JSX.Element {
  const value = valueAt(at);
  const unit = schema["x-unit"];
  const type = (text: string): void => (text.trim() ? put(at, readNumber(text)) : drop(at));
  return (
    <Field label={name} hint={hint} error={error} inputMode={schema.type === "integer" ? "numeric" : "decimal"} required={required}
      value={value === undefined || value === null ? "" : String(value)} placeholder={placeholder(schema.default)} onInput={type}
      end={unit && isShort(unit) && <span class="config-unit">{unit}</span>} />
  );
}

function TextField({ at, schema, name, hint, error, required }: ControlProps): JSX.Element {
  const value = valueAt(at);
  const exact = schema["x-unit"] !== undefined || schema.pattern !== undefined;
  return (
    <Field label={name} hint={hint} error={error} mono={exact} required={required} autocomplete="off"
      value={value === undefined || value === null ? "" : String(value)} placeholder={placeholder(schema.default)}
      onInput={(text) => (text || schema.default ? put(at, text) : drop(at))} />
  );
}

export const placeholder = (value: Json | undefined): string => (value === undefined || value === null ? t("config.notSet") : String(value));
