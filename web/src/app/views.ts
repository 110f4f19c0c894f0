import type { FunctionComponent } from "preact";
import type { IconName } from "../ui/icon";

/** A page of the app. `title` is a key of the words in words/views.ts. */
export interface View {
  name: string;
  path: string;
  load: () => Promise<{ default: FunctionComponent }>;
  title: string;
  icon: IconName;
  /** A scope without which the view is not offered. */
  needs?: string;
  /** Where it is offered: in the bar of a phone ("main"), behind "more", or nowhere. */
  menu: "main" | "more" | "none";
}

// Paths stay clear of the gateway's own: /health, /ready, /metrics, /v1, /j, /trust.
export const VIEWS: readonly View[] = [
  { name: "chat", path: "/chat/:key?", load: () => import("../views/chat"), title: "views.chat", icon: "chat", menu: "main" },
  { name: "lists", path: "/today", load: () => import("../views/lists"), title: "views.lists", icon: "list", menu: "main" },
  { name: "history", path: "/history", load: () => import("../views/history"), title: "views.history", icon: "search", menu: "more" },
  { name: "devices", path: "/devices", load: () => import("../views/devices"), title: "views.devices", icon: "devices", needs: "operator.pairing", menu: "main" },
  { name: "nodes", path: "/nodes/:id?", load: () => import("../views/nodes"), title: "views.nodes", icon: "node", menu: "more" },
  { name: "models", path: "/models", load: () => import("../views/models"), title: "views.models", icon: "model", menu: "more" },
  { name: "health", path: "/status", load: () => import("../views/health"), title: "views.health", icon: "pulse", menu: "main" },
  { name: "usage", path: "/usage", load: () => import("../views/usage"), title: "views.usage", icon: "chart", menu: "more" },
  { name: "logs", path: "/logs", load: () => import("../views/logs"), title: "views.logs", icon: "log", needs: "operator.admin", menu: "more" },
  { name: "config", path: "/config/:section?", load: () => import("../views/config"), title: "views.config", icon: "sliders", needs: "operator.admin", menu: "more" },
  { name: "settings", path: "/settings", load: () => import("../views/settings"), title: "views.settings", icon: "settings", menu: "more" },
  { name: "welcome", path: "/welcome", load: () => import("../views/welcome"), title: "views.welcome", icon: "spark", needs: "operator.admin", menu: "none" },
];
