import type { JSX } from "preact";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { describe } from "../../gateway/browser";
import { Button, Card, CodeBlock, Notice, Spinner } from "../../ui";

const WHY: Readonly<Record<string, string>> = {
  "scope-upgrade": "door.waitWhyScopes",
  "role-upgrade": "door.waitWhyRole",
  "metadata-upgrade": "door.waitWhyChanged",
};

/** The box knows of this device; an owner has to agree. */
export function Waiting(): JSX.Element {
  const problem = gateway.problem.value;
  const request = problem?.requestId ?? "";
  const why = problem?.reason ? WHY[problem.reason] : undefined;
  return (
    <>
      <div>
        <h1>{t("door.waitTitle")}</h1>
        <p class="lead">{t("door.waitLead")}</p>
      </div>
      {why && <Notice>{t(why)}</Notice>}
      <Card class="door-how">
        <dl class="facts">
          <div><dt>{t("door.waitThis")}</dt><dd>{describe().displayName}</dd></div>
          {request && <div><dt>{t("door.waitRequest")}</dt><dd class="mono">{request.slice(0, 8)}</dd></div>}
        </dl>
        <p>{t("door.waitOther")}</p>
        <p>{t("door.waitBox")}</p>
        <CodeBlock wrap>{`homarus devices approve ${request.slice(0, 8)}`.trim()}</CodeBlock>
      </Card>
      <p class="door-going" role="status"><Spinner /> {t("door.waitGoesOn")}</p>
      <Button kind="quiet" wide onClick={() => gateway.cancelPairing()}>{t("door.useCode")}</Button>
    </>
  );
}
