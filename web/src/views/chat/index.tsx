import type { JSX } from "preact";
import { EmptyState, Page } from "../../ui";
import { t } from "../../app/i18n";

export default function View(): JSX.Element {
  return (
    <Page title={t("views.chat")}>
      <EmptyState icon="spark" title={t("views.chat")} />
    </Page>
  );
}
