import { register } from "../app/i18n";

register("ui", {
  en: { back: "Back", cancel: "Cancel", close: "Close", copied: "Copied", copy: "Copy", loading: "Loading", retry: "Try again", save: "Save", menu: "Menu", more: "More", skip: "Go to content" },
  de: { back: "Zurück", cancel: "Abbrechen", close: "Schließen", copied: "Kopiert", copy: "Kopieren", loading: "Lädt", retry: "Noch einmal versuchen", save: "Speichern", menu: "Menü", more: "Mehr", skip: "Zum Inhalt" },
  fr: { back: "Retour", cancel: "Annuler", close: "Fermer", copied: "Copié", copy: "Copier", loading: "Chargement", retry: "Réessayer", save: "Enregistrer", menu: "Menu", more: "Plus", skip: "Aller au contenu" },
});
