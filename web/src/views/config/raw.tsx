import type { JSX } from "preact";
import { t } from "../../app/i18n";
import { Card, CodeBlock, EmptyState } from "../../ui";
import { Prose } from "./prose";
import { file } from "./store";

/** The file as it lies on the box, with its comments and without its secrets. To read; changes are made in the forms. */
export function Raw(): JSX.Element {
  const { path, raw, exists } = file.value!;
  return (
    <Card>
      <p class="muted small"><Prose text={t("config.rawHint")} /></p>
      <p class="mono small config-path">{path}</p>
      {exists && raw.trim() ? <CodeBlock label={t("config.raw")}>{raw}</CodeBlock> : <EmptyState icon="log" title={t("config.rawEmpty")}>{t("config.rawEmptyText")}</EmptyState>}
    </Card>
  );
}
