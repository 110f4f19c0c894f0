import type { JSX } from "preact";
import { format, t } from "../../../app/i18n";
import { Button, Icon } from "../../../ui";
import type { Attached } from "../model/seams";

/** What goes along with the message, before it is sent. */
export function Attachments({ files, onRemove }: { files: readonly Attached[]; onRemove: (index: number) => void }): JSX.Element | null {
  if (!files.length) return null;
  return (
    <ul class="attachments" aria-label={t("chat.attachments")}>
      {files.map((file, index) => (
        <li key={`${file.name}:${index}`} class={file.mimeType.startsWith("image/") ? "picture" : "text"}>
          {file.mimeType.startsWith("image/") ? (
            <img src={`data:${file.mimeType};base64,${file.content}`} alt={file.name} title={`${file.name} · ${format.bytes(file.size)}`} />
          ) : (
            <span class="attachment-name"><Icon name="log" size={18} /><span>{file.name}<small>{format.bytes(file.size)}</small></span></span>
          )}
          <Button small icon="close" label={t("chat.removeFile", { name: file.name })} onClick={() => onRemove(index)} />
        </li>
      ))}
    </ul>
  );
}
