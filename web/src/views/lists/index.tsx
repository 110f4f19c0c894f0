import type { JSX } from "preact";
import "../../words/chat";
import "../../words/lists";
import { t } from "../../app/i18n";
import { gateway } from "../../gateway";
import { Card, EmptyState, Page, wasShown } from "../../ui";
import { Gate } from "../panel";
import { Agenda } from "./agenda";
import { Lists } from "./lists";
import { Notes } from "./notes";
import { usePlaces } from "./places";

/** Timers, alarms and reminders as they run down, lists to check off, and notes. */
export default function View(): JSX.Element {
  const places = usePlaces();
  if (gateway.status.value === "offline" && !wasShown("today/agenda")) {
    return (
      <Page title={t("views.lists")} lead={t("lists.lead")}>
        <Card><EmptyState icon="offline" title={t("panel.offline")}>{t("panel.offlineText")}</EmptyState></Card>
      </Page>
    );
  }
  return (
    <Page title={t("views.lists")} lead={t("lists.lead")}>
      <Gate method="homarus.agenda.list"><Agenda /></Gate>
      <Gate method="homarus.lists.get"><Lists places={places} /></Gate>
      <Gate method="homarus.notes.list"><Notes /></Gate>
    </Page>
  );
}
