import type { JSX } from "preact";
import { useId, useRef } from "preact/hooks";
import { t } from "../../app/i18n";
import { Button, Field } from "../../ui";
import type { ControlProps } from "./control";
import { Entry } from "./entry";
import { entrySchema, kindOf, pathText } from "./schema";
import type { Json } from "./schema";
import { put, tried, valueAt } from "./store";
import { errorAt } from "./option";

/** Several values in a row: texts, choices, or things with options of their own. */
export function ListControl(props: ControlProps): JSX.Element {
  const { at, schema, name, hint, error } = props;
  const id = useId();
  const value = valueAt(at);
  const items: Json[] = Array.isArray(value) ? value : [];
  const inner = entrySchema(schema);
  const kind = kindOf(inner);
  return (
    <div class="field" role="group" aria-labelledby={id}>
      <span class="config-name" id={id}>{name}</span>
      {hint && <p class="hint">{hint}</p>}
      {kind === "choice" ? <Checks items={items} all={inner.enum!} set={(next) => put(at, next)} />
        : kind === "section" ? <Things {...props} items={items} />
        : <Texts {...props} items={items} />}
      {error && <p class="error" role="alert">{error}</p>}
    </div>
  );
}

function Checks({ items, all, set }: { items: Json[]; all: string[]; set: (next: Json[]) => void }): JSX.Element {
  return (
    <div class="cluster">
      {all.map((one) => (
        <label key={one} class="config-check">
          <input type="checkbox" checked={items.includes(one)} onChange={(event) => set(all.filter((each) => (each === one ? event.currentTarget.checked : items.includes(each))))} />
          <span>{one}</span>
        </label>
      ))}
    </div>
  );
}

function Texts({ at, name, items }: ControlProps & { items: Json[] }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const change = (index: number, text: string): void => put(at, items.map((one, place) => (place === index ? text : one)));
  const add = (): void => {
    put(at, [...items, ""]);
    requestAnimationFrame(() => box.current?.querySelector<HTMLInputElement>(".field:last-of-type input")?.focus());
  };
  return (
    <div class="config-list" ref={box}>
      {items.map((one, index) => (
        <Field key={index} label={t("config.entryOf", { name, number: index + 1 })} hideLabel mono autocomplete="off" value={String(one ?? "")} error={errorAt(pathText([...at, index]), tried.value)}
          onInput={(text) => change(index, text)} onEnter={add}
          end={<Button kind="quiet" icon="close" label={t("config.removeEntry", { name: String(one || index + 1) })} onClick={() => put(at, items.filter((_, place) => place !== index))} />} />
      ))}
      <div><Button small icon="plus" onClick={add} aria-label={t("config.addTo", { name })}>{t("config.add")}</Button></div>
    </div>
  );
}

function Things({ at, schema, name, items }: ControlProps & { items: Json[] }): JSX.Element {
  const inner = entrySchema(schema);
  const called = (one: Json, index: number): string => {
    const { name: own, id } = (one ?? {}) as { name?: string; id?: string };
    return own || id || t("config.newEntry", { number: index + 1 });
  };
  return (
    <div class="config-list">
      {items.map((one, index) => (
        <Entry key={index} at={[...at, index]} schema={inner} title={called(one, index)} fresh={Object.keys((one ?? {}) as object).length === 0}
          onRemove={() => put(at, items.filter((_, place) => place !== index))} />
      ))}
      <div><Button small icon="plus" onClick={() => put(at, [...items, {}])} aria-label={t("config.addTo", { name })}>{t("config.add")}</Button></div>
    </div>
  );
}
