import type { JSX } from "preact";
import { LANGUAGES, chooseLanguage, locale, t } from "../../app/i18n";
import type { Language } from "../../app/i18n";
import { Mark } from "../../app/shell";
import { gateway } from "../../gateway";
import { Select } from "../../ui";
import "../../words/door";
import { Enter } from "./enter";
import { Refused } from "./refused";
import { Waiting } from "./waiting";

/** The door of the box: for a browser that has no key yet, waits for an owner, or was refused. */
export default function View(): JSX.Element {
  const status = gateway.status.value;
  return (
    <div class="door">
      <header class="door-head"><Mark size={40} /><span>Homarus</span></header>
      <main class="door-main">{status === "waiting" ? <Waiting /> : status === "refused" ? <Refused /> : <Enter />}</main>
      <footer class="door-foot">
        <Select label={t("door.language")} hideLabel value={locale.value} onChange={(value: Language) => chooseLanguage(value)}
          options={Object.entries(LANGUAGES).map(([value, label]) => ({ value: value as Language, label }))} />
      </footer>
    </div>
  );
}
