import type { Attached } from "./seams";

/** What can be sent along: images that models read, and texts, which become part of the message. */

export const IMAGE_TYPES: readonly string[] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
const TEXT_ENDINGS = /\.(txt|md|markdown|csv|tsv|json|ya?ml|toml|ini|conf|log|xml|html?|css|js|ts|tsx|jsx|py|rs|go|c|h|cpp|java|sh|sql|tex)$/i;
const TEXT_TYPES = /^(text\/|application\/(json|xml|yaml|x-yaml|javascript))/;
export const MAX_COUNT = 20;
export const MAX_TEXT_BYTES = 128 * 1024;
const MAX_IMAGE_BYTES = 6 * 1024 * 1024;
const MAX_SIDE = 2048; // models see no more, and a photo of a phone has 4000

export interface Limits {
  maxBytes: number;
  maxImageBytes?: number;
}

export type Refused = "type" | "image-size" | "text-size" | "total" | "count" | "unreadable";

export type Kind = "image" | "text" | null;

export function kindOf(file: { name: string; type: string }): Kind {
  if (file.type.startsWith("image/") && file.type !== "image/svg+xml") return "image";
  if (TEXT_TYPES.test(file.type) || TEXT_ENDINGS.test(file.name) || file.type === "image/svg+xml") return "text";
  return null;
}

/** Say whether a file of this kind and size may be added to those that are there; null when it may. */
export function check(kind: Kind, size: number, there: readonly Attached[], limits: Limits): Refused | null {
  if (kind === null) return "type";
  if (there.length >= MAX_COUNT) return "count";
  if (kind === "text" && size > MAX_TEXT_BYTES) return "text-size";
  if (kind === "image" && size > (limits.maxImageBytes ?? MAX_IMAGE_BYTES)) return "image-size";
  if (there.reduce((sum, one) => sum + one.size, 0) + size > limits.maxBytes) return "total";
  return null;
}

/** Read a file as it is sent. Photos that are larger than models see are made smaller here: less to send, less to keep. */
export async function read(file: File, there: readonly Attached[], limits: Limits): Promise<Attached | Refused> {
  const kind = kindOf(file);
  if (kind === null) return "type";
  let blob: Blob = file;
  if (kind === "image") blob = await smaller(file).catch(() => file);
  if (kind === "image" && !IMAGE_TYPES.includes(blob.type)) return "type";
  const refused = check(kind, blob.size, there, limits);
  if (refused) return refused;
  const mimeType = kind === "image" ? blob.type : "text/plain";
  try {
    return { name: file.name || (kind === "image" ? "image" : "text.txt"), mimeType, content: await base64(blob), size: blob.size };
  } catch {
    return "unreadable";
  }
}

async function smaller(file: File): Promise<Blob> {
  if (file.type === "image/gif") return file;
  const image = await createImageBitmap(file);
  const share = MAX_SIDE / Math.max(image.width, image.height);
  if (share >= 1 && IMAGE_TYPES.includes(file.type) && file.size < 1_500_000) return file;
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.width * Math.min(1, share));
  canvas.height = Math.round(image.height * Math.min(1, share));
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  const type = file.type === "image/png" && share >= 1 ? "image/png" : "image/jpeg";
  const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, 0.86));
  return made && (made.size < file.size || !IMAGE_TYPES.includes(file.type)) ? made : file;
}

function base64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error ?? new Error("cannot read the file"));
    reader.readAsDataURL(blob);
  });
}
