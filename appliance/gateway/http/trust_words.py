"""What the page /trust says, in three languages. Read only when somebody opens it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Page:
    """The sentences around the steps of a system."""

    title: str
    why: str
    get: str
    button: str
    compare: str
    install: str
    open: str
    limits: str


PAGES: Final[dict[str, Page]] = {
    "en": Page(
        title="Let this device trust your box",
        why="The box encrypts everything with a certificate of its own. Once this device knows who issued it, the "
        "browser shows no warning, and the microphone, notifications and installing the app work.",
        get="Get the certificate of the box",
        button="Download homarus-ca.crt",
        compare="The details of the certificate must show this SHA-256 fingerprint. `homarus security audit` on the "
        "box prints the same one. If they differ, stop: somebody is between you and the box.",
        install="Install it on this device",
        open="Open the box again, with https",
        limits="This authority belongs to your box alone. It can vouch for the names of the box and for addresses of "
        "private networks, for no other site. You can remove it at any time in the same place.",
    ),
    "de": Page(
        title="Dieses Gerät soll Ihrer Box vertrauen",
        why="Die Box verschlüsselt alles mit einem eigenen Zertifikat. Kennt dieses Gerät den Aussteller, warnt der "
        "Browser nicht mehr, und Mikrofon, Mitteilungen und das Installieren der App funktionieren.",
        get="Das Zertifikat der Box laden",
        button="homarus-ca.crt laden",
        compare="Die Einzelheiten des Zertifikats müssen diesen SHA-256-Fingerabdruck zeigen. `homarus security audit` "
        "auf der Box zeigt denselben. Weicht er ab, brechen Sie ab: Jemand sitzt zwischen Ihnen und der Box.",
        install="Auf diesem Gerät installieren",
        open="Die Box neu öffnen, mit https",
        limits="Dieser Aussteller gehört nur Ihrer Box. Er kann für die Namen der Box und für Adressen privater Netze "
        "bürgen, für keine andere Seite. Sie können ihn jederzeit an derselben Stelle entfernen.",
    ),
    "fr": Page(
        title="Faire confiance à votre boîtier sur cet appareil",
        why="Le boîtier chiffre tout avec son propre certificat. Une fois que cet appareil connaît l’émetteur, le "
        "navigateur n’affiche plus d’avertissement, et le micro, les notifications et l’installation de l’application "
        "fonctionnent.",
        get="Obtenir le certificat du boîtier",
        button="Télécharger homarus-ca.crt",
        compare="Les détails du certificat doivent montrer cette empreinte SHA-256. `homarus security audit` sur le "
        "boîtier affiche la même. Si elles diffèrent, arrêtez : quelqu’un se trouve entre vous et le boîtier.",
        install="L’installer sur cet appareil",
        open="Rouvrir le boîtier, en https",
        limits="Cette autorité n’appartient qu’à votre boîtier. Elle peut se porter garante des noms du boîtier et des "
        "adresses de réseaux privés, d’aucun autre site. Vous pouvez la retirer à tout moment au même endroit.",
    ),
}

# The name of each system and its steps.
SYSTEMS: Final[dict[str, dict[str, tuple[str, tuple[str, ...]]]]] = {
    "en": {
        "ios": (
            "iPhone and iPad (Safari)",
            (
                "Allow the download, then open Settings and tap “Profile Downloaded” at the top, then Install.",
                "Open Settings, General, About, Certificate Trust Settings.",
                "Turn on full trust for “Homarus CA”.",
            ),
        ),
        "android": (
            "Android (Chrome)",
            (
                "Open Settings and search for “CA certificate” (Security, Encryption & credentials, Install).",
                "Choose “CA certificate”, then “Install anyway”: the warning is about authorities without limits.",
                "Pick homarus-ca.crt among the downloads.",
            ),
        ),
        "macos": (
            "Mac",
            (
                "Open homarus-ca.crt; Keychain Access asks where to put it: choose “login”.",
                "Open “Homarus CA” in the list, then Trust.",
                "Set “When using this certificate” to Always Trust and close the window.",
            ),
        ),
        "windows": (
            "Windows",
            (
                "Open homarus-ca.crt and choose Install Certificate, Current User.",
                "Choose “Place all certificates in the following store”: Trusted Root Certification Authorities.",
                "Finish, say yes, and restart the browser.",
            ),
        ),
        "linux": (
            "Linux and Firefox everywhere",
            (
                "Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import; tick websites.",
                "Chrome and Chromium: Settings, Privacy and security, Security, Manage certificates, Custom, Import.",
                "The whole system (Debian): save /homarus-ca.pem as /usr/local/share/ca-certificates/homarus-ca.crt "
                "and run update-ca-certificates.",
            ),
        ),
    },
    "de": {
        "ios": (
            "iPhone und iPad (Safari)",
            (
                "Den Download erlauben, dann in Einstellungen oben „Profil geladen“ antippen und installieren.",
                "Einstellungen, Allgemein, Info, Zertifikatsvertrauenseinstellungen öffnen.",
                "Für „Homarus CA“ volles Vertrauen einschalten.",
            ),
        ),
        "android": (
            "Android (Chrome)",
            (
                "In den Einstellungen nach „CA-Zertifikat“ suchen (Sicherheit, Verschlüsselung & Anmeldedaten).",
                "„CA-Zertifikat“ und „Trotzdem installieren“ wählen: Die Warnung gilt Ausstellern ohne Grenzen.",
                "homarus-ca.crt unter den Downloads auswählen.",
            ),
        ),
        "macos": (
            "Mac",
            (
                "homarus-ca.crt öffnen; die Schlüsselbundverwaltung fragt nach dem Ort: „Anmeldung“ wählen.",
                "„Homarus CA“ in der Liste öffnen, dann „Vertrauen“.",
                "„Bei Verwendung dieses Zertifikats“ auf „Immer vertrauen“ stellen und das Fenster schließen.",
            ),
        ),
        "windows": (
            "Windows",
            (
                "homarus-ca.crt öffnen und „Zertifikat installieren“, „Aktueller Benutzer“ wählen.",
                "„Alle Zertifikate in folgendem Speicher speichern“: Vertrauenswürdige Stammzertifizierungsstellen.",
                "Fertigstellen, mit Ja bestätigen und den Browser neu starten.",
            ),
        ),
        "linux": (
            "Linux, und Firefox überall",
            (
                "Firefox: Einstellungen, Datenschutz & Sicherheit, Zertifikate anzeigen, Zertifizierungsstellen, "
                "Importieren; Websites ankreuzen.",
                "Chrome und Chromium: Einstellungen, Datenschutz und Sicherheit, Sicherheit, Zertifikate verwalten, "
                "Benutzerdefiniert, Importieren.",
                "Das ganze System (Debian): /homarus-ca.pem als /usr/local/share/ca-certificates/homarus-ca.crt "
                "speichern und update-ca-certificates ausführen.",
            ),
        ),
    },
    "fr": {
        "ios": (
            "iPhone et iPad (Safari)",
            (
                "Autoriser le téléchargement, puis dans Réglages toucher « Profil téléchargé » en haut, et Installer.",
                "Ouvrir Réglages, Général, Informations, Réglages des certificats.",
                "Activer la confiance totale pour « Homarus CA ».",
            ),
        ),
        "android": (
            "Android (Chrome)",
            (
                "Dans les Paramètres, chercher « certificat CA » (Sécurité, Chiffrement et identifiants, Installer).",
                "Choisir « Certificat CA », puis « Installer quand même » : l’avertissement vise les autorités sans "
                "limites.",
                "Choisir homarus-ca.crt parmi les téléchargements.",
            ),
        ),
        "macos": (
            "Mac",
            (
                "Ouvrir homarus-ca.crt ; Trousseaux d’accès demande où le placer : choisir « session ».",
                "Ouvrir « Homarus CA » dans la liste, puis « Se fier ».",
                "Régler « Lors de l’utilisation de ce certificat » sur « Toujours approuver » et fermer la fenêtre.",
            ),
        ),
        "windows": (
            "Windows",
            (
                "Ouvrir homarus-ca.crt et choisir « Installer un certificat », « Utilisateur actuel ».",
                "« Placer tous les certificats dans le magasin suivant » : Autorités de certification racines de "
                "confiance.",
                "Terminer, confirmer par Oui et redémarrer le navigateur.",
            ),
        ),
        "linux": (
            "Linux, et Firefox partout",
            (
                "Firefox : Paramètres, Vie privée et sécurité, Afficher les certificats, Autorités, Importer ; cocher "
                "les sites web.",
                "Chrome et Chromium : Paramètres, Confidentialité et sécurité, Sécurité, Gérer les certificats, "
                "Personnalisé, Importer.",
                "Tout le système (Debian) : enregistrer /homarus-ca.pem sous "
                "/usr/local/share/ca-certificates/homarus-ca.crt et lancer update-ca-certificates.",
            ),
        ),
    },
}
