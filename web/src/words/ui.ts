import { register } from "../app/i18n";

register("ui", {
  en: { back: "Back", cancel: "Cancel", close: "Close", copied: "Copied", copy: "Copy", loading: "Loading", retry: "Try again", save: "Save", menu: "Menu", more: "More", open: "Open", skip: "Go to content" },
  de: { back: "Zurück", cancel: "Abbrechen", close: "Schließen", copied: "Kopiert", copy: "Kopieren", loading: "Lädt", retry: "Noch einmal versuchen", save: "Speichern", menu: "Menü", more: "Mehr", open: "Öffnen", skip: "Zum Inhalt" },
  fr: { back: "Retour", cancel: "Annuler", close: "Fermer", copied: "Copié", copy: "Copier", loading: "Chargement", retry: "Réessayer", save: "Enregistrer", menu: "Menu", more: "Plus", open: "Ouvrir", skip: "Aller au contenu" },
});
