import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Badge, Button, Card, Notice } from "../../ui";
import { act } from "../panel";
import { topics, wanted, weighty } from "./model";
import type { Node } from "./model";
import { nameOf } from "./names";

/** A node asks to offer something: what, in plain words, and the decision. */
export function Surface({ node, reload }: { node: Node; reload: () => void }): JSX.Element {
  const [busy, setBusy] = useState<"approve" | "reject" | null>(null);
  const name = nameOf(node);
  const asked = topics(wanted(node).length ? wanted(node) : (node.pendingDeclaredCommands ?? []));
  const heavy = asked.some((group) => weighty(group.topic));
  const may = gateway.can("operator.pairing") && gateway.can("operator.write");
  const decide = async (what: "approve" | "reject"): Promise<void> => {
    setBusy(what);
    await act(() => gateway.call(`node.pair.${what}`, { requestId: node.pendingRequestId }), t(what === "approve" ? "nodes.approved" : "nodes.rejected", { name }));
    setBusy(null);
    reload();
  };
  return (
    <Card tone="accent" icon="node" title={t(node.paired ? "nodes.wantsMore" : "nodes.wants", { name })}>
      <Offered groups={asked} />
      {heavy && <Notice tone="warn">{t("nodes.heavy")}</Notice>}
      {may ? (
        <div class="cluster">
          <Button kind="primary" icon="check" busy={busy === "approve"} disabled={busy !== null} onClick={() => void decide("approve")}>{t("nodes.approve")}</Button>
          <Button busy={busy === "reject"} disabled={busy !== null} onClick={() => void decide("reject")}>{t("nodes.reject")}</Button>
        </div>
      ) : (
        <p class="small">{t("panel.notAllowed")}</p>
      )}
      {gateway.can("operator.admin") && <p class="small"><a href="/config/gateway?o=gateway.nodes.commands.deny">{t("nodes.never")}</a></p>}
    </Card>
  );
}

/** Commands by what they are about. */
export function Offered({ groups }: { groups: ReturnType<typeof topics> }): JSX.Element {
  return (
    <ul class="stack offered">
      {groups.map((group) => (
        <li key={group.topic}>
          <strong>{t(`nodes.topic_${group.topic}`)}</strong>
          <div class="cluster">{group.commands.map((command) => <Badge key={command}><span class="mono">{command}</span></Badge>)}</div>
        </li>
      ))}
    </ul>
  );
}
