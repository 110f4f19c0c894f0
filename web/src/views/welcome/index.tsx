import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { go } from "../../app/router";
import { Mark } from "../../app/shell";
import { gateway } from "../../gateway";
import { Button, EmptyState, Notice, Skeleton, confirm } from "../../ui";
import "../../words/welcome";
import { StepForm } from "./step";
import { wizard } from "./wizard";
import type { Answer } from "./wizard";

/** The set-up of the box, step by step. The box knows the steps; this page shows whatever it asks. */
export default function View(): JSX.Element {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const [number, setNumber] = useState(1);

  const run = async (ask: () => Promise<Answer>): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const given = await ask();
      take(given);
      if (given.error) setError(given.error);
    } catch (reason) {
      setError(reason instanceof Error ? reason.message : String(reason));
    }
    setBusy(false);
  };
  const take = (given: Answer): void => {
    const another = given.step && given.step.type !== "progress" && answer?.step && given.step.id !== answer.step.id;
    setNumber((before) => (another ? before + 1 : before));
    setAnswer(given);
  };
  // The box works, or waits for a device: look where it stands. It may be away for a moment, because it starts again.
  const look = async (): Promise<void> => {
    try {
      const given = await wizard.next();
      if (given.error) setError(given.error);
      take(given);
    } catch {
      setAnswer((before) => before && { ...before });
    }
  };
  useEffect(() => {
    if (!wizard.running) return;
    void run(() => wizard.next().catch(() => wizard.start())); // The box may have forgotten: it was restarted.
  }, []);
  const leave = async (): Promise<void> => {
    if (!(await confirm({ title: t("welcome.leaveAsk"), text: t("welcome.leaveText"), yes: t("welcome.leave") }))) return;
    await wizard.cancel();
    go("/chat");
  };

  if (gateway.met.value && !gateway.has("wizard.start")) {
    const chat = <Button kind="primary" href="/chat">{t("welcome.chat")}</Button>;
    return (
      <div class="page">
        <EmptyState page icon="spark" title={t("welcome.missing")} action={chat}>{t("welcome.missingText")}</EmptyState>
      </div>
    );
  }
  const step = answer?.step;
  return (
    <div class="welcome">
      <div class="welcome-head"><Mark size={40} />{step && <span class="muted small numbers">{t("welcome.step", { number })}</span>}</div>
      {error && <Notice tone="bad" title={t("welcome.failed")}>{error}</Notice>}
      {answer?.done && answer.status !== "error" ? (
        <Done />
      ) : step ? (
        <StepForm step={step} busy={busy} onAnswer={(value) => void run(() => wizard.next(step, value))} onLook={() => void look()} />
      ) : busy ? (
        <Skeleton lines={4} />
      ) : (
        <Begin onBegin={() => void run(() => wizard.start())} />
      )}
      {step && !answer?.done && <Button kind="quiet" wide onClick={() => void leave()}>{t("welcome.leave")}</Button>}
    </div>
  );
}

function Begin({ onBegin }: { onBegin: () => void }): JSX.Element {
  return (
    <>
      <div><h1>{t("welcome.title")}</h1><p class="lead">{t("welcome.lead")}</p></div>
      <Button kind="primary" wide onClick={onBegin}>{t("welcome.begin")}</Button>
      <Button kind="quiet" wide href="/chat">{t("welcome.later")}</Button>
    </>
  );
}

function Done(): JSX.Element {
  return (
    <>
      <div><h1>{t("welcome.done")}</h1><p class="lead">{t("welcome.doneText")}</p></div>
      <Button kind="primary" wide href="/chat">{t("welcome.chat")}</Button>
    </>
  );
}
