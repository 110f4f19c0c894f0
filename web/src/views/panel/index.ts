/** What the pages about the box share: doing things, waiting for them, and words for what is missing. */
import "../../words/panel";

export { act, why } from "./act";
export { Gate, Loaded, settled } from "./loaded";
export { RestartButton } from "./restart";
export { useNow } from "./now";
export { fingerprint, platformIcon, short } from "./names";
export { countdown, moneyText } from "./measures";
