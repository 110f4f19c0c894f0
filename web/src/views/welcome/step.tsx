import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, CodeBlock, Field, Progress, useAsync } from "../../ui";
import type { Step } from "./wizard";

interface Given {
  step: Step;
  busy: boolean;
  onAnswer: (value?: unknown) => void;
  onLook: () => void;
}

/** One step, whatever the box asks: its kind decides what is shown. */
export function StepForm(given: Given): JSX.Element {
  const { step } = given;
  return (
    <>
      {step.title && <h1>{step.title}</h1>}
      {step.message && <p class="welcome-message">{step.message}</p>}
      <Body key={step.id} {...given} />
    </>
  );
}

function Body(given: Given): JSX.Element {
  switch (given.step.type) {
    case "select":
      return <One {...given} />;
    case "multiselect":
      return <Many {...given} />;
    case "text":
      return <Text {...given} />;
    case "confirm":
      return <Confirm {...given} />;
    case "progress":
      return <Going {...given} />;
    default:
      return given.step.id === "device" ? <Device {...given} /> : <Note {...given} />;
  }
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function One({ step, busy, onAnswer }: Given): JSX.Element {
  const options = step.options ?? [];
  const [chosen, setChosen] = useState(() => Math.max(0, options.findIndex((one) => same(one.value, step.initialValue))));
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); onAnswer(options[chosen]?.value); }}>
      <fieldset class="welcome-choices">
        <legend class="unseen">{step.title ?? step.message}</legend>
        {options.map((one, index) => (
          <label key={index} class="welcome-choice">
            <input type="radio" name={step.id} checked={index === chosen} onChange={() => setChosen(index)} />
            <span class="welcome-choice-text"><span>{one.label}</span>{one.hint && <span class="hint">{one.hint}</span>}</span>
          </label>
        ))}
      </fieldset>
      <Next busy={busy} />
    </form>
  );
}

function Many({ step, busy, onAnswer }: Given): JSX.Element {
  const options = step.options ?? [];
  const initial = Array.isArray(step.initialValue) ? (step.initialValue as unknown[]) : [];
  const [chosen, setChosen] = useState(() => options.map((one) => initial.some((value) => same(value, one.value))));
  const answer = (): void => onAnswer(options.filter((_, index) => chosen[index]).map((one) => one.value));
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); answer(); }}>
      <fieldset class="welcome-choices">
        <legend class="unseen">{step.title ?? step.message}</legend>
        {options.map((one, index) => (
          <label key={index} class="welcome-choice">
            <input type="checkbox" checked={chosen[index]} onChange={(event) => {
              const on = event.currentTarget.checked;
              setChosen((before) => before.map((value, place) => (place === index ? on : value)));
            }} />
            <span class="welcome-choice-text"><span>{one.label}</span>{one.hint && <span class="hint">{one.hint}</span>}</span>
          </label>
        ))}
      </fieldset>
      <Next busy={busy} />
    </form>
  );
}

function Text({ step, busy, onAnswer }: Given): JSX.Element {
  const [text, setText] = useState(typeof step.initialValue === "string" ? step.initialValue : "");
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); onAnswer(text); }}>
      <Field label={step.title ?? step.message ?? ""} hideLabel value={text} onInput={setText} placeholder={step.placeholder ?? ""}
        type={step.sensitive ? "password" : "text"} autocomplete="off" mono={step.sensitive ?? false} />
      <Next busy={busy} label={text === "" && step.sensitive ? t("welcome.later") : t("welcome.next")} />
    </form>
  );
}

function Confirm({ step, busy, onAnswer }: Given): JSX.Element {
  const yes = step.initialValue !== false;
  return (
    <div class="welcome-both">
      <Button kind={yes ? "primary" : "plain"} wide busy={busy} onClick={() => onAnswer(true)}>{t("welcome.yes")}</Button>
      <Button kind={yes ? "plain" : "primary"} wide disabled={busy} onClick={() => onAnswer(false)}>{t("welcome.no")}</Button>
    </div>
  );
}

const LOOK_MS = 800;

/** Look again and again, as long as this is shown. */
function useLooking(onLook: () => void): void {
  useEffect(() => {
    const timer = setTimeout(onLook, LOOK_MS);
    return () => clearTimeout(timer);
  });
}

/** The box works: look again until it has another step. */
function Going({ step, onLook }: Given): JSX.Element {
  useLooking(onLook);
  const share = typeof step.initialValue === "number" ? step.initialValue : undefined;
  return <Progress label={step.title ?? t("welcome.working")} {...(share === undefined ? {} : { value: share })} />;
}

function Note({ step, busy, onAnswer }: Given): JSX.Element {
  const { externalUrl: link, deviceCode: code } = step;
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); onAnswer(step.type === "action" ? true : undefined); }}>
      {code && (
        <div class="stack">
          {code.message && <p class="muted">{code.message}</p>}
          <CodeBlock label={t("welcome.deviceCode")}>{code.code}</CodeBlock>
        </div>
      )}
      {link && /^https?:/.test(link) && (
        <a class="button wide" href={link} target="_blank" rel="noopener noreferrer"><span>{t("welcome.openLink")}</span></a>
      )}
      <Next busy={busy} />
    </form>
  );
}

/** A code for another device. Its link is for that one: opened here it would let this browser in once more. */
function Device({ step, busy, onAnswer, onLook }: Given): JSX.Element {
  useLooking(onLook);
  const { externalUrl: link, deviceCode: code } = step;
  return (
    <form class="stack" onSubmit={(event) => { event.preventDefault(); onAnswer(); }}>
      {link && <Picture key={link} link={link} />}
      {link && <CodeBlock wrap label={t("welcome.link")}>{link}</CodeBlock>}
      {code && <details class="welcome-code"><summary>{code.message}</summary><CodeBlock wrap label={t("welcome.deviceCode")}>{code.code}</CodeBlock></details>}
      {code && <p class="muted small">{t("welcome.waiting", { minutes: code.expiresInMinutes ?? 10 })}</p>}
      <Next busy={busy} />
    </form>
  );
}

function Picture({ link }: { link: string }): JSX.Element {
  const read = useAsync((signal) => gateway.call<{ size: number; path: string }>("homarus.qr", { text: link }, { signal }), [link]);
  if (!read.value) return read.error ? <></> : <div class="qr qr-wait" />;
  const { size, path } = read.value;
  return <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t("welcome.qr")} shape-rendering="crispEdges"><path d={path} /></svg>;
}

const Next = ({ busy, label }: { busy: boolean; label?: string }): JSX.Element => (
  <Button kind="primary" type="submit" wide busy={busy}>{label ?? t("welcome.next")}</Button>
);
