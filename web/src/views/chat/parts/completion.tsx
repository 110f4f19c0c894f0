import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../../../app/i18n";
import type { CommandEntry } from "../model/commands";

/** The commands that fit what is typed; the field keeps the focus. */
export function Completion({ id, found, chosen, onPick }: {
  id: string;
  found: readonly CommandEntry[];
  chosen: number;
  onPick: (command: CommandEntry) => void;
}): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.children[chosen]?.scrollIntoView({ block: "nearest" }), [chosen]);
  return (
    <ul class="completion" role="listbox" tabIndex={0} ref={list} id={id} aria-label={t("chat.commands")}>
      {found.map((command, index) => (
        <li
          key={command.name}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === chosen}
          onPointerDown={(event) => { event.preventDefault(); onPick(command); }}
        >
          <span class="mono">/{command.name}{command.args?.[0] && <i> {command.args[0].description || command.args[0].name}</i>}</span>
          <span class="muted small">{describe(command)}</span>
        </li>
      ))}
    </ul>
  );
}

/** The words of this app for the commands that every box has, else those of the box. */
function describe(command: CommandEntry): string {
  const known = t(`chat.command.${command.name}`);
  return known === `chat.command.${command.name}` ? command.description : known;
}
