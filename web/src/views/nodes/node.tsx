import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { format, t } from "../../app/i18n";
import { go } from "../../app/router";
import { gateway, newId } from "../../gateway";
import { Badge, Button, Card, CodeBlock, Dialog, EmptyState, Field, Icon, Notice, Select, confirm } from "../../ui";
import { act, fingerprint, why } from "../panel";
import { TRIABLE, answerText, readParams, topic, topics, weighty } from "./model";
import type { Node } from "./model";
import { nameOf, seenText } from "./names";
import { Offered, Surface } from "./surface";

/** One node: how it is, what it offers, and a few of its commands to try. */
export function NodePage({ node, reload }: { node: Node; reload: () => void }): JSX.Element {
  const [renaming, setRenaming] = useState(false);
  const manages = gateway.can("operator.pairing");
  return (
    <>
      {node.pendingRequestId && <Surface node={node} reload={reload} />}
      <Card title={t("nodes.about")} icon="node" actions={node.connected ? <Badge tone="good" dot>{t("nodes.here")}</Badge> : <Badge>{t("nodes.away")}</Badge>}>
        <dl class="facts">
          <div><dt>{t("nodes.system")}</dt><dd>{[node.platform, node.version].filter(Boolean).join(" ")}</dd></div>
          {node.remoteIp && <div><dt>{t("nodes.address")}</dt><dd>{node.remoteIp}</dd></div>}
          {!node.connected && <div><dt>{t("nodes.last")}</dt><dd>{seenText(node)}</dd></div>}
          {node.approvedAtMs && <div><dt>{t("nodes.since")}</dt><dd>{format.dateTime(node.approvedAtMs)}</dd></div>}
          <div><dt>{t("nodes.key")}</dt><dd class="mono small">{fingerprint(node.nodeId)}</dd></div>
        </dl>
        {manages && (
          <div class="cluster">
            <Button icon="edit" onClick={() => setRenaming(true)}>{t("nodes.rename")}</Button>
            <Button kind="danger" icon="trash" onClick={() => void remove(node)}>{t("nodes.remove")}</Button>
          </div>
        )}
      </Card>
      <Card title={t("nodes.offers")} icon="tool">
        {node.commands.length ? <Offered groups={topics(node.commands)} /> : <EmptyState icon="tool" title={t("nodes.offersNothing")}>{t("nodes.offersNothingText")}</EmptyState>}
      </Card>
      {gateway.can("operator.write") && node.connected && <Try node={node} />}
      {renaming && <Rename node={node} reload={reload} onClose={() => setRenaming(false)} />}
    </>
  );
}

/** Commands that do no harm, to see that the node is really there; and, for owners, all others by hand. */
function Try({ node }: { node: Node }): JSX.Element | null {
  const [busy, setBusy] = useState<string | null>(null);
  const [answer, setAnswer] = useState<{ command: string; text: string; failed: boolean } | null>(null);
  const commands = TRIABLE.filter((command) => node.commands.includes(command));
  if (!node.commands.length || !gateway.has("node.invoke")) return null;
  const run = async (command: string, params: unknown): Promise<void> => {
    setBusy(command);
    try {
      const told = await gateway.call<{ payload?: unknown; payloadJSON?: string | null }>("node.invoke", { nodeId: node.nodeId, command, params, timeoutMs: 30_000, idempotencyKey: newId() }, { timeoutMs: 35_000 });
      setAnswer({ command, text: answerText(told), failed: false });
    } catch (error) {
      setAnswer({ command, text: why(error), failed: true });
    }
    setBusy(null);
  };
  const sample = (command: string): unknown => (command === "system.notify" ? { title: "Homarus", body: t("nodes.hello") } : {});
  return (
    <Card title={t("nodes.try")} icon="play">
      {commands.length > 0 && <div class="cluster">{commands.map((command) => <Button key={command} busy={busy === command} disabled={busy !== null} onClick={() => void run(command, sample(command))}>{t(`nodes.try_${command.replace(".", "_")}`)}</Button>)}</div>}
      {gateway.can("operator.admin") && <AnyCommand node={node} busy={busy !== null} run={run} />}
      <div role="status">{busy !== null && <p class="muted small">{t("nodes.asked")}</p>}{busy === null && answer && (answer.failed ? <Notice tone="bad" title={answer.command}>{answer.text}</Notice> : <CodeBlock label={answer.command}>{answer.text}</CodeBlock>)}</div>
    </Card>
  );
}

/** A command of the node with parameters of one's own; what weighs is asked once more. */
function AnyCommand({ node, busy, run }: { node: Node; busy: boolean; run: (command: string, params: unknown) => Promise<void> }): JSX.Element {
  const all = [...node.commands].sort();
  const [command, setCommand] = useState(all[0] ?? "");
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState(false);
  const go = async (): Promise<void> => {
    const params = readParams(text);
    setWrong(params === undefined);
    if (params === undefined) return;
    if (weighty(topic(command)) && !(await confirm({ title: t("nodes.runAsk", { command, name: nameOf(node) }), text: t("nodes.runText"), yes: t("nodes.run"), danger: true }))) return;
    await run(command, params);
  };
  return (
    <details class="fold">
      <summary><span>{t("nodes.invoke")}</span><Icon name="chevronDown" size={18} /></summary>
      <div class="stack">
        <Select label={t("nodes.command")} value={command} options={all.map((value) => ({ value, label: value }))} onChange={setCommand} />
        <Field label={t("nodes.params")} mono rows={3} placeholder="{}" value={text} onInput={setText} error={wrong ? t("nodes.paramsWrong", { braces: '{"name": "value"}' }) : undefined} />
        <div><Button icon="play" busy={busy} onClick={() => void go()}>{t("nodes.run")}</Button></div>
      </div>
    </details>
  );
}

function Rename({ node, reload, onClose }: { node: Node; reload: () => void; onClose: () => void }): JSX.Element {
  const [name, setName] = useState(nameOf(node));
  const save = async (): Promise<void> => {
    if (!name.trim()) return;
    if (!(await act(() => gateway.call("node.rename", { nodeId: node.nodeId, displayName: name.trim() }), t("nodes.renamed")))) return;
    reload();
    onClose();
  };
  return (
    <Dialog open title={t("nodes.rename")} onClose={onClose} actions={<Button kind="primary" disabled={!name.trim()} onClick={() => void save()}>{t("ui.save")}</Button>}>
      <Field label={t("nodes.name")} value={name} onInput={(text) => setName(text.slice(0, 64))} autofocus onEnter={() => void save()} />
    </Dialog>
  );
}

async function remove(node: Node): Promise<void> {
  const name = nameOf(node);
  if (!(await confirm({ title: t("nodes.removeAsk", { name }), text: t("nodes.removeText"), yes: t("nodes.remove"), danger: true }))) return;
  if (await act(() => gateway.call("node.pair.remove", { nodeId: node.nodeId }), t("nodes.removed", { name }))) go("/nodes");
}
