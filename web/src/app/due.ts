import { gateway } from "../gateway";
import { toast } from "../ui";
import { t } from "./i18n";
import { go, path } from "./router";

export interface Due {
  id: string;
  kind: "timer" | "alarm" | "reminder";
  sessionKey: string;
  dueMs: number;
  text?: string;
}

const LIST = "homarus.agenda.list";
/** A clock that is read twice is off by the way of the answer. */
const SLACK_MS = 1_500;
/** What became due while this page was away for longer is in its conversation, and no news. */
const LATE_MS = 60_000;

/** What was pending, became due a moment ago and is pending no more, or only for its next time. */
export function fired(before: readonly Due[], after: readonly Due[], nowMs: number): Due[] {
  const next = new Map(after.map((one) => [one.id, one.dueMs]));
  return before.filter(({ id, dueMs }) => {
    const ago = nowMs - dueMs;
    return ago >= -SLACK_MS && ago < LATE_MS && next.get(id) !== dueMs;
  });
}

/** Tell of a timer, alarm or reminder on whatever page it finds its owner; in its own conversation it is said anyway. */
export function watchDue(): void {
  let known: readonly Due[] = [];
  const read = async (): Promise<void> => {
    if (!gateway.has(LIST)) return;
    try {
      const { rows, nowMs } = await gateway.call<{ rows: Due[]; nowMs: number }>(LIST, {});
      for (const due of fired(known, rows, nowMs)) tell(due);
      known = rows;
    } catch {
      // The connection went away: it is read again when it is back.
    }
  };
  gateway.onOpen(() => void read());
  gateway.on("gap", () => void read());
  gateway.on("homarus.agenda.changed", () => void read());
}

function tell({ kind, text, sessionKey }: Due): void {
  const main = gateway.hello.peek()?.snapshot.sessionDefaults?.mainSessionKey;
  const place = `/chat/${encodeURIComponent(sessionKey)}`;
  const here = path.peek() === place || (path.peek() === "/chat" && sessionKey === main);
  if (here && document.visibilityState === "visible") return;
  const words = text ? t(`shell.due.${kind}Named`, { name: text }) : t(`shell.due.${kind}`);
  toast(words, "neutral", { label: t("shell.look"), run: () => go(place) }, true);
}
