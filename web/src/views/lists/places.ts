import { gateway } from "../../gateway";
import { useAsync } from "../../ui";
import { nameOf } from "../chat/parts/sessions";
import type { SessionRow } from "../chat/model/wire";

/** What the conversations are called to which something belongs. Nothing for the main one: that needs no word. */
export type Places = (sessionKey: string) => string | undefined;

const MOST = 500;

export function usePlaces(): Places {
  const rows = useAsync(
    () => gateway.call<{ sessions: SessionRow[] }>("sessions.list", { limit: MOST, archived: "all", excludeSubagents: true }),
    [],
    ["sessions.changed"],
  );
  const main = gateway.hello.value?.snapshot.sessionDefaults?.mainSessionKey;
  return (key) => (key === main || !rows.value ? undefined : nameOf(rows.value.sessions.find((row) => row.key === key), key));
}
