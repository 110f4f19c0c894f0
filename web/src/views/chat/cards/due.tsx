import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { format, t } from "../../../app/i18n";
import { Badge, Button, Icon, toast } from "../../../ui";
import { ahead, canCancel, cancel, followAgenda, pending, read } from "./agenda";
import type { Due } from "./agenda";

const ICONS = { timer: "clock", alarm: "bell", reminder: "bell" } as const;

/** A timer that counts down, an alarm or a reminder: as it is now, whatever the answer said then. */
export function DueCard({ due: said }: { due: Due }): JSX.Element {
  useEffect(followAgenda, []);
  useEffect(() => void (pending.peek() && !pending.peek()!.has(said.id) && read()), [said.id]);
  const known = pending.value;
  const due = known?.get(said.id) ?? said;
  const now = useNow(due.dueMs);
  const over = due.dueMs <= now && !due.repeat;
  const gone = !over && known !== null && !known.has(said.id);
  const state = gone ? "cancelled" : over ? "over" : "pending";
  return (
    <div class={`due ${state}`}>
      {state === "pending" && due.kind === "timer" && due.durationS ? <Ring share={(due.dueMs - now) / (due.durationS * 1000)} /> : (
        <span class="due-sign"><Icon name={ICONS[due.kind] ?? "clock"} size={22} /></span>
      )}
      <div class="due-text">
        <strong class="due-time numbers">{state === "pending" ? <Remaining due={due} now={now} /> : t(`chat.due.${state}`)}</strong>
        <span class="due-name" dir="auto">{name(due)}</span>
      </div>
      {due.repeat && <Badge>{t("chat.due.repeats")}</Badge>}
      {state === "pending" && canCancel() && (
        <Button small kind="quiet" icon="close" label={t("chat.due.cancel", { name: name(due) })}
          onClick={() => void cancel(due.id).catch((error: Error) => toast(error.message, "bad"))} />
      )}
    </div>
  );
}

/** What is left of a timer, as a part of a circle. The numbers beside it say the same. */
function Ring({ share }: { share: number }): JSX.Element {
  return (
    <svg class="due-ring" width="40" height="40" viewBox="0 0 40 40" aria-hidden="true">
      <circle cx="20" cy="20" r="17" />
      <circle cx="20" cy="20" r="17" pathLength="1" stroke-dasharray="1" stroke-dashoffset={1 - Math.max(0, Math.min(1, share))} />
    </svg>
  );
}

function name(due: Due): string {
  if (due.text) return due.text;
  if (due.kind === "timer" && due.durationS) return t("chat.due.timerOf", { length: format.duration(due.durationS * 1000) });
  return t(`chat.due.${due.kind}`);
}

function Remaining({ due, now }: { due: Due; now: number }): JSX.Element {
  if (due.kind !== "timer") return <>{format.moment(due.dueMs, now)}</>;
  return <span role="timer">{clock(due.dueMs - now)}</span>;
}

/** 4:05 or 1:02:09. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** The time, each second while `until` is ahead and the page is seen. */
function useNow(until: number): number {
  const time = (): number => Date.now() + ahead.value;
  const [now, setNow] = useState(time());
  const waiting = until > now;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => document.visibilityState === "visible" && setNow(time()), 1000);
    return () => clearInterval(timer);
  }, [waiting, ahead.value]);
  return now;
}
