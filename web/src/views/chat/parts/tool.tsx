import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { format, t } from "../../../app/i18n";
import { CodeBlock, Icon, Spinner } from "../../../ui";
import { cardOf } from "../cards";
import type { ToolStep } from "../model/turns";
import { soon } from "./facts";

/** One thing that was done for an answer: its name in plain words; opened, what was asked for and what came of it. */
export function Tool({ step, sessionKey }: { step: ToolStep; sessionKey: string }): JSX.Element {
  const [open, setOpen] = useState(false);
  const took = step.startedAt && step.endedAt ? step.endedAt - step.startedAt : undefined;
  const mark = step.state === "running" ? <Spinner /> : <Icon name={step.state === "done" ? "check" : "alert"} size={16} />;
  return (
    <div class={`tool ${step.state}`}>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span class="tool-mark">{mark}</span>
          <span class="tool-name">{toolName(step.name)}</span>
          <span class="tool-hint">{hint(step)}</span>
          <span class="unseen">{t(`chat.toolState.${step.state}`)}</span>
          <Icon name="chevronDown" size={16} class="tool-arrow" />
        </summary>
        {open && <Inside step={step} took={took} />}
      </details>
      {step.state === "done" && cardOf(step, sessionKey)}
    </div>
  );
}

function Inside({ step, took }: { step: ToolStep; took: number | undefined }): JSX.Element {
  const args = Object.entries(step.args).filter(([, value]) => value !== null && value !== undefined);
  return (
    <div class="tool-inside">
      <p class="tool-id mono">{step.name}{took !== undefined && ` · ${soon(took)}`}</p>
      {args.length > 0 && (
        <>
          <p class="tool-part">{t("chat.toolArgs")}</p>
          <dl>
            {args.map(([name, value]) => (
              <div key={name}>
                <dt class="mono">{name}</dt>
                <dd>{typeof value === "object" ? JSON.stringify(value) : String(value)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
      {step.text && (
        <>
          <p class="tool-part">{step.state === "failed" ? t("chat.toolError") : t("chat.toolResult")}</p>
          <p class="tool-text">{step.text}</p>
        </>
      )}
      {hasData(step.details) && <CodeBlock label={t("chat.toolData")}>{JSON.stringify(step.details, null, 2)}</CodeBlock>}
    </div>
  );
}

const hasData = (details: unknown): boolean =>
  typeof details === "object" && details !== null && Object.keys(details).some((key) => key !== "undoable");

/** The name of a tool in plain words; one that this app does not know is shown as it is called. */
export function toolName(name: string): string {
  const known = t(`chat.tool.${name}`);
  if (known !== `chat.tool.${name}`) return known;
  const words = name.replace(/[._-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const TELLING = ["label", "text", "items", "list", "query", "expression", "place", "time", "command", "url", "path"];

/** The argument that says most, beside the name. */
function hint({ args }: ToolStep): string {
  for (const name of TELLING) {
    const value = args[name];
    if (typeof value === "string" && value) return value;
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(", ");
  }
  const seconds = args["duration_s"];
  return typeof seconds === "number" ? format.duration(seconds * 1000) : "";
}
