import type { FunctionComponent, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { gateway } from "../gateway";
import { Spinner, Questions, Toasts } from "../ui";
import { t } from "./i18n";
import { go } from "./router";
import { Mark, Shell } from "./shell";

/** What is shown: the way in, until this browser was let in; then the app, also while the box is away. */
export function App({ known, byCode }: { known: boolean; byCode: boolean }): JSX.Element {
  useEffect(() => {
    if (!byCode) return;
    // The first device of a new box goes on where the terminal left off.
    let first = true;
    return gateway.onOpen((hello) => {
      if (!first) return;
      first = false;
      const fresh = hello.snapshot.sessionDefaults?.modelConfigured === false;
      if (fresh && gateway.can("operator.admin") && gateway.has("wizard.start")) go("/welcome", { replace: true });
    });
  }, []);
  const status = gateway.status.value;
  const atDoor = useRef(false);
  if (status === "pairing" || status === "waiting" || status === "refused") atDoor.current = true;
  else if (status === "open") atDoor.current = false;
  // A try that runs leaves the door where it is: what was typed there must not vanish.
  if (atDoor.current) return <Door />;
  return status === "open" || gateway.met.value || known ? <Shell /> : <Opening />;
}

function Opening(): JSX.Element {
  return (
    <main class="opening">
      <Mark size={56} />
      <p><Spinner /> {t("shell.connecting")}</p>
    </main>
  );
}

/** The pairing pages, loaded only by who needs them. */
function Door(): JSX.Element {
  const [Content, setContent] = useState<FunctionComponent | null>(null);
  useEffect(() => {
    void import("../views/pair").then((module) => setContent(() => module.default));
  }, []);
  return (
    <>
      {Content ? <Content /> : <Opening />}
      <Toasts />
      <Questions />
    </>
  );
}
