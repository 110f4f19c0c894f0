import { GatewayError } from "../../gateway";
import { t } from "../../app/i18n";
import { toast } from "../../ui";

/**
 * Do something on the box. When it works, say `done`, if given, and return the answer; when it does not, say why and
 * return undefined. Never throws.
 */
export async function act<T>(work: () => Promise<T>, done?: string): Promise<T | undefined> {
  try {
    const answer = await work();
    if (done) toast(done, "good");
    return answer;
  } catch (error) {
    toast(why(error), "bad");
    return undefined;
  }
}

/** What went wrong, for people. */
export function why(error: unknown): string {
  if (!(error instanceof GatewayError)) return error instanceof Error ? error.message : String(error);
  if (error.code === "NOT_CONNECTED" || error.code === "CONNECTION_LOST" || error.code === "TIMEOUT") return t("panel.away");
  if (error.code === "MISSING_SCOPE") return t("panel.notAllowed");
  return error.message;
}
