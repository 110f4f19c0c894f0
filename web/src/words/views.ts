import { register } from "../app/i18n";

/** Names of the views, as the menus show them. */
register("views", {
  en: { chat: "Chat", lists: "Today", history: "Search", devices: "Devices", nodes: "Nodes", models: "Models", health: "Status", usage: "Usage", logs: "Logs", config: "Configuration", settings: "Settings", welcome: "Welcome", more: "More" },
  de: { chat: "Chat", lists: "Heute", history: "Suche", devices: "Geräte", nodes: "Knoten", models: "Modelle", health: "Zustand", usage: "Verbrauch", logs: "Protokoll", config: "Konfiguration", settings: "Einstellungen", welcome: "Willkommen", more: "Mehr" },
  fr: { chat: "Discussion", lists: "Agenda", history: "Recherche", devices: "Appareils", nodes: "Nœuds", models: "Modèles", health: "État", usage: "Utilisation", logs: "Journal", config: "Configuration", settings: "Réglages", welcome: "Bienvenue", more: "Plus" },
});
