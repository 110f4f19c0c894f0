import type { JSX } from "preact";
import { gateway } from "../../gateway";

export default function View(): JSX.Element {
  return <main class="page"><p>{gateway.status.value} {gateway.problem.value?.message}</p></main>;
}
