import { render } from "preact";
import { effect } from "@preact/signals";
import { App } from "./app/app";
import { locale } from "./app/i18n";
import { keepOffline } from "./app/install";
import { watchUpdates } from "./app/updates";
import { listen } from "./app/router";
import { applyTheme } from "./app/theme";
import { watchApprovals } from "./app/approvals";
import { arrive } from "./app/arrival";
import { watchDue } from "./app/due";
import { gateway, outbox } from "./gateway";
import "./words/shell";
import "./words/ui";
import "./words/views";

async function begin(): Promise<void> {
  const given = arrive();
  applyTheme();
  effect(() => void (document.documentElement.lang = locale.value));
  listen();
  const known = (await gateway.load()) && !given.code;
  render(<App known={known} byCode={given.code !== undefined} />, document.getElementById("app")!);
  addEventListener("online", () => gateway.wake());
  addEventListener("offline", () => gateway.probe());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && gateway.wake());
  void gateway.start(given);
  void outbox.load();
  watchUpdates();
  watchApprovals();
  watchDue();
  // After the first paint: it competes for the same line.
  setTimeout(keepOffline, 1_500);
}

void begin();
