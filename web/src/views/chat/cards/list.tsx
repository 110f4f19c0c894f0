import type { JSX } from "preact";
import { t } from "../../../app/i18n";
import { gateway } from "../../../gateway";
import { Icon, useAsync } from "../../../ui";

interface Lists {
  lists: { name: string; items: { item: string }[] }[];
}

const GET = "homarus.lists.get";

/** A list as it is now. `said` is what the answer said of it, shown where the box cannot be asked. */
export function ListCard({ name, said, sessionKey }: { name: string; said: readonly string[] | undefined; sessionKey: string }): JSX.Element | null {
  const now = useAsync(
    async () => {
      if (!gateway.has(GET)) return undefined;
      const { lists } = await gateway.call<Lists>(GET, { list: name, sessionKey });
      return lists[0]?.items.map((one) => one.item) ?? [];
    },
    [name, sessionKey],
    ["homarus.lists.changed"],
  );
  const items = now.value ?? said;
  if (!items) return null;
  return (
    <div class="list-card">
      <p class="list-name"><Icon name="list" size={18} />{name.charAt(0).toUpperCase() + name.slice(1)}</p>
      {items.length === 0 ? <p class="muted small">{t("chat.listEmpty")}</p> : (
        <ul aria-label={name}>{items.map((item, index) => <li key={index}>{item}</li>)}</ul>
      )}
    </div>
  );
}
