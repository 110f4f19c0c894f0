import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { withChecked } from "./model";
import type { Item } from "./model";

/**
 * The items of a list to check off. What is checked stays in sight until the page is left, so that a slip is mended at
 * once. `change` tells the box and gives nothing when that failed.
 */
export function CheckList({ name, items, editable, change }: {
  name: string;
  items: readonly Item[];
  editable: boolean;
  change: (what: { remove: string[] } | { putBack: Item[] }) => Promise<unknown>;
}): JSX.Element {
  const [checked, setChecked] = useState<readonly Item[]>([]);
  const check = async (item: Item): Promise<void> => {
    setChecked((before) => [...before.filter((one) => one.item !== item.item), item]);
    if (!(await change({ remove: [item.item] }))) setChecked((before) => before.filter((one) => one !== item));
  };
  const uncheck = async (item: Item): Promise<void> => {
    if (await change({ putBack: [item] })) setChecked((before) => before.filter((one) => one.item !== item.item));
  };
  return (
    <ul class="list" aria-label={name}>
      {withChecked(items, checked).map(({ item, done }) => (
        <li key={item.item}>
          <label class="check-item">
            <input type="checkbox" checked={done} disabled={!editable} onChange={() => void (done ? uncheck(item) : check(item))} />
            <span dir="auto">{item.item}</span>
          </label>
        </li>
      ))}
    </ul>
  );
}
