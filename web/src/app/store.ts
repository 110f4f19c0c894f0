import { computed, signal } from "@preact/signals";
import { gateway, outbox } from "../gateway";
import { match, path } from "./router";
import { VIEWS } from "./views";

/** What several parts of the app look at. */
export const view = computed(() => VIEWS.find((one) => match(one.path, path.value) !== null));

/** Views that this device may open. */
export const allowed = computed(() => VIEWS.filter((one) => !one.needs || gateway.can(one.needs)));

export const unsent = computed(() => outbox.items.value.filter((item) => item.method === "chat.send").length);

/** Requests of other devices that wait for an owner (approvals.ts). */
export const waitingApprovals = signal(0);
