import type { JSX } from "preact";
import { t } from "../../app/i18n";
import { go } from "../../app/router";
import { gateway } from "../../gateway";
import { Button, Notice, confirm, toast } from "../../ui";
import { why } from "../panel";
import { Restart } from "./findings";
import { countsAtOnce, pathText } from "./schema";
import { reveal, sections } from "./section";
import { changes, conflicts, moved, refused, save, saving, schema, tried, undoAll, wrong } from "./store";

/** What is not saved yet, and what stands in its way; else, in a section, what waits for a restart (the first page says it above). */
export function SaveBar({ inside }: { inside: boolean }): JSX.Element | null {
  if (!changes.value.length) return inside ? <Restart /> : null;
  const later = changes.value.filter((at) => !countsAtOnce(schema.value!, at)).length;
  const run = async (): Promise<void> => {
    try {
      if (await save()) toast(t("config.saved"), "good");
      else {
        const bad = [...wrong.peek().keys(), ...refused.peek().keys()][0];
        if (bad) show(bad);
      }
    } catch (error) {
      toast(why(error), "bad");
    }
  };
  const discard = async (): Promise<void> => {
    if (await confirm({ title: t("config.discardAsk"), text: t("config.discardText", { count: changes.peek().length }), yes: t("config.discard"), danger: true })) undoAll();
  };
  const bad = [...(tried.value ? wrong.value.keys() : []), ...refused.value.keys()];
  const elsewhere = [...refused.value.values()].filter((one) => !document.getElementById(`o-${one.path}`));
  return (
    <div class="save-bar">
      {moved.value && <Notice tone="warn" title={t("config.moved")}>{t(conflicts.value.size ? "config.movedBoth" : "config.movedText", { count: conflicts.value.size })}</Notice>}
      {bad.length > 0 && (
        <Notice tone="bad" title={t("config.notSaved")}>
          <ul>{bad.map((path) => <li key={path}><button type="button" class="link mono" onClick={() => show(path)}>{path}</button> {elsewhere.find((one) => one.path === path)?.message}</li>)}</ul>
        </Notice>
      )}
      <span role="status">{t("config.unsaved", { count: changes.value.length })}{later > 0 && <span class="muted small"> {t("config.ofThemLater", { count: later })}</span>}</span>
      <Button kind="quiet" disabled={saving.value} onClick={() => void discard()}>{t("config.discard")}</Button>
      <Button kind="primary" busy={saving.value} disabled={gateway.status.value !== "open"} onClick={() => void run()}>{t("ui.save")}</Button>
    </div>
  );
}

/** Go to an option, wherever its form is. */
function show(path: string): void {
  const first = path.split(/[.[]/, 1)[0]!;
  const section = sections(schema.peek()!).find((one) => one.keys.includes(first))?.name;
  const at = changes.peek().map(pathText).filter((one) => path.startsWith(one)).sort((a, b) => b.length - a.length)[0] ?? path;
  const place = document.getElementById(`o-${path}`) ?? document.getElementById(`o-${at}`);
  if (place) reveal(place);
  else if (section) go(`/config/${section}?o=${encodeURIComponent(path)}`);
}
