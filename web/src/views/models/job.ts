import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { toast } from "../../ui";
import { act } from "../panel";
import { pace } from "./model";
import type { Job } from "./model";

/** The one job that runs, or ended last while this page was open. */
export interface Work {
  job: Job | null;
  speed: { rate: number; leftMs?: number } | undefined;
  running: boolean;
  pull: (source: string) => Promise<void>;
  probe: () => Promise<void>;
  cancel: () => Promise<void>;
  dismiss: () => void;
  /** What the last download was asked for, to go on with it. */
  source: string | null;
}

const LOOK_MS = 1_000;
const READINGS = 10;

/** Follow the job of the box, also one that somebody else began. `ended` is called when it is over. */
export function useJob(ended: () => void): Work {
  const [job, setJob] = useState<Job | null>(null);
  const [source, setSource] = useState<string | null>(null);
  const readings = useRef<{ at: number; bytes: number }[]>([]);
  const done = useRef(ended);
  done.current = ended;
  const running = job?.state === "running";

  useEffect(() => {
    // One that runs already is shown; there may be none.
    const find = (): void => void gateway.call<Job>("homarus.models.pullStatus", {}).then((found) => found.state === "running" && setJob(found), () => undefined);
    return gateway.onOpen(find);
  }, []);
  useEffect(() => {
    if (!running) return;
    let here = true;
    const timer = setInterval(() => {
      if (document.hidden || gateway.status.peek() !== "open") return;
      gateway.call<Job>("homarus.models.pullStatus", { jobId: job.jobId }).then((next) => {
        if (!here) return;
        if (next.phase === "download") readings.current = [...readings.current, { at: Date.now(), bytes: next.doneBytes }].slice(-READINGS);
        setJob(next);
        if (next.state !== "running") {
          done.current();
          if (next.state === "done") toast(t(`models.done_${next.phase}`, { file: next.file }), "good");
        }
      }, () => undefined); // The next look tries again.
    }, LOOK_MS);
    return () => {
      here = false;
      clearInterval(timer);
    };
  }, [running, job?.jobId]);

  const begin = useCallback(async (work: () => Promise<Job>) => {
    readings.current = [];
    const begun = await act(work);
    if (begun) setJob(begun);
  }, []);
  return {
    job,
    running,
    source,
    speed: job?.phase === "download" ? pace(readings.current, job.totalBytes) : undefined,
    pull: (wanted) => {
      setSource(wanted);
      return begin(() => gateway.call<Job>("homarus.models.pull", { source: wanted }));
    },
    probe: () => begin(() => gateway.call<Job>("homarus.models.probe", {})),
    cancel: async () => {
      if (!job) return;
      const stopped = await act(() => gateway.call<Job>("homarus.models.cancel", { jobId: job.jobId }));
      if (stopped) setJob(stopped);
    },
    dismiss: () => setJob(null),
  };
}
