import { format, t } from "../../app/i18n";
import type { Node } from "./model";

export const nameOf = (node: Node): string => node.displayName || t("nodes.unnamed");

/** When a node was here last; empty for one that is here now. */
export function seenText(node: Node): string {
  if (node.connected) return "";
  const last = node.lastSeenAtMs ?? node.lastConnectedAtMs;
  return last ? t("nodes.seen", { ago: format.ago(last) }) : t("nodes.neverSeen");
}
