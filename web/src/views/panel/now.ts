import { useEffect, useState } from "preact/hooks";

/** The time, again every `everyMs` while the page is seen. */
export function useNow(everyMs = 1_000, running = true): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    setNow(Date.now());
    const timer = setInterval(() => document.hidden || setNow(Date.now()), everyMs);
    const seen = (): void => setNow(Date.now());
    document.addEventListener("visibilitychange", seen);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [everyMs, running]);
  return now;
}
