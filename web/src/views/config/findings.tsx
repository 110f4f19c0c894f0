import type { JSX } from "preact";
import { t } from "../../app/i18n";
import { Button, CodeBlock, Notice } from "../../ui";
import { reasonInWords } from "../../words/told";
import { RestartButton } from "../panel";
import { Prose } from "./prose";
import { placeOf, schemaAt } from "./schema";
import { sections } from "./section";
import { drop, file, issues, schema, valueAt, waiting } from "./store";
import type { Issue } from "./store";

/** What the box found in the file: what it refuses, what to look at, what has no effect. And what waits for a restart. */
export function Findings(): JSX.Element | null {
  const all = [...issues.value.values()];
  const bad = all.filter((one) => one.severity === "error");
  const odd = all.filter((one) => one.severity === "warning");
  const idle = all.filter((one) => one.severity === "unused");
  return (
    <>
      <Restart />
      {bad.length > 0 && <Notice tone="bad" title={t("config.refusedTitle")}><Rows of={bad} /></Notice>}
      {odd.length > 0 && <Notice tone="warn" title={t("config.oddTitle")}><Rows of={odd} /></Notice>}
      {idle.length > 0 && <Notice title={t("config.idleTitle")}><Rows of={idle} /></Notice>}
    </>
  );
}

/** Nothing can be changed here while the file is no JSON5: where it breaks, and where it lies. */
export function Broken({ of: one }: { of: Issue }): JSX.Element {
  return (
    <Notice tone="bad" title={t("config.broken")}>
      <div class="config-findings">
        <p class="mono">{file.value!.path}</p>
        <p>{sentence(one.message)}</p>
        <p>{t("config.brokenText")}</p>
      </div>
    </Notice>
  );
}

/** What was saved and counts only after a restart. */
export function Restart(): JSX.Element | null {
  if (!waiting.value) return null;
  const away = /\bgateway\.(bind|port|customBindHost|auth|tls)\b/.test(waiting.value);
  return (
    <Notice tone="warn" title={t("config.restartTitle")}>
      <div class="config-findings">
        <p class="mono">{waiting.value}</p>
        {away && <p>{t("config.restartAway")}</p>}
        <p><Prose text={t("config.restartText")} /></p>
        <div class="cluster"><RestartButton /></div>
      </div>
    </Notice>
  );
}

/** One finding: where, what, and what mends it. What the forms do not know can be taken out here. */
export function Finding({ of: one }: { of: Issue }): JSX.Element {
  const at = placeOf(one.path);
  const strange = at.length > 0 && valueAt(at) !== undefined && schemaAt(schema.value!, at) === undefined;
  const section = sections(schema.value!).find((each) => each.keys.includes(String(at[0])))?.name;
  const path = <span class="mono">{one.path}</span>;
  const [message, hint] = [reasonInWords(one.message), reasonInWords(one.hint ?? "")];
  return (
    <>
      {one.path ? <>{section && !strange ? <a href={`/config/${section}?o=${encodeURIComponent(one.path)}`}>{path}</a> : path} {message}.</> : sentence(message)}
      {hint && (/^(chmod|homarus|sudo) /.test(hint) ? <CodeBlock wrap>{hint}</CodeBlock> : <> <Prose text={sentence(hint)} /></>)}
      {strange && <div><Button small onClick={() => drop(at)}>{t("config.takeOut")}</Button></div>}
    </>
  );
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;

function Rows({ of }: { of: Issue[] }): JSX.Element {
  return <ul class="config-findings">{of.map((one) => <li key={one.path + one.message}><Finding of={one} /></li>)}</ul>;
}
