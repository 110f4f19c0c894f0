"""Cities and countries whose French names the clock does not know, under their English names."""

from __future__ import annotations

from appliance.understanding.french.spelling import fold

_ENGLISH = dict(
    pair.split(":")
    for pair in (
        "londres:london|pekin:beijing|le caire:cairo|caire:cairo|athenes:athens|vienne:vienna|geneve:geneva|berne:bern|"
        "bale:basel|bruxelles:brussels|anvers:antwerp|gand:ghent|liege:brussels|namur:brussels|charleroi:brussels|"
        "lisbonne:lisbon|copenhague:copenhagen|varsovie:warsaw|moscou:moscow|barcelone:barcelona|seville:seville|"
        "milan:milan|"
        "florence:florence|venise:venice|naples:naples|munich:munich|francfort:frankfurt|cologne:cologne|"
        "hambourg:hamburg|"
        "cracovie:krakow|saint-petersbourg:moscow|edimbourg:edinburgh|kiev:kyiv|bucarest:bucharest|singapour:singapore|"
        "dubai:dubai|bombay:mumbai|manille:manila|hanoi:hanoi|seoul:seoul|teheran:tehran|alger:algiers|le "
        "cap:johannesburg|"
        "beyrouth:beirut|tananarive:antananarivo|pointe-a-pitre:guadeloupe|fort-de-france:martinique|noumea:noumea|"
        "papeete:tahiti|montreal:montreal|quebec:quebec|nouvelle-orleans:new orleans|la havane:havana|"
        "mexico:mexico city|"
        "bogota:bogota|hawai:hawaii|hawaii:hawaii|casablanca:casablanca|rabat:casablanca|marrakech:casablanca|"
        "yaounde:douala|bale:basel|zurich:zurich|lausanne:lausanne|nice:nice|bordeaux:france|lille:france|"
        "nantes:france|"
        "japon:japan|canada:canada|bresil:brazil|mexique:mexico|maroc:casablanca|royaume-uni:united kingdom|"
        "senegal:dakar|cameroun:douala|liban:beirut|danemark:denmark|vietnam:vietnam|perou:peru|chili:chile|"
        "france:france|belgique:belgium|suisse:switzerland|italie:italy|espagne:spain|allemagne:germany|"
        "chine:china|inde:india|"
        "russie:russia|australie:australia|angleterre:england|irlande:ireland|grece:greece|turquie:turkey|"
        "tunisie:tunis|"
        "algerie:algiers|egypte:egypt|thailande:thailand|coree du sud:south korea|coree:south korea|"
        "argentine:argentina|"
        "colombie:colombia|nouvelle-zelande:new zealand|suede:sweden|norvege:norway|finlande:finland|pologne:poland|"
        "californie:california|floride:florida|nouvelle-caledonie:noumea|polynesie:tahiti|cote d'ivoire:abidjan|"
        "autriche:austria|hongrie:hungary|ecosse:scotland|roumanie:romania|ukraine:ukraine|islande:iceland|"
        "indonesie:indonesia|afrique du sud:south africa|guyane:cayenne|portugal:portugal|luxembourg:luxembourg|"
        "kenya:kenya|"
        "etats-unis:united states|usa:usa|pays-bas:netherlands|hollande:netherlands|republique tcheque:czech republic|"
        "croatie:croatia|bulgarie:bulgaria|serbie:serbia|philippines:philippines|arabie saoudite:saudi arabia|"
        "emirats:dubai|la reunion:reunion|reunion:reunion|martinique:martinique|guadeloupe:guadeloupe|"
        "texas:texas|new york:new york|los angeles:los angeles|san francisco:san francisco|ile maurice:mauritius"
    ).split("|")
)


def place(said: str) -> str:
    """Return the English name of a place, or the words as they were said."""
    return _ENGLISH.get(fold(said.lower()).strip(" .,!?"), said).title() if fold(said.lower()) in _ENGLISH else said
