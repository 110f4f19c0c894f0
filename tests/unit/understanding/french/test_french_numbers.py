"""French numbers, sums and measures."""

from __future__ import annotations

from fractions import Fraction

import pytest

from appliance.understanding.french.numbers import amount
from appliance.understanding.french.spelling import fold, spelled
from appliance.understanding.french.sums import expression
from appliance.understanding.french.units import conversion
from appliance.understanding.parsing.figures import plain
from appliance.understanding.tokens import Tokens


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("25", 25),
        ("1 200", 1200),
        ("12 000", 12000),
        ("2,5", Fraction(5, 2)),
        ("2.5", Fraction(5, 2)),
        ("zéro", 0),
        ("vingt-cinq", 25),
        ("vingt et un", 21),
        ("soixante-dix", 70),
        ("soixante et onze", 71),
        ("quatre-vingts", 80),
        ("quatre vingt dix sept", 97),
        ("quatre-vingt-dix-sept", 97),
        ("septante-cinq", 75),
        ("nonante et un", 91),
        ("cent", 100),
        ("deux cent six", 206),
        ("trois mille quatre cents", 3400),
        ("mille deux cent cinquante", 1250),
        ("une douzaine", 12),
        ("zéro virgule cinq", Fraction(1, 2)),
        ("deux et demi", Fraction(5, 2)),
        ("trois quarts", Fraction(3, 4)),
        ("la moitié", Fraction(1, 2)),
        ("un tiers", Fraction(1, 3)),
        ("-4", -4),
        ("moins quatre", -4),
        ("3 millions", 3_000_000),
    ],
)
def test_a_number_is_read_in_digits_and_words(said: str, value: Fraction) -> None:
    tokens = Tokens.text(said, spelled)
    found = amount(tokens, 0)
    assert found is not None
    assert (found.value, found.end) == (value, len(tokens))


@pytest.mark.parametrize("said", ["", "lait", "et", "de", "-"])
def test_what_is_no_number_is_none(said: str) -> None:
    assert amount(Tokens.text(said, spelled), 0) is None


def test_numbers_are_written_short() -> None:
    assert [plain(Fraction(3)), plain(Fraction(5, 2)), plain(Fraction(1, 3))] == ["3", "2.5", "0.333333"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("d'une", "une"),
        ("l'après", "apres"),
        ("qu'à", "a"),
        ("aujourd'hui", "aujourdhui"),
        ("minuets", "minutes"),
        ("vendrdi", "vendredi"),
        ("livres", "livres"),
        ("œufs", "oeufs"),
    ],
)
def test_a_word_loses_its_accents_elisions_and_slips(typed: str, meant: str) -> None:
    assert spelled(typed) == meant


def test_folding_keeps_every_letter_at_its_place() -> None:
    text = "l'œuf à la coque, ça coûte où ?"
    assert len(fold(text)) == len(text)


@pytest.mark.parametrize(
    ("said", "sum_"),
    [
        ("combien font 17 fois 24", "17*24"),
        ("combien fait 15% de 80", "80*15/100"),
        ("15 pour cent de 80 euros", "80*15/100"),
        ("la racine carrée de 2025", "sqrt(2025)"),
        ("cinq plus sept", "5+7"),
        ("divise 120 par 5", "120/5"),
        ("120 divisé par 4", "120/4"),
        ("trois quarts de 80", "(3/4)*80"),
        ("la moitié de 50", "(1/2)*50"),
        ("2,5 fois 4", "2.5*4"),
        ("1 200 moins 350", "1200-350"),
        ("soustrais 5 de 20", "20-5"),
        ("une remise de 20% sur 60 euros", "60-60*20/100"),
        ("12 au carré", "12^2"),
        ("la moyenne de 4, 8 et 12", "(4+8+12)/3"),
        ("additionne 4, 5 et 6", "4+5+6"),
        ("combien de fois 7 va dans 63", "63/7"),
        ("partage 90 euros entre 3 personnes", "90/3"),
        ("sinon combien fait un plus un", "1+1"),
        ("2 puissance 8", "2^8"),
        ("le double de 45", "45*2"),
        ("(3+4)*2", "(3+4)*2"),
        ("sinus de 30", None),
        ("on est huit et le gîte coûte 920, combien chacun", "920/8"),
        ("j'avais 500, j'ai dépensé 347, il me reste", "500-347"),
        ("sept rangées de treize carreaux ça fait combien", "7*13"),
        ("trente pour cent de rabais sur 80", "80-80*30/100"),
        ("dix pour cent de pourboire sur 47", "47*10/100"),
        ("ma moyenne avec douze, huit et quinze", "(12+8+15)/3"),
        ("euh quinze non seize fois douze", "16*12"),
        ("350 bornes à 110 de moyenne, combien d'heures", None),
        ("douze", None),
        ("combien", None),
    ],
)
def test_a_sum_becomes_an_expression(said: str, sum_: str | None) -> None:
    assert expression(said) == sum_


@pytest.mark.parametrize(
    ("said", "value", "source", "target"),
    [
        ("2,5 miles en km", Fraction(5, 2), "mile", "kilometer"),
        ("convertis 3 livres en kilos", 3, "pound", "kilogram"),
        ("combien de minutes dans une heure", 1, "hour", "minute"),
        ("combien d'onces dans 2 livres", 2, "pound", "ounce"),
        ("5 pieds 11 en cm", 71, "inch", "centimeter"),
        ("20 degrés celsius en fahrenheit", 20, "celsius", "fahrenheit"),
        ("100 f en c", 100, "fahrenheit", "celsius"),
        ("10 km/h en miles par heure", 10, "kilometer per hour", "mile per hour"),
        ("un demi-litre en cl", Fraction(1, 2), "liter", "centiliter"),
        ("deux litres et demi en ml", Fraction(5, 2), "liter", "milliliter"),
        ("3 cuillères à soupe en ml", 3, "tablespoon", "milliliter"),
        ("10 m2 en pieds carrés", 10, "square meter", "square foot"),
        ("livres en kilos : 180", 180, "pound", "kilogram"),
        ("3 go en mo", 3, "gigabyte", "megabyte"),
    ],
)
def test_a_conversion_names_the_units_of_the_tool(said: str, value: Fraction, source: str, target: str) -> None:
    asked = conversion(Tokens.text(said, spelled))
    assert asked is not None
    assert (asked.value, asked.from_unit, asked.to_unit) == (value, source, target)


@pytest.mark.parametrize("said", ["5 euros en dollars", "3 km en kilos", "combien de temps", "3 litres"])
def test_what_cannot_be_converted_is_none(said: str) -> None:
    assert conversion(Tokens.text(said, spelled)) is None
