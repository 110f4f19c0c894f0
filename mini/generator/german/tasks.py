"""Things to do in the three forms that German needs: `müll rausbringen`, `den müll rauszubringen`, `ich ... muss`.

Each entry is "object|separable prefix|verb"; `den ` and the like are dropped where people drop them.
"""

from __future__ import annotations

import random

from mini.generator.grammar import CLOSE, MID, OPEN

_TASKS = """
den müll|raus|bringen;die wäsche|auf|hängen;die wäsche|ab|nehmen;die waschmaschine|aus|räumen;die blumen||gießen
die pflanzen||gießen;den hund||füttern;die katze||füttern;mit dem hund|raus|gehen;die miete||überweisen
die rechnung||bezahlen;die stromrechnung||bezahlen;die steuererklärung||machen;den rasen||mähen;das auto||waschen
das auto||tanken;das auto in die werkstatt||bringen;die reifen||wechseln;den tüv-termin||vereinbaren
einen arzttermin||ausmachen;einen termin beim friseur||machen;beim zahnarzt|an|rufen;mama|an|rufen;oma|an|rufen
papa|an|rufen;meine schwester|an|rufen;die hausverwaltung|an|rufen;den klempner|an|rufen;thomas|zurück|rufen
anna|zurück|rufen;frau meier eine mail||schreiben;dem chef||antworten;die mail an lukas||schreiben
die einladung|ab|schicken;das paket|ab|holen;das paket zur post||bringen;den brief|ein|werfen;das rezept|ab|holen
die kinder|ab|holen;die kinder vom kindergarten|ab|holen;meine tabletten||nehmen;die medikamente||nehmen
vitamin d||nehmen;die tropfen||nehmen;wasser||trinken;sport||machen;ins fitnessstudio||gehen;joggen||gehen
yoga||machen;die küche|auf|räumen;das bad||putzen;die fenster||putzen;staub||saugen;die spülmaschine|aus|räumen
die spülmaschine|an|machen;den ofen|aus|machen;den herd|aus|schalten;die pizza aus dem ofen||holen
den kuchen aus dem ofen||nehmen;das fleisch|auf|tauen;den teig||kneten;milch||kaufen;brot||kaufen
ein geschenk für anna||kaufen;blumen für mama||kaufen;einkaufen||gehen;zum bäcker||gehen;zur apotheke||gehen
die hausaufgaben||machen;für die prüfung||lernen;vokabeln||lernen;die präsentation||vorbereiten
den bericht||fertigstellen;die rechnung an den kunden||schicken;den vertrag||unterschreiben
den vertrag||kündigen;das abo||kündigen;das fitnessstudio||kündigen;den flug||buchen;das hotel||buchen
für den flug|ein|checken;den koffer||packen;die tasche||packen;den pass||verlängern;den ausweis||verlängern
die bücher|zurück|bringen;die bücherei||anrufen;die mülltonnen|raus|stellen;die gelbe tonne|raus|stellen
das altpapier|raus|bringen;den akku|auf|laden;das handy|auf|laden;ein backup||machen;den drucker||reparieren
die lampe||reparieren;das fahrrad||reparieren;die batterien||wechseln;den rauchmelder||testen
die heizung||entlüften;den kindersitz|ein|bauen;das bett||beziehen;die wäsche||bügeln;das hemd||bügeln
den kuchen||backen;das abendessen||kochen;den tisch||reservieren;einen tisch beim italiener||reservieren
zum training||gehen;zum elternabend||gehen;die versicherung||anrufen;das formular|aus|füllen;den antrag|ab|geben
die bewerbung|ab|schicken;die schlüssel|mit|nehmen;den regenschirm|mit|nehmen;die sporttasche|mit|nehmen
den wecker||stellen;die tür||abschließen;das licht im keller|aus|machen;die kaffeemaschine||entkalken
das aquarium||putzen;den hamster||füttern;die vögel||füttern;oma zum geburtstag||gratulieren
jonas zum geburtstag||gratulieren;ans meeting||denken;den zug||erwischen;früher schlafen||gehen
eine pause||machen;die augen||eintropfen;das konto||checken;geld||abheben;das netflix-abo||kündigen
""".replace("\n", ";").strip(";").split(";")  # fmt: skip
_INSEPARABLE = ("über", "be", "ver", "unter", "wieder", "ent", "er")


def _parts(rng: random.Random) -> tuple[str, str, str]:
    entry = rng.choice(_TASKS)
    obj, prefix, verb = entry.strip().split("|")
    return obj, prefix, verb


def bare(rng: random.Random) -> str:
    """`müll rausbringen`, `den müll rausbringen`."""
    obj, prefix, verb = _parts(rng)
    if rng.random() < 0.45:
        for article in ("den ", "die ", "das ", "einen ", "ein ", "eine ", "meine "):
            obj = obj.removeprefix(article)
    return f"{obj} {prefix}{verb}"


def with_zu(rng: random.Random) -> str:
    """`den müll rauszubringen`."""
    obj, prefix, verb = _parts(rng)
    for front in ("vor", "fertig", "an", "ab", "ein"):  # separable verbs that the table holds in one word
        if not prefix and verb in ("vorbereiten", "fertigstellen", "anrufen", "abschließen", "eintropfen", "abheben"):
            prefix, verb = (front, verb.removeprefix(front)) if verb.startswith(front) else (prefix, verb)
    return f"{obj} {prefix}zu{verb}" if prefix else f"{obj} zu {verb}"


def clause(rng: random.Random) -> str:
    """What follows `dass`: `ich den müll rausbringen muss`, `ich den müll rausbringe`."""
    before, task, after = _clause(rng)
    return f"{before} {task}{after}"


def marked_clause(rng: random.Random) -> str:
    """The same with the task marked as the text of a reminder: neither `ich` nor `muss` belong to it."""
    before, task, after = _clause(rng)
    return f"{before} {OPEN}text{MID}{task}{CLOSE}{after}"


def _clause(rng: random.Random) -> tuple[str, str, str]:
    obj, prefix, verb = _parts(rng)
    pick = rng.random()
    if pick < 0.5 or not verb.endswith("en"):
        return "ich", f"{obj} {prefix}{verb}", f" {rng.choice(['muss', 'soll', 'muss', 'wollte', 'möchte'])}"
    if pick < 0.65:
        return "wir", f"{obj} {prefix}{verb}", f" {rng.choice(['müssen', 'wollen'])}"
    first = {"nehmen": "nehme", "essen": "esse", "machen": "mache"}.get(verb, f"{verb[:-2]}e")
    return "ich", f"{obj} {prefix}{first}", ""
