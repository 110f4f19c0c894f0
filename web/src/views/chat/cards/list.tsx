import type { JSX } from "preact";
import { t } from "../../../app/i18n";
import { gateway } from "../../../gateway";
import { Icon, toast, useAsync } from "../../../ui";
import { CheckList } from "../../lists/check_list";
import type { NamedList } from "../../lists/model";

const GET = "homarus.lists.get";
const CHANGE = "homarus.lists.change";

/** A list as it is now, to check off. `said` is what the answer said of it, shown where the box cannot be asked. */
export function ListCard({ name, said, sessionKey }: { name: string; said: readonly string[] | undefined; sessionKey: string }): JSX.Element | null {
  const now = useAsync(
    async () => {
      if (!gateway.has(GET)) return undefined;
      const { lists } = await gateway.call<{ lists: NamedList[] }>(GET, { list: name, sessionKey });
      return lists[0] ?? null;
    },
    [name, sessionKey],
    ["homarus.lists.changed"],
  );
  const items = now.value === undefined ? said?.map((item, place) => ({ item, place })) : (now.value?.items ?? []);
  if (!items) return null;
  const change = (what: object): Promise<unknown> =>
    gateway.call(CHANGE, { list: name, sessionKey, ...what }).catch((error: Error) => void toast(error.message, "bad"));
  const editable = now.value !== undefined && gateway.has(CHANGE) && gateway.can("write");
  return (
    <div class="list-card">
      <p class="list-name">
        <Icon name="list" size={18} /><span dir="auto">{name.charAt(0).toUpperCase() + name.slice(1)}</span>
        <a class="small" href="/today">{t("chat.allLists")}</a>
      </p>
      <CheckList name={name} items={items} editable={editable} change={change} />
      {items.length === 0 && <p class="muted small">{t("chat.listEmpty")}</p>}
    </div>
  );
}
