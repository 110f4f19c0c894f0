import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../../../app/i18n";
import { gateway } from "../../../gateway";
import { Button, Dialog, Icon } from "../../../ui";
import type { ImagePart } from "../model/wire";

const pictures = new Map<string, string>();
const MAX_PICTURES = 40;

/** An image of the transcript: the box keeps its bytes, they are read when it is shown. */
export function Picture({ image, sessionKey, messageId }: { image: ImagePart; sessionKey: string; messageId: string }): JSX.Element {
  const name = image.sha256;
  const [source, setSource] = useState(name ? pictures.get(name) : undefined);
  // What was kept of the last visit is shown before the box has said what it can.
  const offered = gateway.has("homarus.chat.image");
  useEffect(() => {
    if (!name || source || !offered) return;
    let here = true;
    gateway
      .call<{ mimeType: string; content: string }>("homarus.chat.image", { sessionKey, messageId, sha256: name })
      .then(({ mimeType, content }) => {
        if (!/^image\/(png|jpeg|gif|webp)$/.test(mimeType)) return;
        const found = `data:${mimeType};base64,${content}`;
        if (pictures.size >= MAX_PICTURES) pictures.delete(pictures.keys().next().value!);
        pictures.set(name, found);
        if (here) setSource(found);
      })
      .catch(() => undefined); // the words that stand for it stay
    return () => void (here = false);
  }, [name, sessionKey, offered]);
  if (source) return <Photo source={source} />;
  return <span class="said-image-away"><Icon name="image" size={18} />{t("chat.image")}</span>;
}

/** A picture that opens to its whole size. */
export function Photo({ source }: { source: string }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="photo" aria-label={t("chat.imageOpen")} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <img src={source} alt="" />
      </button>
      <Dialog open={open} title={t("chat.image")} onClose={() => setOpen(false)} actions={<Save source={source} />}>
        <img class="photo-whole" src={source} alt={t("chat.image")} />
      </Dialog>
    </>
  );
}

function Save({ source }: { source: string }): JSX.Element {
  const ending = /^data:image\/(\w+)/.exec(source)?.[1] ?? "png";
  const save = (): void => {
    const link = document.createElement("a");
    link.href = source;
    link.download = `homarus.${ending}`;
    link.click();
  };
  return <Button icon="download" onClick={save}>{t("chat.imageSave")}</Button>;
}
