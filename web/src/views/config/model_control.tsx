import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, useAsync } from "../../ui";
import type { ControlProps } from "./control";
import { drop, put, valueAt } from "./store";

interface Choice {
  primary: string;
  fallbacks: string[];
}

/** Which model answers first, and which are asked in turn when it cannot. Suggests the models that the box knows. */
export function ModelControl({ at, name, hint, error }: ControlProps): JSX.Element {
  const id = useId();
  const known = useAsync((signal) => gateway.call<{ models: { id: string; provider?: string; name?: string }[] }>("models.list", {}, { signal }), []);
  const { primary, fallbacks } = read(valueAt(at));
  const write = (next: Choice): void => {
    if (!next.primary && !next.fallbacks.length) drop(at);
    else if (!next.fallbacks.length) put(at, next.primary);
    else put(at, { ...(next.primary ? { primary: next.primary } : {}), fallbacks: next.fallbacks });
  };
  const up = (index: number): void => {
    const next = [...fallbacks];
    [next[index - 1], next[index]] = [next[index]!, next[index - 1]!];
    write({ primary, fallbacks: next });
  };
  const box = (value: string, label: string, set: (text: string) => void): JSX.Element => (
    <input class="input mono" list={`${id}-all`} aria-label={label} aria-invalid={error ? true : undefined} autocomplete="off" spellcheck={false} placeholder="provider/model" value={value} onInput={(event) => set(event.currentTarget.value)} />
  );
  return (
    <div class="field" role="group" aria-labelledby={id}>
      <span class="config-name" id={id}>{name}</span>
      <div class="config-list">
        {box(primary, name, (text) => write({ primary: text, fallbacks }))}
        {fallbacks.map((one, index) => (
          <div class="field-line" key={index}>
            <span class="config-unit">{index + 2}.</span>
            {box(one, t("config.fallback", { number: index + 2 }), (text) => write({ primary, fallbacks: fallbacks.map((each, place) => (place === index ? text : each)) }))}
            {index > 0 && <Button kind="quiet" icon="arrowUp" label={t("config.earlier")} onClick={() => up(index)} />}
            <Button kind="quiet" icon="close" label={t("config.removeEntry", { name: one || String(index + 2) })} onClick={() => write({ primary, fallbacks: fallbacks.filter((_, place) => place !== index) })} />
          </div>
        ))}
        <div><Button small icon="plus" onClick={() => write({ primary, fallbacks: [...fallbacks, ""] })}>{t("config.addFallback")}</Button></div>
      </div>
      <datalist id={`${id}-all`}>
        {(known.value?.models ?? []).map((one) => <option key={`${one.provider}/${one.id}`} value={one.provider ? `${one.provider}/${one.id}` : one.id}>{one.name}</option>)}
      </datalist>
      <p class="hint">{hint}</p>
      {error && <p class="error" role="alert">{error}</p>}
    </div>
  );
}

function read(value: unknown): Choice {
  if (typeof value === "string") return { primary: value, fallbacks: [] };
  const { primary, fallbacks } = (value ?? {}) as Partial<Choice>;
  return { primary: primary ?? "", fallbacks: Array.isArray(fallbacks) ? fallbacks : [] };
}
