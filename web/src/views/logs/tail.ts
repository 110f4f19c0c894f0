import { useEffect, useRef, useState } from "preact/hooks";
import { gateway } from "../../gateway";
import { parse } from "./model";
import type { Line } from "./model";

interface Tail {
  file: string;
  cursor: number;
  lines: string[];
  truncated?: boolean;
  reset?: boolean;
  skippedBytes?: number;
}

const LOOK_MS = 1_500;
const KEPT = 2_000;

/** The last lines of the log, and while `following` those that come. At most 2000 are kept. */
export function useTail(following: boolean): { lines: readonly Line[] | undefined; error: unknown; file: string | undefined; skipped: boolean } {
  const [lines, setLines] = useState<readonly Line[] | undefined>(undefined);
  const [error, setError] = useState<unknown>(undefined);
  const [skipped, setSkipped] = useState(false);
  const [file, setFile] = useState<string | undefined>(undefined);
  const cursor = useRef<number | undefined>(undefined);
  const count = useRef(0);
  useEffect(() => {
    if (!following && cursor.current !== undefined) return;
    const control = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      if (!document.hidden && (gateway.status.peek() === "open" || cursor.current === undefined)) {
        try {
          const tail = await gateway.call<Tail>("logs.tail", cursor.current === undefined ? { limit: 500 } : { cursor: cursor.current, limit: 1_000 }, { signal: control.signal });
          cursor.current = tail.cursor;
          setFile(tail.file);
          setError(undefined);
          if (tail.skippedBytes) setSkipped(true);
          const fresh = tail.lines.map((text) => parse(text, count.current++));
          if (fresh.length || lines === undefined) setLines((before) => [...(tail.reset ? [] : (before ?? [])), ...fresh].slice(-KEPT));
        } catch (problem) {
          if (control.signal.aborted) return;
          setError(problem);
        }
      }
      if (following && !control.signal.aborted) timer = setTimeout(() => void look(), LOOK_MS);
    };
    void look();
    return () => {
      control.abort();
      clearTimeout(timer);
    };
  }, [following]);
  return { lines, error, file, skipped };
}
