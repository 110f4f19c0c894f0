import { gateway } from "../../gateway";

/** One step of the set-up as the box describes it (protocol-methods.md, WizardStep). */
export interface Step {
  id: string;
  type: "note" | "select" | "text" | "confirm" | "multiselect" | "progress" | "action";
  title?: string;
  message?: string;
  options?: { value: unknown; label: string; hint?: string }[];
  initialValue?: unknown;
  placeholder?: string;
  sensitive?: boolean;
  executor?: "gateway" | "client";
  externalUrl?: string;
  deviceCode?: { code: string; expiresInMinutes?: number; message?: string };
}

export interface Answer {
  done: boolean;
  step?: Step;
  status?: "running" | "done" | "cancelled" | "error";
  error?: string;
}

const KEPT = "homarus.wizard";

/** The conversation with the box about its set-up; survives a reload of the page. */
export const wizard = {
  get running(): string | null {
    return sessionStorage.getItem(KEPT);
  },

  async start(): Promise<Answer> {
    const answer = await gateway.call<Answer & { sessionId: string }>("wizard.start", { mode: "local", flow: "setup" }, { timeoutMs: 60_000 });
    sessionStorage.setItem(KEPT, answer.sessionId);
    return this.keep(answer);
  },

  /** Answer a step, or without one ask where the set-up stands. */
  async next(step?: Step, value?: unknown): Promise<Answer> {
    const params = { sessionId: this.running, ...(step ? { answer: { stepId: step.id, ...(value === undefined ? {} : { value }) } } : {}) };
    return this.keep(await gateway.call<Answer>("wizard.next", params, { timeoutMs: 120_000 }));
  },

  async cancel(): Promise<void> {
    const sessionId = this.running;
    sessionStorage.removeItem(KEPT);
    if (sessionId) await gateway.call("wizard.cancel", { sessionId }).catch(() => undefined); // It may be over already.
  },

  keep(answer: Answer): Answer {
    if (answer.done) sessionStorage.removeItem(KEPT);
    return answer;
  },
};
