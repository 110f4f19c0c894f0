import { register } from "../app/i18n";

/** Words of all pages about the box. */
register("panel", {
  en: {
    away: "The box did not answer. Try again when it is back.",
    notAllowed: "This device may not do that. To give it more rights, an owner makes a code under Devices, “My own device”, and it is opened here.",
    stale: "What you see may be old: {reason}",
    offline: "The box is away",
    offlineText: "This appears by itself when it is back.",
    unknown: "This box cannot do that yet",
    unknownText: "Its software is older than this app. An update of the box brings it.",
    locked: "This device may not see this",
    lockedText: "To give it more rights, an owner makes a code under Devices, “My own device”, and it is opened here.",
    day: "d",
    now: "now",
  },
  de: {
    away: "Die Box hat nicht geantwortet. Versuchen Sie es noch einmal, wenn sie wieder da ist.",
    notAllowed: "Dieses Gerät darf das nicht. Für mehr Rechte erzeugt ein Besitzer unter Geräte einen Code „Mein eigenes Gerät“, der hier geöffnet wird.",
    stale: "Was Sie sehen, ist vielleicht veraltet: {reason}",
    offline: "Die Box ist weg",
    offlineText: "Sobald sie wieder da ist, erscheint es von selbst.",
    unknown: "Das kann diese Box noch nicht",
    unknownText: "Ihre Software ist älter als diese App. Ein Update der Box bringt es.",
    locked: "Dieses Gerät darf das nicht sehen",
    lockedText: "Für mehr Rechte erzeugt ein Besitzer unter Geräte einen Code „Mein eigenes Gerät“, der hier geöffnet wird.",
    day: "T",
    now: "jetzt",
  },
  fr: {
    away: "Le boîtier n’a pas répondu. Réessayez quand il sera de retour.",
    notAllowed: "Cet appareil n’en a pas le droit. Pour lui en donner, un propriétaire crée un code sous Appareils, « Mon propre appareil », que l’on ouvre ici.",
    stale: "Ce que vous voyez est peut-être ancien : {reason}",
    offline: "Le boîtier est absent",
    offlineText: "Ceci s’affichera de soi-même à son retour.",
    unknown: "Ce boîtier ne sait pas encore le faire",
    unknownText: "Son logiciel est plus ancien que cette application. Une mise à jour l’apporte.",
    locked: "Cet appareil ne peut pas voir cela",
    lockedText: "Pour lui donner plus de droits, un propriétaire crée un code sous Appareils, « Mon propre appareil », que l’on ouvre ici.",
    day: "j",
    now: "maintenant",
  },
});
