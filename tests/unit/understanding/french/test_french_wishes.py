"""Whole French wishes: what the rules copy and what the builders make of it, on Wednesday, 10 June 2026, 9:30."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from appliance.understanding.arguments import BUILDERS
from appliance.understanding.french.names.places import place
from appliance.understanding.french.names.whens import when_ends
from appliance.understanding.french.spans import ruled
from appliance.understanding.languages import language
from appliance.understanding.request import Request
from appliance.understanding.text import clean

ZONE = ZoneInfo("Europe/Paris")
NOW_MS = int(datetime(2026, 6, 10, 9, 30, tzinfo=ZONE).timestamp() * 1000)


def built(tool: str, said: str) -> dict[str, Any] | None:
    words = clean(said).split()
    return BUILDERS[tool](Request.of(language("fr"), words, ruled(tool, " ".join(words).lower()), NOW_MS, ZONE))


@pytest.mark.parametrize(
    ("tool", "said", "arguments"),
    [
        ("timer_set", "Mets un minuteur de dix minutes", {"duration_s": 600}),
        ("timer_set", "mettre un minuteur de 10 minutes", {"duration_s": 600}),
        ("timer_set", "minuteur dix minutes", {"duration_s": 600}),
        ("timer_set", "lance un minuteur pâtes de 9 minutes", {"duration_s": 540, "label": "pâtes"}),
        ("timer_set", "minuterie 20 min pour le gâteau", {"duration_s": 1200, "label": "gâteau"}),
        ("timer_set", "préviens-moi dans un quart d'heure", {"duration_s": 900}),
        ("timer_set", "mets un minuteur", None),
        ("timer_cancel", "arrête le minuteur des pâtes", {"label": "pâtes"}),
        ("timer_cancel", "annule tous les minuteurs", {"all": True}),
        ("alarm_set", "réveille-moi à 7h demain", {"time": "07:00", "date": "2026-06-11"}),
        ("alarm_set", "reveil 6h45 en semaine", {"time": "06:45", "repeat": "weekdays"}),
        ("alarm_set", "mets une alarme à sept heures moins le quart", {"time": "06:45"}),
        ("alarm_set", "réveille-moi dans 20 minutes", {"time": "09:50"}),
        ("alarm_set", "alarme sport à 18h30 tous les lundis", {"time": "18:30", "repeat": "mon", "label": "sport"}),
        ("alarm_set", "mets une alarme", None),
        ("alarm_cancel", "enlève le réveil de 7h", {"time": "07:00"}),
        ("reminder_set", "rappelle-moi d'appeler Maman à 15h", {"text": "appeler Maman", "at": "2026-06-10T15:00"}),
        ("reminder_set", "rappelle moi demain matin de sortir les poubelles",
            {"text": "sortir les poubelles", "at": "2026-06-11T09:00"}),
        ("reminder_set", "dans une heure rappelle-moi de manger", {"text": "manger", "in_s": 3600}),
        ("reminder_set", "fais-moi penser à acheter du pain ce soir à 8h",
            {"text": "acheter du pain", "at": "2026-06-10T20:00"}),
        ("reminder_set", "rappelle-moi la réunion vendredi à 14h",
            {"text": "la réunion", "at": "2026-06-12T14:00"}),
        ("reminder_set", "tous les soirs à 21h rappelle-moi de lire",
            {"text": "lire", "at": "2026-06-10T21:00", "repeat": "daily"}),
        ("reminder_set", "rappelle-moi de m'étirer toutes les heures", None),
        ("reminder_set", "rappelle à Anna d'apporter le gâteau", None),
        ("reminder_cancel", "supprime le rappel pour le dentiste", {"text": "le dentiste"}),
        ("reminder_cancel", "annule tous mes rappels", {"all": True}),
        ("note_add", "note que Ben me doit 20 euros", {"text": "Ben me doit 20 euros"}),
        ("note_add", "Le code du garage est 4512, note ça", {"text": "Le code du garage est 4512"}),
        ("note_add", "prends une note", None),
        ("note_search", "qu'est-ce que j'ai noté sur le wifi ?", {"query": "wifi"}),
        ("note_delete", "efface la note sur la chaudière", {"query": "chaudière"}),
        ("list_add", "ajoute du lait, des œufs et de la farine à la liste de courses",
            {"list": "courses", "items": ["lait", "œufs", "farine"]}),
        ("list_add", "mets de l'eau et 2 paquets de pâtes sur ma liste",
            {"list": "courses", "items": ["eau", "2 paquets de pâtes"]}),
        ("list_add", "rajoute tente à la liste camping", {"list": "camping", "items": ["tente"]}),
        ("list_add", "on n'a plus de café, ajoute-le à la liste", {"list": "courses", "items": ["café"]}),
        ("list_add", "liste de courses : pain et beurre", {"list": "courses", "items": ["pain", "beurre"]}),
        ("list_remove", "enlève le beurre de la liste de courses", {"list": "courses", "items": ["beurre"]}),
        ("list_show", "qu'est-ce qu'il y a sur ma liste de courses", {"list": "courses"}),
        ("list_show", "montre-moi mes listes", {}),
        ("list_clear", "vide la liste de noël", {"list": "noël"}),
        ("list_clear", "vide la liste", {"list": "courses"}),
        ("list_clear", "vide la liste pour la rentrée scolaire", {"list": "rentrée"}),
        ("list_clear", "remets la liste à zéro", {"list": "courses"}),
        ("timer_set", "minuteur 12", {"duration_s": 720}),
        ("list_add", "papa veut des cornichons, inscris les sur la liste",
            {"list": "courses", "items": ["cornichons"]}),
        ("list_add", "le gel douche est vide, note le sur les courses", {"list": "courses", "items": ["gel douche"]}),
        ("note_delete", "la note du parking, supprime-la", {"query": "parking"}),
        ("alarm_set", "encore dix minutes au lit, réveille-moi à sept heures dix", {"time": "07:10"}),
        ("timer_set", "pomodoro de 25", {"duration_s": 1500}),
        ("alarm_set", "j'ai cours à huit heures demain, réveil à sept heures", {"time": "07:00", "date": "2026-06-11"}),
        ("volume_set", "rends-moi le son", {"muted": False}),
        ("volume_set", "mets à donf", {"level": 100}),
        ("light_set", "il fait noir", {"on": True}),
        ("unit_convert", "deux mètres cubes en litres",
            {"value": 2, "from_unit": "cubic meter", "to_unit": "liter"}),
        ("unit_convert", "le plan est en pieds, 22 pieds ça donne quoi en mètres",
            {"value": 22, "from_unit": "foot", "to_unit": "meter"}),
        ("calculate", "combien font 12 x 4 ?", {"expression": "12*4"}),
        ("unit_convert", "combien font 2,5 miles en km",
            {"value": 2.5, "from_unit": "mile", "to_unit": "kilometer"}),
        ("clock_now", "quelle heure est-il à Londres ?", {"place": "London", "want": "time"}),
        ("clock_now", "on est quel jour", {"want": "date"}),
        ("date_lookup", "quel jour tombe Noël cette année", {"when": "christmas"}),
        ("date_lookup", "combien de jours avant le 14 juillet", {"when": "14 july"}),
        ("volume_set", "mets le volume à 30 %", {"level": 30}),
        ("volume_set", "monte un peu le son dans la cuisine", {"change": 5, "place": "cuisine"}),
        ("volume_set", "baisse le son", {"change": -10}),
        ("volume_set", "baisse le son de 20", {"change": -20}),
        ("volume_set", "coupe le son", {"muted": True}),
        ("volume_set", "remets le son", {"muted": False}),
        ("media_control", "mets du jazz dans le salon", {"action": "play", "query": "jazz", "place": "salon"}),
        ("media_control", "joue La vie en rose", {"action": "play", "query": "La vie en rose"}),
        ("media_control", "mets la musique en pause", {"action": "pause"}),
        ("media_control", "chanson suivante", {"action": "next"}),
        ("media_control", "arrête la musique", {"action": "stop"}),
        ("media_control", "reprends la lecture", {"action": "resume"}),
        ("media_control", "remets la chanson précédente", {"action": "previous"}),
        ("light_set", "allume la lumière du salon", {"on": True, "place": "salon"}),
        ("light_set", "éteins toutes les lumières", {"on": False}),
        ("light_set", "mets la lumière de la cuisine à 50 %", {"brightness": 50, "place": "cuisine"}),
        ("light_set", "lumière bleue dans la chambre", {"color": "blue", "place": "chambre"}),
        ("light_set", "baisse un peu la lumière", {"change": -5}),
        ("scene_set", "active la scène cinéma", {"scene": "cinéma"}),
        ("scene_set", "passe en mode nuit", {"scene": "nuit"}),
    ],
)  # fmt: skip
def test_a_wish_becomes_exact_arguments_or_is_handed_over(
    tool: str, said: str, arguments: dict[str, Any] | None
) -> None:
    assert built(tool, said) == arguments


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("vendredi prochain", "next friday"),
        ("lundi dernier", "last monday"),
        ("dans trois semaines", "in 3 weeks"),
        ("dans quinze jours", "in 14 days"),
        ("il y a dix jours", "10 days ago"),
        ("après-demain", "day after tomorrow"),
        ("avant-hier", "day before yesterday"),
        ("le 14 juillet 2027", "14 july 2027"),
        ("samedi 5 décembre", "5 december"),
        ("Noël", "christmas"),
        ("la fête des mères", "mother's day"),
        ("l'ascension", "ascension day"),
        ("la rentrée", "la rentrée"),
    ],
)
def test_a_day_is_given_to_the_tool_in_its_own_words(said: str, meant: str) -> None:
    assert when_ends(said) == meant


@pytest.mark.parametrize(("said", "meant"), [("Londres", "London"), ("pékin", "Beijing"), ("Tokyo", "Tokyo")])
def test_a_city_is_given_to_the_clock_under_its_english_name(said: str, meant: str) -> None:
    assert place(said) == meant


@pytest.mark.parametrize(
    ("tool", "said", "spans"),
    [
        ("reminder_set", "hé rappelle-moi d'appeler marc stp", {"text": "d'appeler marc"}),
        ("list_add", "euh ajoute du pain à la liste s'il te plaît", {"items": "du pain"}),
        ("timer_list", "il reste combien", {}),
        ("media_control", "suivante", {}),
    ],
)
def test_rules_copy_whole_words_and_leave_out_what_stands_around_a_wish(
    tool: str, said: str, spans: dict[str, str]
) -> None:
    assert ruled(tool, said) == spans
