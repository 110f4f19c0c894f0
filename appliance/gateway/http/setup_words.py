"""What the page /setup says, in three languages. Read only when somebody opens it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Set up {name}",
        "mistakes": "Some settings on the card were not taken:",
        "pair": "To let a device in, scan the code on the screen of the box. Without a screen, log in by SSH and run "
        "`homarus pair`.",
        "chat": "Open the app of this box",
        "wifi": "Join a Wi-Fi network",
        "network": "Network",
        "other": "another one, or hidden",
        "other.name": "Name of the network, if it is not in the list",
        "password": "Its password; empty for an open network",
        "country": "Country, two letters (DE, GB, …)",
        "join": "Join",
        "trying": "The box tries {network} now",
        "trying.next": "Its own network closes meanwhile. If that comes back, it did not work: join it and open this "
        "page again, it says why. Else put your phone into {network} too and open {address}.",
        "wrong_password": "The password was refused. Write it again.",
        "not_found": "The network was not found. Is its name right, and the router near?",
        "no_address": "The network gave the box no address. Restart the router, then try again.",
        "failed": "It did not work. Try again, nearer to the router.",
        "joined": "The box is in its network.",
        "busy": "The box cannot do this now: {reason}",
        "elsewhere": "The Wi-Fi is chosen from the box's own network only: its name and password are on the screen of "
        "the box and in homarus-wifi.txt on its card.",
        "development": "This box runs an image with development keys: it takes updates from whoever has them. It is "
        "not for daily use.",
    },
    "de": {
        "title": "{name} einrichten",
        "mistakes": "Einige Einstellungen auf der Karte wurden nicht übernommen:",
        "pair": "Um ein Gerät einzulassen, den Code auf dem Bildschirm der Box scannen. Ohne Bildschirm über SSH "
        "anmelden und `homarus pair` ausführen.",
        "chat": "Die App dieser Box öffnen",
        "wifi": "Ein WLAN verbinden",
        "network": "WLAN",
        "other": "ein anderes oder verstecktes",
        "other.name": "Name des WLANs, wenn es nicht in der Liste steht",
        "password": "Passwort; leer bei einem offenen WLAN",
        "country": "Land, zwei Buchstaben (DE, AT, CH, …)",
        "join": "Verbinden",
        "trying": "Die Box versucht jetzt {network}",
        "trying.next": "Ihr eigenes WLAN schließt solange. Kommt es wieder, hat es nicht geklappt: damit verbinden und "
        "diese Seite neu öffnen, sie sagt warum. Sonst das Telefon auch mit {network} verbinden und {address} öffnen.",
        "wrong_password": "Das Passwort wurde abgelehnt. Bitte noch einmal eingeben.",
        "not_found": "Das WLAN wurde nicht gefunden. Stimmt der Name, ist der Router nah genug?",
        "no_address": "Das WLAN gab der Box keine Adresse. Den Router neu starten, dann noch einmal.",
        "failed": "Es hat nicht geklappt. Noch einmal, näher am Router.",
        "joined": "Die Box ist in ihrem WLAN.",
        "busy": "Die Box kann das gerade nicht: {reason}",
        "elsewhere": "Das WLAN wird nur aus dem eigenen Netz der Box gewählt: Name und Passwort stehen auf ihrem "
        "Bildschirm und in homarus-wifi.txt auf ihrer Karte.",
        "development": "Diese Box läuft mit einem Abbild, das Entwicklungsschlüssel trägt: Sie nimmt Updates von "
        "jedem, der sie hat. Sie ist nicht für den Alltag.",
    },
    "fr": {
        "title": "Configurer {name}",
        "mistakes": "Certains réglages de la carte n’ont pas été repris :",
        "pair": "Pour admettre un appareil, scannez le code à l’écran de la box. Sans écran, connectez-vous par SSH et "
        "lancez `homarus pair`.",
        "chat": "Ouvrir l’application de cette box",
        "wifi": "Rejoindre un réseau Wi-Fi",
        "network": "Réseau",
        "other": "un autre, ou masqué",
        "other.name": "Nom du réseau, s’il n’est pas dans la liste",
        "password": "Mot de passe ; vide pour un réseau ouvert",
        "country": "Pays, deux lettres (FR, BE, CH, …)",
        "join": "Rejoindre",
        "trying": "La box essaie maintenant {network}",
        "trying.next": "Son propre réseau se ferme pendant ce temps. S’il revient, cela n’a pas marché : rejoignez-le "
        "et rouvrez cette page, elle dit pourquoi. Sinon, mettez aussi le téléphone sur {network} et ouvrez {address}.",
        "wrong_password": "Le mot de passe a été refusé. Saisissez-le à nouveau.",
        "not_found": "Le réseau est introuvable. Son nom est-il juste, le routeur assez proche ?",
        "no_address": "Le réseau n’a pas donné d’adresse à la box. Redémarrez le routeur, puis réessayez.",
        "failed": "Cela n’a pas marché. Réessayez, plus près du routeur.",
        "joined": "La box est dans son réseau.",
        "busy": "La box ne peut pas le faire maintenant : {reason}",
        "elsewhere": "Le Wi-Fi se choisit seulement depuis le réseau de la box : son nom et son mot de passe sont à "
        "l’écran et dans homarus-wifi.txt sur sa carte.",
        "development": "Cette box porte une image avec des clés de développement : elle accepte les mises à jour de "
        "quiconque les a. Elle n’est pas pour un usage quotidien.",
    },
}
