import type { JSX } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../../../app/i18n";
import { draftFiles, drafts, gateway } from "../../../gateway";
import { Button, Icon, Menu } from "../../../ui";
import { commands } from "../context";
import { MAX_COUNT, read } from "../model/attachments";
import { completions } from "../model/commands";
import type { CommandEntry } from "../model/commands";
import type { Attached } from "../model/seams";
import type { QueueMode } from "../model/wire";
import { Attachments } from "./attachments";
import { Completion } from "./completion";

export interface ComposerProps {
  place: string;
  busy: boolean;
  onSend: (text: string, attachments: readonly Attached[], mode?: QueueMode) => boolean;
  onStop: () => void;
  /** The last thing this person said here, for the key "up". */
  lastSaid: () => string;
  /** A message that was taken back, to be changed. */
  given: Given;
}

export interface Given {
  text: string;
  attachments: readonly Attached[];
  /** Counts up with each one. */
  count: number;
}

// A keyboard that is drawn on the glass has no comfortable Shift-Enter: there Enter makes a new line.
const drawnKeyboard = (): boolean => matchMedia("(hover: none) and (pointer: coarse)").matches;

/** Where one types. What is typed is kept by conversation until it is sent. */
export function Composer({ place, busy, onSend, onStop, lastSaid, given }: ComposerProps): JSX.Element {
  const [text, setText] = useState(() => drafts.get(place));
  const [files, setFiles] = useDraftFiles(place);
  const [chosen, setChosen] = useState(0);
  const [refused, setRefused] = useState("");
  const [dismissed, setDismissed] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const listId = useId();
  const found = text === dismissed ? [] : completions(text, commands.value);

  const change = (next: string): void => {
    setText(next);
    setChosen(0);
    drafts.set(place, next);
  };

  useEffect(() => {
    if (!given.count) return;
    // What is being typed meanwhile stays.
    const both = [given.text, text].filter(Boolean).join("\n");
    change(both);
    if (given.attachments.length) setFiles([...given.attachments, ...files].slice(0, MAX_COUNT));
    focusEnd(field.current, both);
  }, [given.count]);

  useEffect(() => {
    if (!drawnKeyboard()) field.current?.focus({ preventScroll: true });
  }, []);

  useLayoutEffect(() => grow(field.current), [text]);

  const add = async (list: Iterable<File>): Promise<void> => {
    const limits = gateway.hello.peek()?.policy.attachments ?? { maxBytes: 19_464_192 };
    let there = files;
    setRefused("");
    for (const file of list) {
      const made = await read(file, there, limits);
      if (typeof made === "string") setRefused(t(`chat.refused.${made}`, { name: file.name || t("chat.image") }));
      else setFiles((there = [...there, made]));
    }
  };

  const send = (mode?: QueueMode): void => {
    const words = text.trim();
    if (!words && !files.length) return;
    if (!onSend(words, files, mode)) return setRefused(t("chat.outboxFull"));
    setRefused("");
    change("");
    setFiles([]);
    field.current?.focus({ preventScroll: true });
  };

  const complete = (command: CommandEntry): void => {
    if (command.acceptsArgs) {
      const next = `/${command.name} `;
      change(next);
      focusEnd(field.current, next);
    } else {
      change("");
      onSend(`/${command.name}`, []);
    }
  };

  const keys = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (found.length && completionKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey && (event.ctrlKey || event.metaKey || !drawnKeyboard())) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && busy) {
      event.preventDefault();
      onStop();
    } else if (event.key === "ArrowUp" && !text && !event.shiftKey) {
      const said = lastSaid();
      if (!said) return;
      event.preventDefault();
      change(said);
      focusEnd(field.current, said);
    }
  };

  const completionKey = (event: KeyboardEvent): boolean => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) setChosen((chosen + step + found.length) % found.length);
    else if (event.key === "Enter" || event.key === "Tab") complete(found[chosen] ?? found[0]!);
    else if (event.key === "Escape") setDismissed(text);
    else return false;
    event.preventDefault();
    return true;
  };

  const pasted = (event: ClipboardEvent): void => {
    const pictures = [...(event.clipboardData?.files ?? [])];
    if (!pictures.length) return;
    event.preventDefault();
    void add(pictures);
  };

  const full = text.trim() !== "" || files.length > 0;
  const expanded = found.length > 0;
  return (
    <DropZone onFiles={(list) => void add(list)}>
      {expanded && <Completion id={listId} found={found} chosen={chosen} onPick={complete} />}
      <form class="composer" onSubmit={(event) => { event.preventDefault(); send(); }}>
        <Attachments files={files} onRemove={(index) => setFiles(files.filter((_, at) => at !== index))} />
        {refused && <p class="composer-refused" role="alert"><Icon name="alert" size={16} />{refused}</p>}
        <div class="composer-line">
          <FileButton onFiles={(list) => void add(list)} />
          <textarea
            ref={field}
            rows={1}
            dir="auto"
            value={text}
            placeholder={t("chat.placeholder")}
            aria-label={t("chat.message")}
            aria-autocomplete="list"
            aria-controls={expanded ? listId : undefined}
            aria-activedescendant={expanded ? `${listId}-${chosen}` : undefined}
            enterkeyhint={drawnKeyboard() ? "enter" : "send"}
            onInput={(event) => change(event.currentTarget.value)}
            onKeyDown={keys}
            onPaste={pasted}
          />
          {busy && full && <ModeMenu onSend={send} onStop={onStop} />}
          {busy && !full ? (
            <Button class="composer-act stop" kind="plain" icon="stop" label={t("chat.stop")} onClick={onStop} />
          ) : (
            <Button class="composer-act" kind="primary" icon="send" type="submit" label={t(busy ? "chat.sendQueued" : "chat.send")} disabled={!full} />
          )}
        </div>
      </form>
    </DropZone>
  );
}

/** The files of a message that is not sent yet, kept like its text. */
function useDraftFiles(place: string): [readonly Attached[], (files: readonly Attached[]) => void] {
  const [files, setFiles] = useState<readonly Attached[]>([]);
  const touched = useRef(false);
  useEffect(() => {
    let here = true;
    void draftFiles.get<Attached>(place).then((left) => here && !touched.current && left.length && setFiles(left));
    return () => void (here = false);
  }, [place]);
  const change = (next: readonly Attached[]): void => {
    touched.current = true;
    setFiles(next);
    void draftFiles.set(place, next);
  };
  return [files, change];
}

/** While an answer is made: what the next message does to it. */
function ModeMenu({ onSend, onStop }: { onSend: (mode: QueueMode) => void; onStop: () => void }): JSX.Element {
  return (
    <Menu
      label={t("chat.modes")}
      items={[
        { label: t("chat.mode.followup"), icon: "clock", run: () => onSend("followup") },
        { label: t("chat.mode.steer"), icon: "edit", run: () => onSend("steer") },
        { label: t("chat.mode.interrupt"), icon: "send", run: () => onSend("interrupt") },
        { label: t("chat.stop"), icon: "stop", run: onStop },
      ]}
    />
  );
}

function FileButton({ onFiles }: { onFiles: (files: File[]) => void }): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button class="composer-act" kind="quiet" icon="paperclip" label={t("chat.attach")} onClick={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        accept="image/png,image/jpeg,image/gif,image/webp,image/heic,text/*,.md,.json,.yaml,.yml,.csv,.log,.toml"
        onChange={(event) => {
          // The list empties itself with the field.
          if (event.currentTarget.files?.length) onFiles([...event.currentTarget.files]);
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

/** Takes files that are dropped anywhere on the page. */
function DropZone({ onFiles, children }: { onFiles: (files: File[]) => void; children: JSX.Element | (JSX.Element | false)[] }): JSX.Element {
  const [over, setOver] = useState(false);
  const latest = useRef(onFiles);
  latest.current = onFiles;
  useEffect(() => {
    const holds = (event: DragEvent): boolean => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const drag = (event: DragEvent): void => {
      if (!holds(event)) return;
      event.preventDefault();
      setOver(event.type === "dragover");
      if (event.type === "drop" && event.dataTransfer?.files.length) latest.current([...event.dataTransfer.files]);
    };
    const leave = (event: DragEvent): void => void (event.relatedTarget === null && setOver(false));
    addEventListener("dragover", drag);
    addEventListener("drop", drag);
    addEventListener("dragleave", leave);
    return () => {
      removeEventListener("dragover", drag);
      removeEventListener("drop", drag);
      removeEventListener("dragleave", leave);
    };
  }, []);
  return (
    <div class="composer-zone">
      {children}
      {over && <div class="drop-here" aria-hidden="true">{t("chat.drop")}</div>}
    </div>
  );
}

function grow(field: HTMLTextAreaElement | null): void {
  if (!field || CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

function focusEnd(field: HTMLTextAreaElement | null, text: string): void {
  // The value is on the page only after the next paint.
  requestAnimationFrame(() => {
    field?.focus();
    field?.setSelectionRange(text.length, text.length);
  });
}
