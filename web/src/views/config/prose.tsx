import type { JSX } from "preact";

/** A text of the box, in which `…` is something to type. */
export function Prose({ text }: { text: string }): JSX.Element {
  return <>{text.split(/`([^`]+)`/g).map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part))}</>;
}
