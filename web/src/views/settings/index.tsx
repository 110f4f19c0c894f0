import type { JSX } from "preact";
import { LANGUAGES, chooseLanguage, chosenLanguage, locale, t } from "../../app/i18n";
import type { Language } from "../../app/i18n";
import { chooseTheme, theme } from "../../app/theme";
import type { Theme } from "../../app/theme";
import { gateway } from "../../gateway";
import { Button, Card, Page, Segmented, Select } from "../../ui";
import "../../words/settings";
import { Connection } from "./connection";
import { Install } from "./install";
import { ThisDevice } from "./this_device";

/** What belongs to this browser; the box's own settings are under Configuration. */
export default function View(): JSX.Element {
  return (
    <Page title={t("views.settings")}>
      <Look />
      <ThisDevice />
      <Connection />
      <Install />
      {gateway.can("operator.admin") && gateway.has("wizard.start") && (
        <Card title={t("settings.setup")} icon="spark">
          <p class="muted small">{t("settings.setupText")}</p>
          <div><Button href="/welcome">{t("settings.setupButton")}</Button></div>
        </Card>
      )}
    </Page>
  );
}

function Look(): JSX.Element {
  const automatic = t("settings.languageAuto", { name: LANGUAGES[locale.value] });
  const languages = [
    { value: "auto" as const, label: automatic },
    ...Object.entries(LANGUAGES).map(([value, label]) => ({ value: value as Language, label })),
  ];
  const themes: { value: Theme; label: string }[] = [
    { value: "auto", label: t("settings.themeAuto") },
    { value: "light", label: t("settings.themeLight") },
    { value: "dark", label: t("settings.themeDark") },
  ];
  return (
    <Card title={t("settings.look")} icon="sun">
      <Segmented label={t("settings.theme")} value={theme.value} options={themes} onChange={chooseTheme} />
      <Select label={t("settings.language")} value={chosenLanguage.value ?? "auto"} options={languages}
        onChange={(value) => chooseLanguage(value === "auto" ? null : value)} />
    </Card>
  );
}
