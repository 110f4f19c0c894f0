import type { JSX } from "preact";
import "../../words/nodes";
import { t } from "../../app/i18n";
import { route } from "../../app/router";
import { gateway } from "../../gateway";
import { Badge, Button, Card, EmptyState, List, Page, Row, useAsync } from "../../ui";
import { Gate, Loaded } from "../panel";
import { NodePage } from "./node";
import { Surface } from "./surface";
import { seenText, nameOf } from "./names";
import type { Node } from "./model";

const EVENTS = ["node.presence", "node.pair.requested", "node.pair.resolved", "device.pair.changed"];

/** Computers and phones that lend the assistant their abilities. */
export default function View(): JSX.Element {
  const id = route.value.params["id"];
  return id ? <One id={id} /> : <All />;
}

const readNodes = (signal: AbortSignal): Promise<{ nodes: Node[] }> => gateway.call("node.list", {}, { signal });

function All(): JSX.Element {
  const read = useAsync(readNodes, [], EVENTS);
  return (
    <Page title={t("views.nodes")} lead={t("nodes.lead")}>
      <Gate method="node.list">
        <Loaded from={read}>
          {({ nodes }) => nodes.length ? (
            <>
              {nodes.filter((node) => node.pendingRequestId).map((node) => <Surface key={node.nodeId} node={node} reload={read.reload} />)}
              <Card>
                <List label={t("views.nodes")}>
                  {nodes.map((node) => (
                    <Row key={node.nodeId} icon="node" href={`/nodes/${encodeURIComponent(node.nodeId)}`} title={nameOf(node)}
                      detail={[node.platform, t("nodes.abilities", { count: node.commands.length }), seenText(node)].filter(Boolean).join(" · ")}
                      end={node.pendingRequestId ? <Badge tone="accent">{t("nodes.asks")}</Badge> : node.connected && <Badge tone="good" dot>{t("nodes.here")}</Badge>} />
                  ))}
                </List>
              </Card>
            </>
          ) : (
            <Card>
              <EmptyState icon="node" title={t("nodes.none")} action={gateway.can("operator.admin") && <Button href="/devices" icon="plus">{t("nodes.add")}</Button>}>{t("nodes.noneText")}</EmptyState>
            </Card>
          )}
        </Loaded>
      </Gate>
    </Page>
  );
}

function One({ id }: { id: string }): JSX.Element {
  const read = useAsync(readNodes, [id], EVENTS);
  const node = read.value?.nodes.find((one) => one.nodeId === id);
  return (
    <Page title={node ? nameOf(node) : t("views.nodes")} back="/nodes">
      <Loaded from={read}>
        {() => node ? <NodePage node={node} reload={read.reload} /> : <EmptyState icon="node" title={t("nodes.gone")}>{t("nodes.goneText")}</EmptyState>}
      </Loaded>
    </Page>
  );
}
