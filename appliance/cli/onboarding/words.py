"""What the terminal itself says around the steps, in the languages of the box."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "lead": "A few questions, two minutes. Enter takes what is marked; everything can be changed later.",
        "resumed": "Going on where you stopped.",
        "yes": "Yes",
        "no": "No",
        "link": "The link:",
        "waiting": "Waiting for the device, {minutes} minutes. Enter goes on without.",
        "leaves": "The download goes on by itself; Enter leaves it.",
        "ready": "Your assistant is ready{name}.",
        "kept": "What you answered is kept: `homarus onboard` goes on from here.",
        "unattended": "Nobody answers here: `homarus onboard --non-interactive` asks nothing.",
        "window": "It runs while this window is open. `homarus onboard --install-daemon` lets it start with the box.",
        "started": "It runs now, and starts with the box.",
        "stopped": "`homarus run` starts it; `homarus onboard --install-daemon` lets it start with the box.",
        "seconds": "{seconds} seconds.",
        "recovery": "`homarus recovery new` prints a code for paper, which lets you in when every device is lost.",
    },
    "de": {
        "lead": "Ein paar Fragen, zwei Minuten. Enter nimmt das Markierte; alles lässt sich später ändern.",
        "resumed": "Es geht weiter, wo Sie aufgehört haben.",
        "yes": "Ja",
        "no": "Nein",
        "link": "Der Link:",
        "waiting": "Wartet auf das Gerät, {minutes} Minuten. Enter geht ohne weiter.",
        "leaves": "Der Download läuft von selbst weiter; Enter verlässt ihn.",
        "ready": "Ihr Assistent ist bereit{name}.",
        "kept": "Ihre Antworten bleiben: `homarus onboard` geht hier weiter.",
        "unattended": "Hier antwortet niemand: `homarus onboard --non-interactive` fragt nichts.",
        "window": "Er läuft, solange dieses Fenster offen ist. Mit `homarus onboard --install-daemon` startet er mit "
        "der Box.",
        "started": "Er läuft jetzt und startet mit der Box.",
        "stopped": "`homarus run` startet ihn; mit `homarus onboard --install-daemon` startet er mit der Box.",
        "seconds": "{seconds} Sekunden.",
        "recovery": "`homarus recovery new` gibt einen Code für Papier aus, der Sie hineinlässt, wenn "
        "alle Geräte verloren sind.",
    },
    "fr": {
        "lead": "Quelques questions, deux minutes. Entrée prend ce qui est marqué ; tout peut être changé plus tard.",
        "resumed": "On reprend où vous vous étiez arrêté.",
        "yes": "Oui",
        "no": "Non",
        "link": "Le lien :",
        "waiting": "En attente de l’appareil, {minutes} minutes. Entrée continue sans.",
        "leaves": "Le téléchargement continue tout seul ; Entrée le quitte.",
        "ready": "Votre assistant est prêt{name}.",
        "kept": "Vos réponses restent : `homarus onboard` reprend ici.",
        "unattended": "Personne ne répond ici : `homarus onboard --non-interactive` ne demande rien.",
        "window": "Il tourne tant que cette fenêtre est ouverte. `homarus onboard --install-daemon` le lance avec le "
        "boîtier.",
        "started": "Il tourne maintenant et démarre avec le boîtier.",
        "stopped": "`homarus run` le lance ; `homarus onboard --install-daemon` le lance avec le boîtier.",
        "seconds": "{seconds} secondes.",
        "recovery": "`homarus recovery new` affiche un code à garder sur papier, qui vous laisse entrer quand "
        "tous les appareils sont perdus.",
    },
}


def words(language: str) -> Mapping[str, str]:
    """Return the texts of a language; of another one than ours, English."""
    return _WORDS.get(language.replace("_", "-").split("-")[0].lower(), _WORDS["en"])
