"""Which time zone the clocks of a place follow. Names of the IANA database come first, then cities and countries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from appliance.tools.builtin.names import folded, spellings
from appliance.tools.builtin.names.places import NAMES

_ARTICLE = re.compile(r"^(?:the|der|die|das|den|dem|le|la|les) |^l'")
# zone: places whose clocks follow it and that the database does not name. A country stands for its capital.
_PLACES: Final[Mapping[str, str]] = {
    "UTC": "utc, gmt, zulu, greenwich",
    "America/New_York": "new york city, nyc, manhattan, brooklyn, boston, washington, washington dc, philadelphia,"
    " miami, atlanta, orlando, charlotte, pittsburgh, cleveland, baltimore, tampa, usa, united states, america,"
    " us east coast, east coast, eastern time, florida, georgia usa, new jersey, massachusetts, virginia",
    "America/Chicago": "dallas, houston, austin, san antonio, new orleans, minneapolis, st louis, kansas city,"
    " milwaukee, memphis, nashville, oklahoma city, texas, illinois, central time",
    "America/Denver": "salt lake city, albuquerque, colorado, utah, mountain time",
    "America/Phoenix": "arizona, tucson",
    "America/Los_Angeles": "la, san francisco, sf, san diego, seattle, portland, las vegas, sacramento, san jose,"
    " oakland, california, nevada, oregon, washington state, west coast, silicon valley, hollywood, pacific time",
    "America/Anchorage": "alaska",
    "Pacific/Honolulu": "hawaii",
    "America/Toronto": "ottawa, montreal, quebec, canada, ontario",
    "America/Vancouver": "british columbia, victoria bc",
    "America/Edmonton": "calgary, alberta",
    "America/Mexico_City": "mexico, guadalajara",
    "America/Sao_Paulo": "brazil, brasilia, rio, rio de janeiro",
    "America/Argentina/Buenos_Aires": "argentina",
    "America/Santiago": "chile",
    "America/Bogota": "colombia, medellin",
    "America/Lima": "peru",
    "America/Caracas": "venezuela",
    "America/Havana": "cuba",
    "Europe/London": "england, united kingdom, uk, great britain, britain, scotland, wales, edinburgh, manchester,"
    " birmingham, glasgow, liverpool, cardiff, oxford, cambridge, bristol, leeds",
    "Europe/Dublin": "ireland, cork",
    "Europe/Lisbon": "portugal, porto",
    "Europe/Madrid": "spain, barcelona, valencia, seville",
    "Europe/Paris": "france, lyon, marseille, nice, toulouse, strasbourg",
    "Europe/Brussels": "belgium, antwerp, bruges, ghent",
    "Europe/Amsterdam": "netherlands, the netherlands, holland, rotterdam, the hague, utrecht",
    "Europe/Berlin": "germany, munich, hamburg, frankfurt, cologne, stuttgart, dusseldorf, leipzig, dresden, hanover,"
    " nuremberg, bremen",
    "Europe/Zurich": "switzerland, geneva, basel, bern, lausanne",
    "Europe/Vienna": "austria, salzburg, graz, innsbruck",
    "Europe/Rome": "italy, milan, naples, florence, venice, turin, bologna",
    "Europe/Prague": "czech republic, czechia, brno",
    "Europe/Warsaw": "poland, krakow, gdansk",
    "Europe/Budapest": "hungary",
    "Europe/Athens": "greece",
    "Europe/Stockholm": "sweden, gothenburg",
    "Europe/Oslo": "norway, bergen",
    "Europe/Copenhagen": "denmark",
    "Europe/Helsinki": "finland",
    "Atlantic/Reykjavik": "iceland",
    "Europe/Kyiv": "ukraine, kiev, lviv, odesa",
    "Europe/Bucharest": "romania",
    "Europe/Sofia": "bulgaria",
    "Europe/Belgrade": "serbia",
    "Europe/Zagreb": "croatia, split",
    "Europe/Moscow": "russia, st petersburg, saint petersburg",
    "Europe/Istanbul": "turkey, ankara, izmir",
    "Africa/Cairo": "egypt",
    "Africa/Casablanca": "morocco, marrakesh, rabat",
    "Africa/Lagos": "nigeria, abuja",
    "Africa/Nairobi": "kenya",
    "Africa/Addis_Ababa": "ethiopia",
    "Africa/Accra": "ghana",
    "Africa/Johannesburg": "south africa, cape town, pretoria, durban",
    "Asia/Jerusalem": "israel, tel aviv",
    "Asia/Dubai": "uae, united arab emirates, abu dhabi",
    "Asia/Riyadh": "saudi arabia, mecca, jeddah",
    "Asia/Qatar": "doha",
    "Asia/Tehran": "iran",
    "Asia/Karachi": "pakistan, lahore, islamabad",
    "Asia/Kolkata": "india, mumbai, bombay, delhi, new delhi, bangalore, bengaluru, chennai, hyderabad, pune, calcutta",
    "Asia/Kathmandu": "nepal",
    "Asia/Dhaka": "bangladesh",
    "Asia/Colombo": "sri lanka",
    "Asia/Yangon": "myanmar",
    "Asia/Bangkok": "thailand, phuket, chiang mai",
    "Asia/Ho_Chi_Minh": "vietnam, hanoi, saigon",
    "Asia/Singapore": "singapore city",
    "Asia/Kuala_Lumpur": "malaysia",
    "Asia/Jakarta": "indonesia",
    "Asia/Makassar": "bali, denpasar",
    "Asia/Manila": "philippines",
    "Asia/Hong_Kong": "hongkong",
    "Asia/Shanghai": "china, beijing, peking, shenzhen, guangzhou, chengdu, wuhan",
    "Asia/Taipei": "taiwan",
    "Asia/Seoul": "korea, south korea, busan",
    "Asia/Tokyo": "japan, osaka, kyoto, yokohama, sapporo",
    "Australia/Sydney": "australia, canberra, new south wales",
    "Australia/Melbourne": "victoria",
    "Australia/Brisbane": "queensland, gold coast, cairns",
    "Pacific/Auckland": "new zealand, wellington, christchurch",
}


def find_zone(place: str) -> tuple[str, ZoneInfo] | None:
    """Return the name to show and the zone of a place; None when it is not known."""
    wanted = folded(place)
    wanted = re.sub(r"^(?:in|at|the city of|en|au|aux|a)\s+", "", wanted)
    names = _names()
    for candidate in (wanted, wanted.partition(",")[0].strip(), _ARTICLE.sub("", wanted)):
        if zone := names.get(candidate):
            return _shown(place), ZoneInfo(zone)
    return None


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    names: dict[str, str] = {}
    for zone in _zones():
        if "/" not in zone or zone.startswith(("Etc/", "posix/", "right/", "SystemV/", "US/")):
            continue
        names[folded(zone)] = zone
        names.setdefault(folded(zone.rsplit("/", 1)[-1]), zone)
    for zone, places in _PLACES.items():
        names |= {folded(place): zone for place in places.split(",")}
    for english, others in NAMES.items():
        for name in others.split("|"):
            for spelling in spellings(name):
                if english in names:  # not every system has the older names of zones
                    names.setdefault(spelling, names[english])
    return names


def _zones() -> list[str]:
    """Return the names of all zones. The list of the package is one small file; walking the system's takes 50 ms."""
    try:
        listed = resources.files("tzdata").joinpath("zones").read_text().split()
    except (ModuleNotFoundError, OSError):
        listed = []
    return sorted(listed or available_timezones())


def _shown(place: str) -> str:
    """Show a place as a person would: `new york` is New York; a zone shows its city."""
    name = " ".join(place.strip(" .?!").rsplit("/", 1)[-1].replace("_", " ").split())
    if name.lower() in ("utc", "gmt", "uk", "usa", "us", "uae", "nyc", "la", "sf"):
        return name.upper()
    return name if name != name.lower() else re.sub(r"(?<![^\s-])[a-z]", lambda match: match.group().upper(), name)
