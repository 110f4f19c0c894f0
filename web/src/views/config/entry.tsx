import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { Button, Icon } from "../../ui";
import { pathText } from "./schema";
import type { Schema, Step } from "./schema";
import { Group } from "./section";
import { changed } from "./store";

/** One named thing with options of its own, folded until it is looked at. */
export function Entry({ at, schema, title, fresh, onRemove }: { at: Step[]; schema: Schema; title: string; fresh: boolean; onRemove: () => void }): JSX.Element {
  const path = pathText(at);
  // What was opened stays so while it is filled in.
  const [open, setOpen] = useState(fresh);
  const touched = [...changed.value].some((one) => one === path || one.startsWith(`${path}.`) || one.startsWith(`${path}[`));
  return (
    <details class={touched ? "fold changed" : "fold"} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary><span>{title}</span><Icon name="chevronDown" size={18} /></summary>
      <Group at={at} schema={schema} />
      <div><Button kind="danger" small icon="trash" onClick={onRemove}>{t("config.removeEntry", { name: title })}</Button></div>
    </details>
  );
}
