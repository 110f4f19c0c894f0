import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../app/i18n";
import { Notice } from "../../ui";

interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
declare const BarcodeDetector: { new (options: { formats: string[] }): Detector } | undefined;

const LOOK_MS = 200;

/** Whether this browser can read QR codes by itself and may use a camera (only pages over https may). */
export const canScan = (): boolean =>
  typeof BarcodeDetector !== "undefined" && typeof navigator.mediaDevices?.getUserMedia === "function";

/** Look through the camera until `onFound` takes what it saw. */
export function Scanner({ onFound }: { onFound: (text: string) => boolean }): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  const [error, setError] = useState<string>();
  const [other, setOther] = useState(false);
  useEffect(() => {
    let stream: MediaStream | undefined;
    let timer: ReturnType<typeof setTimeout>;
    let here = true;
    const look = async (detector: Detector): Promise<void> => {
      if (!here || !video.current) return;
      const found = await detector.detect(video.current).catch(() => []);
      if (!here) return;
      if (found.some((one) => onFound(one.rawValue))) return;
      setOther(found.length > 0);
      timer = setTimeout(() => void look(detector), LOOK_MS);
    };
    const begin = async (): Promise<void> => {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (!here || !video.current) return stop();
      video.current.srcObject = stream;
      await video.current.play();
      await look(new BarcodeDetector!({ formats: ["qr_code"] }));
    };
    const stop = (): void => stream?.getTracks().forEach((track) => track.stop());
    begin().catch((reason: unknown) => here && setError(reason instanceof Error ? reason.message : String(reason)));
    return () => {
      here = false;
      clearTimeout(timer);
      stop();
    };
  }, []);
  if (error) return <Notice tone="warn">{t("door.scanFailed", { reason: error })}</Notice>;
  return (
    <div class="scanner">
      <video ref={video} muted playsInline />
      <p class="hint" role="status">{other ? t("door.scanOther") : t("door.scanHint")}</p>
    </div>
  );
}
