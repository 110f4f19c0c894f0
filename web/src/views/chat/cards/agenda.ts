import { signal } from "@preact/signals";
import { gateway } from "../../../gateway";

/** Timers, alarms and reminders as the box has them (`homarus.agenda.list`), so that a card in an old answer tells the truth of now. */

export interface Due {
  id: string;
  kind: "timer" | "alarm" | "reminder";
  dueMs: number;
  text?: string;
  durationS?: number;
  repeat?: string;
}

/** Null until the box has said what is pending; then by id. */
export const pending = signal<ReadonlyMap<string, Due> | null>(null);

const LIST = "homarus.agenda.list";
const CANCEL = "homarus.agenda.cancel";
let users = 0;
let stops: (() => void)[] = [];

/** Follow what is pending as long as a card is shown. */
export function followAgenda(): () => void {
  if (users++ === 0) {
    stops = [gateway.onOpen(() => void read()), gateway.on("homarus.agenda.changed", () => void read())];
  }
  return () => {
    if (--users > 0) return;
    for (const stop of stops.splice(0)) stop();
  };
}

/** How far the clock of the box is ahead of the one of this device, in milliseconds: what is left counts by the box. */
export const ahead = signal(0);

/** Read again, as something of it was set a moment ago. */
export async function read(): Promise<void> {
  if (!gateway.has(LIST)) return;
  try {
    const { rows, nowMs } = await gateway.call<{ rows: Due[]; nowMs: number }>(LIST, {});
    ahead.value = nowMs - Date.now();
    pending.value = new Map(rows.map((one) => [one.id, one]));
  } catch {
    pending.value = null; // the cards show what their answers said
  }
}

export const canCancel = (): boolean => gateway.has(CANCEL) && gateway.can("write");

export async function cancel(id: string): Promise<void> {
  await gateway.call(CANCEL, { ids: [id] });
  await read();
}
