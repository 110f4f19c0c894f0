import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { setting } from "../gateway/storage";

const NAME = "heights";
const MAX_NAMES = 60;
/** A window of another width breaks lines elsewhere: its heights say nothing. */
const SAME_WIDTH_PX = 24;

type Heights = Record<string, [width: number, height: number]>;

function heights(): Heights {
  try {
    return JSON.parse(setting.get(NAME) ?? "{}") as Heights;
  } catch {
    return {};
  }
}

/** How high the place was the last time, in a window as wide as this one. */
export function remembered(name: string, width: number): number | undefined {
  const [then, height] = heights()[name] ?? [];
  return then !== undefined && Math.abs(then - width) < SAME_WIDTH_PX ? height : undefined;
}

export function remember(name: string, width: number, height: number): void {
  const { [name]: _, ...others } = heights();
  const kept = Object.entries(others).slice(-(MAX_NAMES - 1));
  setting.set(NAME, JSON.stringify({ ...Object.fromEntries(kept), [name]: [width, height] }));
}

/**
 * Keeps the place of what is still being read as high as it was the last time, so that nothing below it moves when it
 * comes. `name` is unlike that of any other place.
 */
export function Steady({ name, ready, children }: { name: string; ready: boolean; children: ComponentChildren }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const node = box.current;
    if (!ready || !node) return;
    let last = 0;
    const watch = new ResizeObserver(() => {
      const height = Math.round(node.getBoundingClientRect().height);
      if (height && height !== last) remember(name, innerWidth, (last = height));
    });
    watch.observe(node);
    return () => watch.disconnect();
  }, [name, ready]);
  const height = ready ? undefined : remembered(name, innerWidth);
  const unknown = !ready && !height;
  return <div class={unknown ? "steady unknown" : "steady"} ref={box} style={height ? { minBlockSize: `${height}px` } : undefined}>{children}</div>;
}
