"""What is no wish in German."""

from __future__ import annotations

from typing import Final

from appliance.understanding.refusals.groups import (
    ALARMS,
    ALL,
    BOX,
    CHANGING,
    CLOCKS,
    KEPT,
    LAMPS,
    LIGHT,
    LISTED,
    MAKING,
    MARKING,
    NOTES,
    PENDING,
    REMINDING,
    SHOWN,
    WORDY,
    Refusal,
    refusal,
)

_KIN = (
    r"(?:schwester|bruder|mama|mutter|papa|vater|sohn|tochter|frau|mann|mitbewohner|mitbewohnerin|chef|chefin|nachbar|"
    r"nachbarin|oma|opa|freund|freundin|kinder|kollege|kollegin|lehrer|lehrerin)"
)
REFUSED: Final[tuple[Refusal, ...]] = (
    refusal(
        ALL, r"^(?:system|assistent|nutzer|admin) ?:", r"^(?:bitte )?(?:sprich|sag) mir nach\b", r"\bdeine regeln\b"
    ),
    refusal(WORDY, r"^(?:übersetz|wie (?:sagt|schreibt) man |was heißt )"),
    refusal(
        MAKING,
        r"^(?:wehe|ich wollte (?:grad|gerade|eben)|angenommen|mal angenommen|stell dir vor|tu (?:mal )?so|"
        r"soll(?:te)? ich)\b",
        r"^(?:was passiert|was würdest|hätte ich|hätt ich|kann sein|wir sollten uns|man sollte sich)\b",
    ),
    refusal(LIGHT, r"^nicht (?:das|die|den|dieses|mein)\b"),
    refusal(
        ALARMS,
        r"\b(?:alarmanlage|rauchmelder|feueralarm|fehlalarm|autoalarm)",
        r"^(?:stell|mach|schalt)\w* .*\bscharf\b",
    ),
    refusal(
        CLOCKS,
        r"\b(?:an meinem|auf meinem|am|auf dem|auf der|an meiner|auf meiner) (?:handy|telefon|smartphone|iphone|"
        r"ipad|tablet|"
        r"laptop|computer|pc|armbanduhr|smartwatch|backofen|herd)\b",
        r"^stell (?:den|die) (?:backofen|ofen|mikrowelle|spülmaschine|heizung|thermostat)\b",
    ),
    refusal(
        KEPT,
        r"\b(?:wie viele|wieviele|mehr als eine?n?|mehrere) .*(?:\bgleichzeitig|\bkannst du|\bkann ich)",
        r"^wo (?:werden|sind|wird|ist) .*\bgespeichert\b",
        r"^wer kann\b",
        r"^sind meine \w+ (?:privat|sicher|geheim)\b",
    ),
    refusal(REMINDING, r"^(?:eine? )?(?:kleine|freundliche|letzte) erinnerung\b"),
    refusal(LISTED, r"\bsteht (?:er|sie|jemand) (?:noch )?auf\b", r"^(?:wir waren|ich war) (?:schon )?einkaufen\b"),
    refusal(
        CHANGING,
        r"^(?:bitte )?(?:kauf|kaufe|bestell|bestelle|bezahl|bezahle|überweis|überweise|fütter|füttere|reservier|"
        r"reserviere|"
        r"spende|buch|buche)\b",
        r"^(?:bitte )?(?:geh|gehe) .*\b(?:mit dem hund|einkaufen|spazieren|gassi)\b",
        r"^(?:bitte )?(?:ruf|rufe) (?:mama|papa|oma|opa|mein\w* \w+|beim|bei der)\b",
    ),
    refusal(
        CLOCKS,
        rf"^(?:mein|meine|unser|unsere|sein|seine|ihr|ihre) {_KIN} (?:braucht|will|möchte|hat|stellt|hatte)\b"
        r"(?!.*\bmi(?:ch|r)\b)",
    ),
    refusal(ALL, r"^ich hab(?:e)? .*\b(?:vorhin|gestern|letzte nacht)\b.*\b(?:gestellt|gelöscht|gesetzt|gespielt)\b"),
    refusal(
        MARKING,
        r"^(?:er|sie|mama|papa|oma|opa|der chef|die lehrerin) (?:meinte|hat gesagt|schrie|rief|"
        r"wollte)\b(?!.*(?:,|erinner))",
    ),
    refusal(CHANGING, r"^(?:bitte|sag|frag) (?:mama|papa|oma|opa|ihn|sie|\w+) .*\b(?:seine|ihre) (?:liste|notizen)\b"),
    # what was, and what others have: the box shows what there is now
    refusal(
        SHOWN,
        r"^(?:wann|wer|warum) (?:hab|habe|hat|hast|ging|wurde|war)\b",
        r"\b(?:verpasst|versäumt)\b",
        r"\b(?:hat meine frau|hat mein mann|meines mannes|seiner|der regierung)\b",
        r"\b(?:auf|an) meinem (?:handy|telefon|laptop|computer|tablet)\b",
        r"\b(?:kosten|kostet|am günstigsten|am billigsten)\b",
    ),
    refusal(
        PENDING, r"\b(?:letzte woche|letzten monat|letztes jahr|letzte nacht|gestern)\b", r"^welcher wecker ist gut\b"
    ),
    refusal(LISTED, r"\b(?:preisliste|zutatenliste|speisekarte|weinkarte|tagesordnung)"),
    refusal(
        NOTES, r"\bauf (?:dem|meinem) (?:handy|laptop|computer|tablet)\b", r"\b(?:c dur|oktave|klavier|in der schule)\b"
    ),
    refusal(
        LAMPS,
        r"\b(?:fahrrad|straßenlaterne|laternen|scheinwerfer|taschenlampe|bildschirm|monitor|blinker|bremslicht|"
        r"kühlschrank|backofen|handy|bei oma|beim nachbarn|nordlicht)",
        r"^hast du .*\b(?:ausgemacht|angemacht|ausgeschaltet|eingeschaltet)\b",
    ),
    refusal(BOX, r"\b(?:firma|handy|vom auto|kühlschrank|router|laptop|schlafzimmer|zimmer|unserer straße)\b"),
)
