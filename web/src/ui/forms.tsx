import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "./icon";

export interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  error?: string | undefined;
  type?: "text" | "password" | "number" | "search" | "email" | "url" | "time" | "date" | "datetime-local";
  placeholder?: string;
  rows?: number;
  autocomplete?: string;
  inputMode?: "text" | "numeric" | "decimal" | "search" | "email" | "url";
  autofocus?: boolean;
  disabled?: boolean;
  required?: boolean;
  mono?: boolean;
  hideLabel?: boolean;
  end?: ComponentChildren;
  onEnter?: () => void;
  [data: `data-${string}`]: string | undefined;
}

/** A labelled text field; with `rows` a tall one. The error is read out when it appears. */
export function Field({ label, value, onInput, hint, error, type = "text", rows, mono, hideLabel, end, onEnter, inputMode, ...rest }: FieldProps): JSX.Element {
  const id = useId();
  const about = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  const common = {
    id,
    value,
    "aria-describedby": about,
    "aria-invalid": error ? true : undefined,
    class: mono ? "input mono" : "input",
    spellcheck: !mono,
    autocapitalize: mono ? "none" : undefined,
    ...(inputMode ? { inputMode } : {}),
    ...rest,
  } as const;
  // (preact's types tell each kind of input apart; here the kind is only known at run time)
  const press = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && !event.isComposing && onEnter && rows === undefined) {
      event.preventDefault();
      onEnter();
    }
  };
  return (
    <div class="field">
      <label for={id} class={hideLabel ? "unseen" : undefined}>{label}</label>
      <div class="field-line">
        {rows === undefined ? (
          <input {...(common as object)} type={type as "text"} onInput={(event) => onInput(event.currentTarget.value)} onKeyDown={press} />
        ) : (
          <textarea {...common} rows={rows} onInput={(event) => onInput(event.currentTarget.value)} />
        )}
        {end}
      </div>
      {hint && <p id={`${id}-hint`} class="hint">{hint}</p>}
      {error && <p id={`${id}-error`} class="error" role="alert">{error}</p>}
    </div>
  );
}

/** A switch: on or off at once. */
export function Toggle({ label, checked, onChange, hint, disabled }: {
  label: string;
  checked: boolean;
  onChange: (on: boolean) => void;
  hint?: ComponentChildren;
  disabled?: boolean;
}): JSX.Element {
  const id = useId();
  return (
    <div class="toggle">
      <label for={id}>
        <span>{label}</span>
        {hint && <span class="hint" id={`${id}-hint`}>{hint}</span>}
      </label>
      <input id={id} type="checkbox" role="switch" checked={checked} disabled={disabled} aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.currentTarget.checked)} />
    </div>
  );
}

export interface Option<T extends string> {
  value: T;
  label: string;
}

/** One of many, from the system's own list. */
export function Select<T extends string>({ label, value, options, onChange, hint, disabled, hideLabel }: {
  label: string;
  value: T;
  options: readonly Option<T>[];
  onChange: (value: T) => void;
  hint?: ComponentChildren;
  disabled?: boolean;
  hideLabel?: boolean;
}): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={hideLabel ? "unseen" : undefined}>{label}</label>
      <div class="select">
        <select id={id} class="input" value={value} disabled={disabled} aria-describedby={hint ? `${id}-hint` : undefined}
          onChange={(event) => onChange(event.currentTarget.value as T)}>
          {options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
        </select>
        <Icon name="chevronDown" size={18} />
      </div>
      {hint && <p id={`${id}-hint`} class="hint">{hint}</p>}
    </div>
  );
}

/** One of two to four, side by side. */
export function Segmented<T extends string>({ label, value, options, onChange }: {
  label: string;
  value: T;
  options: readonly Option<T>[];
  onChange: (value: T) => void;
}): JSX.Element {
  const name = useId();
  return (
    <fieldset class="segmented">
      <legend class="unseen">{label}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input type="radio" name={name} value={option.value} checked={option.value === value} onChange={() => onChange(option.value)} />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
