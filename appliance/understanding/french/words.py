"""The French words that the shared builders look for."""

from __future__ import annotations

import re

from appliance.understanding.french.names.places import place
from appliance.understanding.french.names.whens import when_ends
from appliance.understanding.french.spelling import either, fold
from appliance.understanding.languages import HomeWords, Words
from appliance.understanding.refusals.french import REFUSED

_FRONT = either(r"^(?:(?:de|que|à|pour|d|qu)\s+(?=\S)|d'|qu'(?!il|elle|on|un))")
HOME = HomeWords(
    up=either(
        r"\b(?:montes?|monter|mont le|gonfle[rs]?|fais péter|plu for|montez|remonter?|augmente[rsz]?|augmentez|"
        r"hausser?|pousser?|plus (?:fort|forte|clair|"
        r"claire|"
        r"lumineux|vive?s?|haut|haute|de (?:lumière|son|volume|clarté))|lève|intensifier?|éclaircis|davantage|trop "
        r"(?:bas|basse|"
        r"sombre|noir|faible)|pas assez (?:fort|forte|de lumière)|entends? (?:rien|pas)|on n'y voit rien|on voit "
        r"rien)\b"
    ),
    down=either(
        r"\b(?:baisse[rsz]?|bais le|redescends|moins (?:foo+rt|for\b|clair|d'intensité)|trop élevé|mal aux yeux|"
        r"tro fort|"
        r"chuchote[sz]?|pa ass fort|"
        r"baissez|rabaisser?|diminue[rsz]?|diminuez|réduis|réduire|réduisez|descends|tamise[rs]?|"
        r"assombris|"
        r"moins (?:fort|forte|de|vive|vives|lumineux|haut)|plus (?:bas|basse|doux|douce|doucement|faible|sombre|"
        r"douces|sombres)|"
        r"trop (?:fort|forte|lumineux|clair|éblouissant|vive)|un peu fort|pas (?:si|aussi) fort|adoucis|hurle|"
        r"atténue)\b"
    ),
    much=either(r"\b(?:beaucoup|bien plus|nettement|vraiment|carrément|largement|très|bcp)\b"),
    little=either(r"\b(?:(?:un|tout) (?:petit )?peu|un poil|légèrement|un chouïa|un tantinet|une touche|un cran)\b"),
    most=either(
        r"\b(?:à fond|à donf|au max(?:imum)?|maximum|à bloc|pleine puissance|au plus (?:haut|fort)|plein pot|tout "
        r"en haut|max)\b"
    ),
    least=either(r"\b(?:au min(?:imum)?|minimum|au plus bas|tout bas|à zéro|le plus bas possible|au plus faible)\b"),
    half=either(r"\b(?:moitié|volume moyen|mi-(?:volume|hauteur|puissance|intensité))\b"),
    by=re.compile(r"\b(?:de|d|encore) ?$"),
    mute=either(
        r"\b(?:muet|sourdine|mute|silence|silencieux|(?:coupe[rsz]?|coupez|éteins|éteindre|enlève[rs]?|enlever|"
        r"désactive[rs]?|"
        r"vire[rs]?) (?:tout )?le (?:son|volume)|pas de son|plus de son|plus un bruit|plus aucun son)\b"
    ),
    unmute=either(
        r"\b(?:(?:remets|remettre|réactive[rs]?|réactiver|rétablis|rétablir|rends|redonne|"
        r"rallume)(?:[ -]moi)? (?:le |"
        r"du )(?:son|volume)|"
        r"(?:enlève|désactive|retire|sors de|quitte|enlever|désactiver|retirer|coupe) (?:la |le )?(?:mode "
        r")?(?:sourdine|muet|mute|"
        r"silencieux)|démute|unmute)\b"
    ),
    on=either(
        r"\b(?:allume[rsz]?|allumez|rallume[rsz]?|allumée?s?|ouvre|ouvrir|active[rs]?|enclenche[rs]?|mets|mettre|"
        r"met|mettez|on|soit|"
        r"fais|il fait (?:noir|sombre)|fait noir|voi[st] (?:plus )?rien|veilleuse|clarté|lum|alum|lumières?|"
        r"éclairage|éclaire[rsz]?|lampes?)\b"
    ),
    off=either(
        r"\b(?:éteins|rééteins|étin|éteindre|éteignez|éteignes|éteint|éteind|éteinte?s?|coupe[rsz]?|couper|"
        r"ferme[rsz]?|fermer|"
        r"désactive[rs]?|off|"
        r"plus de lumière s'il|arrête[rs]?)\b"
    ),
    colors={
        "blanc chaud": "warm white",
        "blanche chaude": "warm white",
        "blanc chaude": "warm white",
        "chaude": "warm white",
        "chaud": "warm white",
        "chaleureuse": "warm white",
        "chaleureux": "warm white",
        "chaudes": "warm white",
        "blanc froid": "cool white",
        "froide": "cool white",
        "blanche froide": "cool white",
        "lumiere du jour": "cool white",
        "froid": "cool white",
        "blanc neutre": "white",
        "rouge": "red",
        "rouges": "red",
        "orange": "orange",
        "oranges": "orange",
        "ambre": "orange",
        "ambree": "orange",
        "jaune": "yellow",
        "jaunes": "yellow",
        "dore": "yellow",
        "doree": "yellow",
        "vert": "green",
        "verte": "green",
        "vertes": "green",
        "verts": "green",
        "turquoise": "turquoise",
        "cyan": "turquoise",
        "bleu": "blue",
        "bleue": "blue",
        "bleues": "blue",
        "bleus": "blue",
        "bleu ciel": "blue",
        "violet": "purple",
        "violette": "purple",
        "violettes": "purple",
        "mauve": "purple",
        "lavande": "purple",
        "lilas": "purple",
        "pourpre": "purple",
        "indigo": "purple",
        "rose": "pink",
        "roses": "pink",
        "magenta": "magenta",
        "fuchsia": "magenta",
        "blanc": "white",
        "blanche": "white",
        "blanches": "white",
        "blancs": "white",
        "en or": "yellow",
    },
    actions=(
        (
            "previous",
            either(
                r"\b(?:précédente?|d'avant|reviens en arrière|reviens à|revenir à|retourne (?:à|en)|retour|celle "
                r"d'avant)\b|"
                r"\b(?:rejoue[rs]?|rejouer|recommence[rs]?|recommencer|depuis le début|du début)\b"
            ),
        ),
        (
            "next",
            either(
                r"\b(?:suivante?|prochaine?|passe(?:r)? (?:à|cette|ce|la|au|le)|saute[rs]?|sauter|change[rs]? (?:de|"
                r"la)|changer (?:de|la)|"
                r"zappe[rs]?|zapper|next|skip|avance à|une autre|autre (?:chanson|morceau|musique|titre)|passe)\b(?! "
                r"(?:moi|du|de la|des|un)\b)"
            ),
        ),
        (
            "resume",
            either(
                r"\b(?:reprends|reprendre|reprenez|reprise|relance[rsz]?|relancer|continue[rsz]?|continuer|remets|"
                r"remettre|redémarre[rs]?|"
                r"redémarrer|enlève la pause|là où on|lecture$)\b"
            ),
        ),
        ("pause", either(r"\b(?:pause|suspends|suspendre|un instant)\b")),
        (
            "stop",
            either(
                r"\b(?:arrête[rsz]?|arrêter|arrêtez|stoppe[rsz]?|stopper|stop|coupe[rsz]?|couper|éteins|éteindre|"
                r"éteignez|taire|"
                r"interromps|ferme|plus de musique|assez|fini|ça suffit)\b"
            ),
        ),
        (
            "play",
            either(
                r"\b(?:mets?|mettez|mettre|mettes|joue[rsz]?|jouez|lance[rsz]?|lancer|balance|écoute[rsz]?|écouter|"
                r"entendre|diffuse[rs]?|"
                r"démarre|démarrer|passe|branche|allume[rsz]?|allumer|envoie|musique|radio|envie|veux|voudrais|partir|"
                r"play|lecture|zik)\b"
            ),
        ),
    ),
    anything=either(
        r"^(?:l'|d')?(?:(?:de|la|le|les|du|des|un|une|peu|ma|mon|cette|ce|quelque|bonne|petite|en|moi|nous|mes)\s+|"
        r"d'|l')*"
        r"(?:musiques?|musik|chansons?|son|zik|chose|trucs?(?: sympa)?|morceaux?|titres?|radio|lecture|podcast|"
        r"album|playlist|"
        r"livre audio|vidéo|film|pause|pause la musique|ça|ceci|poste|marche|route|écouter|suivante?|précédente?|"
        r"du son)?"
        r"(?:\s+(?:sympa|s'il te plaît|maintenant|en pause|en marche|en route|en lecture))*$"
    ),
)

_VETO = re.compile(
    r"\b(?:à condition que|sauf si|à moins que|selon la météo)\b|"
    r"\b(?:si|s') ?(?:il (?:pleut|fait|neige|y a)|ne |je |j'|elle |on |mon |ma |le |la |personne|quelqu'un|les )|"
    r"\b(?:quand|dès que|une fois que|chaque fois que|tant que|lorsque|pendant que|jusqu'à ce que|"
    r"avant que|après que) "
    r"(?:je (?!suis là)|j'(?!y pense|oublie)|il |elle |on |mon |ma |mes |le (?!minuteur)|la |les (?!\w+ minutes)|maman|"
    r"papa|marie|quelqu'un)|"
    r"\bet (?:puis |ensuite |aussi )?(?:dis|dis-le|envoie|envoie-\w+|préviens|appelle(?![- ](?:le|la|les)\b)|commande|"
    r"commande-\w+|achète|partage|écris à|explique|traduis|imprime\S*|réserve)\b|"
    r"^(?:\W|s'il te plaît,? |hey |ok |alors |et )*(?:(?:dis|demande|écris|envoie|téléphone) (?:à|au|aux) |"
    r"(?:comment (?:on|je|tu|faire|mettre|régler|créer|ajouter|supprimer|éteindre|changer|annuler)|pourquoi|qui|"
    r"que (?:veut|se)|traduis|imagine|explique|est-ce qu'alexa|surtout pas)\b)"
)

WORDS = Words(
    all=frozenset({"tous", "toutes", "chaque"}),
    bare=either(
        r"^(?:(?:le|la|les|mon|ma|mes|notre|nos|un|une|du|des|de|au|aux|à|en|cette|ce|d|l|pour|votre)\s+|"
        r"l'|d')+"
    ),
    item_articles=either(
        r"^(?:(?:faudra|il faut|faut|(?:papa|maman) veut|attends|j'ai oublié|j'ai envie|ça serait bien d'avoir|"
        r"prendre|du|de la|de l|des|de|d|le|la|les|un|une|mon|ma|mes|encore|"
        r"aussi|également|plus|quelques|un peu|le "
        r"prochain)\s+|"
        r"de l'|l'|d')+"
    ),
    item_joint=either(r"\s+(?:et|&|ainsi que|ainsi qu'|puis)\s+(?:aussi\s+|puis\s+)?|\s+ainsi qu'"),
    event=either(
        r"\b(?:quand|lorsque|dès que|dès qu'|une fois que|si|jusqu'à ce que|avant que|après que|pendant que|tant "
        r"que|lorsqu'|lorsqu) ?"
        r"(?:je|j'|on|il|elle|ils|elles|tu|nous|vous|le|la|les|l'|mon|ma|mes|maman|papa|[a-z]+ (?:arrive|rentre|"
        r"appelle|est|vient))\b"
    ),
    others=either(
        r"\b(?:rappelle[rsz]?|rappelez|rappeler|dis|préviens)[ -](?:à|aux?|leur|lui)\b(?! (?:\d|midi|minuit|quelle|"
        r"une heure|l'heure))"
    ),
    reminders=either(r"\b(?:rappels|pense-bêtes)\b"),
    time_hints=frozenset(
        "quand jusque jusqu mois annee an tard avant apres bientot des lorsque chaque tous toutes paques pentecote "
        "ascension "
        "trimestre rentree ete hiver printemps automne dernier tantot".split()
    )
    - {"tous", "toutes"},
    fill=frozenset(
        "a au aux de d en dans avant ce cet cette pour vers il est sera sont a environ a | , . ? ! s te vous plait "
        "merci stp svp que qu et autour par maintenant ici midi' ' hui prochain -".split()
    )
    | {"soir", "matin", "nuit", "soiree", "matinee", "h"},
    shared_parts=frozenset({"soir", "matin", "nuit", "midi", "aprem", "apres"}),
    waking=frozenset({"reveille", "reveiller", "reveillez", "reveilles", "leve", "lever", "debout", "lit", "reveil"}),
    ringing=frozenset("alarme alarmes sonne sonner sonnes reveils reveillez".split()),
    the_list=either(
        r"\blistes?\b(?! (?:de |des |du |d'|pour |à (?!zéro|vider)|qui ))|\b(?:raye[rsz]?|coche[rsz]?|barre[rsz]?|"
        r"biffe[rsz]?) "
        r"tout$|\btous les (?:articles|trucs)\b"
    ),
    item_tail=either(
        r",? (?:mets|note|inscris|ajoute|rajoute|écris|marque)[- ](?:les?|la|en|ça)\b.*$|"
        r" (?:est|sont) (?:vide|fini|terminé|épuisé)e?s?\b.*$"
    ),
    no_query=frozenset("note notes tout toutes la dernière hier".split()),
    no_text=either(r"^(?:quotidien|vocal|que je|dernier)\b.*$|, (?:j'ai|c'est|on a|supprime|annule)\b.*$"),
    query_tail=either(r",? (?:supprime|efface|jette|vire|enlève|retire)[-\w]*\b.*$| (?:est|sont|peut|peuvent) .*$"),
    so=frozenset({"donc", "alors"}),
    counted_from=frozenset({"depuis"}),
    after_bare=frozenset("pour et stp svp merci s maintenant c le la les".split()),
    date_words=frozenset("date jour mois annee semaine saison combien".split()),
    day_words=frozenset({"date", "jour"}),
    time_words=frozenset("heure heures tard tot horloge montre nuit minuit midi matin soir".split()),
    when_ends=when_ends,
    shopping=either(
        r"\b(?:acheter|racheter|courses|commissions|magasin|supermarché|épicerie|marché|ramener|emplettes|prendre "
        r"(?:chez|au))\b"
    ),
    home=HOME,
    default_list="courses",
    veto=_VETO,
    refused=REFUSED,
    place=place,
    text=lambda said: _FRONT.sub("", said),
    compared=frozenset({"que"}),
)

_LIST = re.compile(
    r"\bliste (?:(?:de|des|du|d|pour|pour le|pour la|pour les|la|a) )*(?:l |la |les )?([\w'-]+(?: a [\w'-]+| "
    r"[\w'-]+ing)?)"
)
_NAMED = re.compile(r"\b(courses|commissions|taches|to-?do(?:[ -]?list)?|to do(?: list)?|todolist|corvees)\b")
_NOT_NAMES = frozenset(
    "s stp svp merci il et avec que qui a de la le les des ma mon vide contient est sinon aussi tout svp "
    "maintenant pour y c'est c est au avant dit deja entiere je lentement ou vider peut zero que j "
    "dis montre affiche si quand tu te en sur dans plait vierge doit peut noire complete".split()
)
_TODO = re.compile(r"^(?:to[ -]?do(?:[ -]?list)?|todolist|todo)$")


def list_name(said: str | None, outside: str) -> str | None:
    """Return the name of the list that was named, in the copied words or in those around the items, in lower case."""
    name = said
    if name is None:
        flat = fold(outside.lower()).replace("| ", "")
        named = _NAMED.search(flat)
        found = _LIST.search(flat)
        name = found[1] if found and found[1] not in _NOT_NAMES else named[1] if named else None
    if name is None:
        return None
    name = re.sub(r"^listes? ", "", WORDS.bare.sub("", name.lower()).strip(" .,!?:;\"'"))
    name = WORDS.bare.sub("", name)
    return ("to-do" if _TODO.match(fold(name)) else _WRITTEN.get(name, name)) or None


# words that lost their accents in the cut, as they are written
_WRITTEN = {
    "taches": "tâches", "corvees": "corvées", "epicerie": "épicerie", "noel": "noël", "marche": "marché",
    "menage": "ménage",
    "fete": "fête", "course": "courses", "idees": "idées", "invites": "invités", "supermarche": "supermarché",
    "series": "séries", "bebe": "bébé", "choses a faire": "choses à faire", "a faire": "à faire",
    "trucs a faire": "trucs à faire",
}  # fmt: skip
