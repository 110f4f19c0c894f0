import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { gateway, GatewayError } from "../gateway";

export interface Async<T> {
  value: T | undefined;
  error: GatewayError | undefined;
  loading: boolean;
  reload: () => void;
}

/**
 * Read something for a view: at first, when `deps` change, when the connection comes back, and on each of `events`. What
 * was read stays while it is read again; an answer that comes too late is dropped.
 */
export function useAsync<T>(read: (signal: AbortSignal) => Promise<T>, deps: readonly unknown[], events: readonly string[] = []): Async<T> {
  const [state, setState] = useState<Omit<Async<T>, "reload">>({ value: undefined, error: undefined, loading: true });
  const latest = useRef(read);
  latest.current = read;
  const running = useRef<AbortController | undefined>(undefined);
  const reload = useCallback(() => {
    running.current?.abort();
    const control = (running.current = new AbortController());
    setState((before) => ({ ...before, loading: true }));
    latest.current(control.signal).then(
      (value) => !control.signal.aborted && setState({ value, error: undefined, loading: false }),
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
