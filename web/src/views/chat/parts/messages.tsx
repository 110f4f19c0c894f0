import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../../../app/i18n";
import { Button, Spinner } from "../../../ui";

const NEAR_PX = 80;
const FETCH_PX = 600;

/**
 * The list of messages: stays at the end while the reader is there, stays where it is when he reads above, and asks for
 * older ones before he reaches the first.
 */
export function Messages({ children, count, older, onOlder, busy, goto }: {
  children: ComponentChildren;
  /** Changes when a message is added at the end by this page: then the end is shown. */
  count: number;
  older: "none" | "some" | "loading";
  onOlder: () => void;
  busy: boolean;
  /** The entry that a search found: shown once. */
  goto: string | null;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const inside = useRef<HTMLDivElement>(null);
  const stuck = useRef(goto === null);
  const anchor = useRef<{ node: Element; top: number } | null>(null);
  const last = useRef(0);
  const [away, setAway] = useState(false);

  const end = (smooth = false): void => {
    const node = box.current;
    if (!node) return;
    stuck.current = true;
    setAway(false);
    node.scrollTo({ top: node.scrollHeight, behavior: smooth ? "smooth" : "auto" });
  };

  const scrolled = (): void => {
    const node = box.current!;
    const left = node.scrollHeight - node.scrollTop - node.clientHeight;
    // Only a reader moves up; what grows below him moves nothing, and must not count as if he had.
    if (left < NEAR_PX) stuck.current = true;
    else if (node.scrollTop < last.current - 1) stuck.current = false;
    last.current = node.scrollTop;
    setAway(!stuck.current && left > NEAR_PX * 3);
    if (older === "some" && node.scrollTop < FETCH_PX) onOlder();
    remember(node);
  };

  /** Remember what is seen at the top, so that it stays there when older messages come in above it. */
  const remember = (node: HTMLElement): void => {
    const top = node.getBoundingClientRect().top;
    const first = [...(inside.current?.querySelectorAll("article") ?? [])].find((one) => one.getBoundingClientRect().bottom > top + 8);
    anchor.current = first ? { node: first, top: first.getBoundingClientRect().top } : null;
  };

  useLayoutEffect(() => {
    const kept = anchor.current;
    if (stuck.current) return end();
    // Where the browser kept the place itself the difference is nothing.
    if (kept?.node.isConnected) box.current!.scrollTop += kept.node.getBoundingClientRect().top - kept.top;
    remember(box.current!);
  }, [older]);

  useLayoutEffect(() => end(), [count]);

  useEffect(() => {
    const watch = new ResizeObserver(() => stuck.current && box.current?.scrollTo({ top: box.current.scrollHeight }));
    watch.observe(inside.current!);
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);

  useEffect(() => {
    if (!goto) return;
    const node = inside.current?.querySelector<HTMLElement>(`[data-entry="${CSS.escape(goto)}"]`);
    if (!node) return;
    stuck.current = false;
    node.scrollIntoView({ block: "center" });
    node.classList.add("found");
    return hold(box.current!, inside.current!, node);
  }, [goto]);

  return (
    <div class="messages" ref={box} onScroll={scrolled} tabIndex={0} role="region" aria-label={t("chat.messages")}>
      <div class="messages-inside" ref={inside}>
        {older !== "none" && (
          <div class="older">{older === "loading" ? <Spinner label={t("ui.loading")} /> : <Button small kind="quiet" onClick={onOlder}>{t("chat.older")}</Button>}</div>
        )}
        {children}
      </div>
      {away && (
        <div class="to-end">
          <Button icon="arrowDown" label={t(busy ? "chat.toAnswer" : "chat.toEnd")} onClick={() => end(true)} class={busy ? "busy" : ""} />
        </div>
      )}
    </div>
  );
}

const HOLD_MS = 1_500;

/** Keep a message in the middle while what is around it is drawn, until the reader moves by himself. */
function hold(box: HTMLElement, inside: HTMLElement, node: HTMLElement): () => void {
  const watch = new ResizeObserver(() => node.scrollIntoView({ block: "center" }));
  const own = ["wheel", "touchstart", "keydown", "pointerdown"] as const;
  const stop = (): void => {
    clearTimeout(timer);
    watch.disconnect();
    for (const name of own) box.removeEventListener(name, stop);
  };
  const timer = setTimeout(stop, HOLD_MS);
  watch.observe(inside);
  for (const name of own) box.addEventListener(name, stop, { passive: true });
  return stop;
}
