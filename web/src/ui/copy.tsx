import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../app/i18n";
import { Button } from "./basics";

/** Put a text on the clipboard; also over plain HTTP, where navigator.clipboard does not exist. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    // Inside an open dialog only its own children can be selected.
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** A button that copies and says so. */
export function CopyButton({ text, label, children }: { text: string; label?: string; children?: string }): JSX.Element {
  const [done, setDone] = useState(false);
  const run = async (): Promise<void> => {
    if (!(await copyText(text))) return;
    setDone(true);
    setTimeout(() => setDone(false), 1_800);
  };
  const name = done ? t("ui.copied") : (label ?? children ?? t("ui.copy")); // What is read out begins with what is seen.
  return (
    <Button small kind="quiet" icon={done ? "check" : "copy"} label={name} onClick={() => void run()}>
      {children && (done ? t("ui.copied") : children)}
    </Button>
  );
}

/** Something to type elsewhere or to read exactly: a command, a code, a log. */
export function CodeBlock({ children, label, wrap }: { children: string; label?: string; wrap?: boolean }): JSX.Element {
  return (
    <div class={wrap ? "code wrap" : "code"}>
      <pre tabIndex={0} aria-label={label}><code>{children}</code></pre>
      <CopyButton text={children} />
    </div>
  );
}
