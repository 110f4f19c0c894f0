import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { Badge, Button, Field } from "../../ui";
import type { ControlProps } from "./control";
import { MASK } from "./draft";
import { drop, put, savedAt, undo, valueAt } from "./store";

/** A secret: whether there is one, and a way to replace it. What is there is never shown, not even to its owner. */
export function SecretControl({ at, name, hint, error }: ControlProps): JSX.Element {
  const value = valueAt(at);
  const typed = typeof value === "string" && value !== MASK && value !== savedAt(at) ? value : undefined;
  const [open, setOpen] = useState(false);
  const id = useId();
  if (open || typed !== undefined) {
    const close = (): void => {
      undo(at);
      setOpen(false);
    };
    return (
      <Field label={name} type="password" mono autocomplete="new-password" autofocus={open} hint={t("config.secretHint")} error={error} value={typed ?? ""}
        onInput={(text) => (text ? put(at, text) : undo(at))} end={<Button icon="close" kind="quiet" label={t("ui.cancel")} onClick={close} />} />
    );
  }
  const isSet = value !== undefined && value !== null;
  return (
    <div class="field" role="group" aria-labelledby={id}>
      <span class="config-name" id={id}>{name}</span>
      <div class="config-secret">
        <Badge tone={isSet ? "good" : "neutral"}>{whence(value)}</Badge>
        <Button small onClick={() => setOpen(true)}>{t(isSet ? "config.replace" : "config.setSecret")}</Button>
        {isSet && <Button small kind="quiet" onClick={() => drop(at)}>{t("config.remove")}</Button>}
      </div>
      <p class="hint">{hint}</p>
      {error && <p class="error" role="alert">{error}</p>}
    </div>
  );
}

/** Where a secret comes from. */
function whence(value: unknown): string {
  if (value === undefined || value === null) return t("config.notSet");
  if (typeof value === "string" && value !== MASK) return t("config.fromEnvironment", { name: value.replace(/^\$\{|\}$/g, "") });
  if (typeof value === "object") {
    const { file, id, source } = value as { file?: string; id?: string; source?: string };
    return file ? t("config.fromFile", { name: file }) : t("config.fromElsewhere", { name: [source, id].filter(Boolean).join(" ") });
  }
  return t("config.isSet");
}
