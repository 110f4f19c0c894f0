import "../../words/config_sections";
import { t } from "../../app/i18n";
import { kindOf, label, meaning, schemaAt } from "./schema";
import type { At, Schema } from "./schema";

/** What a group of options is called and what it is about: our words, else those of a newer box. */
export function groupName(root: Schema | null, at: At, schema: Schema): { title: string; text: string } {
  const place = pattern(root, at);
  return { title: word(place) ?? label(String(at.at(-1)), schema), text: word(`${place}:about`) ?? meaning(schema) };
}

/** A path with `*` for the entries of maps and lists. */
function pattern(root: Schema | null, at: At): string {
  const steps = at.map((step, depth) => {
    const parent = root ? schemaAt(root, at.slice(0, depth)) : undefined;
    return parent && ["map", "list"].includes(kindOf(parent)) ? "*" : String(step);
  });
  return steps.join(".");
}

function word(key: string): string | undefined {
  const name = `sections.${key}`;
  const text = t(name);
  return text === name ? undefined : text;
}
