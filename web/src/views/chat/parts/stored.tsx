import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { format, locale, t } from "../../../app/i18n";
import type { Conversation } from "../model/conversation";
import { rowsOf } from "../model/rows";
import type { Row } from "../model/rows";
import type { TurnItem } from "../model/turns";
import { undoable } from "../model/turns";
import { Turn } from "./turn";
import { UserMessage } from "./user";

export interface StoredProps {
  talk: Conversation;
  onSay: (text: string) => void;
  onWhole: (entryId: string) => void;
  /** The entry that a search led to: it is on the page, however far away it is. */
  goto: string | null;
}

/**
 * The transcript as far as it was read. It looks at the signals itself and its properties stay the same, so that an answer
 * that grows below draws nothing of it again; of a long one only what is near the eye is on the page.
 */
export function Stored({ talk, onSay, onWhole, goto }: StoredProps): JSX.Element {
  const items = talk.items.value;
  const groups = useMemo(() => rowsOf(items), [items]);
  const last = talk.settled.value ? items.at(-1) : undefined;
  const many = useMany(groups.map((group) => group.key));
  return (
    <>
      {groups.map((group) => {
        const holdsLast = group.rows.some((row) => row.item === last);
        const wanted = goto !== null && group.rows.some((row) => row.item.id === goto || (row.item.kind === "turn" && row.item.entryIds.includes(goto)));
        return (
          <Stretch key={group.key} kept={holdsLast || wanted} guess={many.has(group.key) ? group.rows.length * ROW_PX : null}>
            {() => group.rows.map((row) => <Line key={row.item.id} row={row} talk={talk} last={row.item === last} onSay={onSay} onWhole={onWhole} />)}
          </Stretch>
        );
      })}
    </>
  );
}

/** How far from the eye messages stay on the page, in heights of the window. */
const NEAR = "150% 0px";

/** A message is about so high before anybody saw it. */
const ROW_PX = 110;
/** Groups that come at once and are all drawn: two pages of a reader who scrolls. */
const MANY = 6;

/** Groups that came in a crowd, on the way back to an old message: they are not drawn before they come near the eye. */
function useMany(keys: readonly string[]): ReadonlySet<string> {
  const known = useRef<{ keys: Set<string>; many: Set<string> }>({ keys: new Set(), many: new Set() });
  const { keys: seen, many } = known.current;
  const fresh = keys.filter((key) => !seen.has(key));
  for (const key of fresh) {
    seen.add(key);
    if (fresh.length > MANY) many.add(key);
  }
  return many;
}

/** Some messages in a row. Far out of sight only their height is left of them; `guess` until it was measured. */
function Stretch({ kept, guess, children }: { kept: boolean; guess: number | null; children: () => JSX.Element[] }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState<number | null>(guess);
  useEffect(() => {
    const node = box.current;
    if (!node || typeof IntersectionObserver === "undefined") return;
    const watch = new IntersectionObserver(
      (seen) => {
        const near = seen.at(-1)!.isIntersecting;
        // A field or a selection inside of it keeps it.
        const used = node.contains(document.activeElement) || node.contains(getSelection()?.anchorNode ?? null);
        setHeight((before) => (near || used ? null : (before ?? node.getBoundingClientRect().height)));
      },
      { root: node.closest(".messages"), rootMargin: NEAR },
    );
    watch.observe(node);
    return () => watch.disconnect();
  }, []);
  const away = height !== null && !kept;
  return (
    <div class="stretch" ref={box} style={away ? { blockSize: `${height}px` } : undefined}>
      {away ? null : children()}
    </div>
  );
}

function Line({ row, talk, last, onSay, onWhole }: { row: Row; talk: Conversation; last: boolean } & Omit<StoredProps, "goto">): JSX.Element {
  const { item, day, asked } = row;
  return (
    <>
      {day && <p class="day">{dayName(item.at)}</p>}
      {item.kind === "user" ? <UserMessage item={item} sessionKey={talk.key} /> : (
        <Turn item={item} askedAt={asked?.at} actions={{ sessionKey: talk.key, whole: onWhole, ...offers(item, asked?.text, last, onSay) }} />
      )}
    </>
  );
}

/** What is offered below the last answer. */
export function offers(item: Pick<TurnItem, "segments">, asked: string | undefined, last: boolean, onSay: (text: string) => void) {
  if (!last) return {};
  return {
    again: asked ? () => onSay(asked) : undefined,
    undo: undoable(item.segments) ? () => onSay(t("chat.undoWords")) : undefined,
  };
}

function dayName(ms: number): string {
  const day = (time: number): number => new Date(time).setHours(0, 0, 0, 0);
  const ago = Math.round((day(Date.now()) - day(ms)) / 86_400_000);
  if (ago > 1) return format.date(ms);
  const word = new Intl.RelativeTimeFormat(locale.value, { numeric: "auto" }).format(-ago, "day");
  return word.charAt(0).toUpperCase() + word.slice(1);
}
