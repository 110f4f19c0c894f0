import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { format, t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Button, Notice } from "../../ui";

/** The box said no, and asking again at once would not help: why, and what would. */
export function Refused(): JSX.Element {
  const problem = gateway.problem.value;
  return (
    <>
      <h1>{t("door.refusedTitle")}</h1>
      <Notice tone="warn"><Reason /></Notice>
      {problem?.code === "PROTOCOL_MISMATCH" ? (
        <Button kind="primary" wide icon="refresh" onClick={() => location.reload()}>{t("door.reload")}</Button>
      ) : (
        <Button kind="primary" wide icon="refresh" onClick={() => gateway.retry()}>{t("ui.retry")}</Button>
      )}
      <Button kind="quiet" wide onClick={() => gateway.cancelPairing()}>{t("door.useCode")}</Button>
    </>
  );
}

function Reason(): JSX.Element {
  const problem = gateway.problem.value;
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  if (problem?.code === "AUTH_RATE_LIMITED") {
    const left = Math.max(0, (problem.retryAt ?? now) - now);
    const seconds = new Intl.RelativeTimeFormat(document.documentElement.lang).format(Math.ceil(left / 1000), "second");
    return <>{t("door.rate", { when: left < 60_000 ? seconds : format.ago(now + left, now) })}</>;
  }
  if (problem?.code === "CONTROL_UI_ORIGIN_NOT_ALLOWED") return <>{t("door.origin")}</>;
  if (problem?.code === "PROTOCOL_MISMATCH") return <>{t("door.protocol")}</>;
  return <>{problem?.message}</>;
}
