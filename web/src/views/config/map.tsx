import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { Button, Field } from "../../ui";
import { Control } from "./control";
import type { ControlProps } from "./control";
import { Entry } from "./entry";
import { errorAt } from "./option";
import { entrySchema, kindOf, pathText } from "./schema";
import type { Json, Schema } from "./schema";
import { drop, put, tried, valueAt } from "./store";

/** Values by a name that people choose: agents, providers, aliases. */
export function MapControl({ at, schema, name, hint, error }: ControlProps): JSX.Element {
  const id = useId();
  const value = valueAt(at);
  const keys = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  const inner = entrySchema(schema);
  return (
    <div class="field" role="group" aria-labelledby={id}>
      <span class="config-name" id={id}>{name}</span>
      {hint && <p class="hint">{hint}</p>}
      <div class="config-list">
        {keys.map((key) => <One key={key} at={[...at, key]} schema={inner} name={key} />)}
        <Add name={name} taken={keys} onAdd={(key) => put([...at, key], first(inner))} />
      </div>
      {error && <p class="error" role="alert">{error}</p>}
    </div>
  );
}

function One({ at, schema, name }: { at: ControlProps["at"]; schema: Schema; name: string }): JSX.Element {
  const error = errorAt(pathText(at), tried.value);
  if (kindOf(schema) === "section") {
    const value = valueAt(at);
    return (
      <>
        <Entry at={at} schema={schema} title={name} fresh={Object.keys((value ?? {}) as object).length === 0} onRemove={() => drop(at)} />
        {error && <p class="error" role="alert">{error}</p>}
      </>
    );
  }
  return (
    <div class="config-pair">
      <Control at={at} schema={schema} name={name} hint="" error={error} required={false} />
      <Button kind="quiet" icon="close" label={t("config.removeEntry", { name })} onClick={() => drop(at)} />
    </div>
  );
}

function Add({ name, taken, onAdd }: { name: string; taken: string[]; onAdd: (key: string) => void }): JSX.Element {
  const [open, setOpen] = useState(false);
  const [key, setKey] = useState("");
  const text = key.trim();
  const twice = taken.includes(text);
  const add = (): void => {
    if (!text || twice) return;
    onAdd(text);
    setKey("");
    setOpen(false);
  };
  if (!open) return <div><Button small icon="plus" onClick={() => setOpen(true)} aria-label={t("config.addTo", { name })}>{t("config.add")}</Button></div>;
  return (
    <Field label={t("config.newName")} mono autofocus autocomplete="off" value={key} onInput={setKey} onEnter={add} error={twice ? t("config.taken") : undefined}
      end={<><Button kind="primary" disabled={!text || twice} onClick={add}>{t("config.add")}</Button><Button kind="quiet" icon="close" label={t("ui.cancel")} onClick={() => setOpen(false)} /></>} />
  );
}

/** What a new entry begins with. */
function first(schema: Schema): Json {
  switch (kindOf(schema)) {
    case "section": case "map": return {};
    case "list": return [];
    case "choice": return schema.enum![0]!;
    case "number": return schema.minimum ?? 0;
    case "toggle": return false;
    default: return "";
  }
}
