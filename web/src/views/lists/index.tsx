import type { JSX } from "preact";
import "../../words/lists";
import { t } from "../../app/i18n";
import { Page } from "../../ui";
import { Gate } from "../panel";
import { Agenda } from "./agenda";
import { Lists } from "./lists";
import { Notes } from "./notes";

/** Timers, alarms and reminders as they run down, lists to check off, and notes. */
export default function View(): JSX.Element {
  return (
    <Page title={t("views.lists")} lead={t("lists.lead")}>
      <Gate method="homarus.agenda.list"><Agenda /></Gate>
      <Gate method="homarus.lists.get"><Lists /></Gate>
      <Gate method="homarus.notes.list"><Notes /></Gate>
    </Page>
  );
}
