import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { gateway, GatewayError } from "../gateway";

export interface Async<T> {
  value: T | undefined;
  error: GatewayError | undefined;
  loading: boolean;
  reload: () => void;
}

/** What places showed last, by their names: a page that is opened again has it at once, also while the box is away. */
const shown = new Map<string, unknown>();
const MAX_SHOWN = 40;

/** Whether a place has something to show before it is read. */
export const wasShown = (name: string): boolean => shown.has(name);

function keep(name: string, value: unknown): void {
  shown.delete(name);
  shown.set(name, value);
  if (shown.size > MAX_SHOWN) shown.delete(shown.keys().next().value!);
}

/**
 * Read something for a view: at first, when `deps` change, when the connection comes back, and on each of `events`. What
 * was read stays while it is read again; an answer that comes too late is dropped. With a `name`, unlike that of any other
 * place, it begins with what it showed the last time.
 */
export function useAsync<T>(
  read: (signal: AbortSignal) => Promise<T>,
  deps: readonly unknown[],
  events: readonly string[] = [],
  name?: string,
): Async<T> {
  const [state, setState] = useState<Omit<Async<T>, "reload">>(() => ({
    value: name === undefined ? undefined : (shown.get(name) as T | undefined),
    error: undefined,
    loading: true,
  }));
  const latest = useRef(read);
  latest.current = read;
  const latestName = useRef(name);
  latestName.current = name;
  const running = useRef<AbortController | undefined>(undefined);
  const reload = useCallback(() => {
    running.current?.abort();
    const control = (running.current = new AbortController());
    setState((before) => ({ ...before, loading: true }));
    latest.current(control.signal).then(
      (value) => {
        if (control.signal.aborted) return;
        if (latestName.current !== undefined) keep(latestName.current, value);
        setState({ value, error: undefined, loading: false });
      },
      (error: unknown) => {
        if (control.signal.aborted) return;
        const known = error instanceof GatewayError ? error : new GatewayError({ code: "FAILED", message: String(error) });
        setState((before) => ({ ...before, error: known, loading: false }));
      },
    );
  }, []);
  useEffect(() => {
    reload();
    return () => running.current?.abort();
  }, [...deps]);
  const names = events.join(" ");
  useEffect(() => {
    const stops = ["open", "gap", ...(names ? names.split(" ") : [])].map((name) => gateway.on(name, reload));
    return () => stops.forEach((stop) => stop());
  }, [names]);
  return { ...state, reload };
}
