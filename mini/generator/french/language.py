"""French things, names and manners, put together from the definitions of phrases/fr/shared.txt."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable

from mini.generator.french.fillers import AMOUNT_FILLERS
from mini.generator.french.measures import MEASURE_FILLERS
from mini.generator.french.moments import TIME_FILLERS
from mini.generator.french.tidy import tidy
from mini.generator.tongue import Filler, Noise, Tongue

_PARTITIVE = re.compile(r"^(?:du|de la|de l'|des|une?|les?|la)\s*(?=\S)")
_AMOUNTS = tuple(
    "un paquet de|une bouteille de|deux|2|trois|6|une boîte de|2 kilos de|un litre de|500 g de|une douzaine de|un "
    "sac de|"
    "un pot de|encore|plus de|une brique de|2 paquets de|un kilo de|quelques|un peu de|3 bouteilles de|"
    "un pack de".split("|")
)
_BEFORE = tuple(
    "je vais commencer à cuisiner|je vais me coucher|j'ai les mains pleines|je suis en voiture|avant que j'oublie|"
    "tant que j'y pense|pendant que je suis là|au fait|vite fait|si ça te dérange pas|une petite chose|je me demandais|"
    "par curiosité|quand tu auras une seconde|je suis pressé|la journée a été longue|j'oublie tout le temps|"
    "les enfants demandent|on a des invités|je viens de rentrer|je suis au magasin|je pars bientôt|dernière chose|"
    "je suis pas sûr|je cuisine|je suis au travail|tu sais quoi|d'abord|ensuite|je suis de retour|bonjour toi|"
    "désolé de te déranger|j'ai besoin de toi|bon on y va".split("|")
)
_AFTER = tuple(
    "avant que j'oublie|pour pas que j'oublie|parce que je suis fatigué|merci d'avance|quand tu as une seconde|"
    "si c'est possible|vite fait|si tu veux bien|si tu peux|je suis pressé|j'ai besoin de savoir|pour ma femme|"
    "j'ai oublié|au cas où|encore une fois|t'es le meilleur|dès que possible|tout de suite|mon ami|mon grand|je crois|"
    "ce serait super|ou quelque chose comme ça|hein|là|du coup|quoi|t'es gentil|merci beaucoup|tu seras gentil".split(
        "|"
    )
)


def compose(named: Callable[[str], Filler]) -> dict[str, Filler]:
    """Return the kinds that are made of shared definitions."""

    def either(*names: str) -> Filler:
        return lambda rng: named(rng.choice(names))(rng)

    thing = either("food", "food", "goods")

    def item(rng: random.Random) -> str:
        text, pick = thing(rng), rng.random()
        if pick < 0.55:
            return text
        bare = _PARTITIVE.sub("", text)
        if pick < 0.76:
            return bare
        if pick < 0.82 and text.startswith(("du ", "de la ", "des ")):
            return ("le " if text.startswith("du ") else "la " if text.startswith("de la ") else "les ") + bare
        return f"{rng.choice(_AMOUNTS)} {bare}"

    def items(rng: random.Random) -> str:
        pick = rng.random()
        if pick < 0.58:
            return item(rng)
        if pick < 0.62:
            return task(rng)
        several = [item(rng) for _ in range(rng.choice([2, 2, 2, 3, 3, 4]))]
        head = (rng.choice([", ", ", ", " "]) if len(several) > 2 else " et ").join(several[:-1])
        return head + rng.choice([" et ", " et ", " et ", " & ", " ainsi que ", " puis "]) + several[-1]

    task = either("chore", "chore", "contact", "contactx")
    ends = "approche|commence|c'est bientôt|est demain|a lieu|va commencer".split("|")

    def thatfact(rng: random.Random) -> str:
        return f"{named('event')(rng)} {rng.choice(ends)}"

    def notetopic(rng: random.Random) -> str:
        return rng.choice([named("topic"), named("event"), task])(rng)

    return {
        "item": item,
        "items": items,
        "oneitem": item,
        "task": task,
        "name": named("person"),
        "thatfact": thatfact,
        "notetopic": notetopic,
    }


def _among(options: str) -> Filler:
    values = options.split("|")
    return lambda rng: rng.choice(values)


_THINGS: dict[str, Filler] = {
    "todo": _among("tâches|tâches|choses à faire|corvées|trucs à faire|travail|ménage"),
    "todolist": _among("to-do list|todo list|to do list|todolist|to-do|todo"),
    "shopping": _among("courses|courses|courses|courses|commissions|achats"),
    "grocery": _among("épicerie|épicerie|achats|emplettes"),
    "store": _among(
        "carrefour|lidl|ikea|leclerc|la pharmacie|delhaize|migros|coop|castorama|monoprix|le boucher|picard"
    ),
    "guests": _among("invités|cadeaux|cartes de voeux|invitations"),
    "media": _among("films|films à voir|livres|livres à lire|séries|lecture|musique|jeux|podcasts|envies"),
    "title": _among(
        "matrix|dune|le petit prince|inception|les misérables|intouchables|amélie poulain|le seigneur des anneaux|"
        "la reine des neiges|parasite|1984|germinal|lupin|casablanca|l'étranger|top gun|la peste|bienvenue chez "
        "les ch'tis|"
        "astérix|tintin|zelda|kaamelott|le dîner de cons|la haine|candide|le comte de monte-cristo"
    ),
    "onechore": _among(
        "la lessive|la vaisselle|l'aspirateur|les courses|les devoirs|le repassage|le jardinage|les impôts|le ménage|"
        "la vidange|le pressing|la coupe de cheveux|les factures|la cuisine|la valise|la poussière|les vitres|les "
        "papiers|"
        "les mails"
    ),
    "eventbare": _among(
        "anniversaire|dentiste|réunion|examen|vol|entretien|spectacle|mariage|date limite|fête|concert|visite médicale|"
        "répétition|contrôle technique|loyer|poubelles|vaccin|courses|médicaments|coiffeur"
    ),
    "appt": _among(
        "rendez-vous chez le dentiste|rendez-vous chez le médecin|une réunion|un examen|un entretien|cours de "
        "piano|foot|"
        "dentiste|un rendez-vous|une visio|un train à prendre|piscine|rdv chez le coiffeur|une livraison|un vol"
    ),
    "rdv": _among("dentiste|médecin|kiné|coiffeur|avec le prof|banque|garage|chez l'ophtalmo|préfecture|ostéo"),
    "device": _among(
        "la télé|l'enceinte|l'enceinte du salon|la sono|la barre de son|la radio|les enceintes|le haut-parleur|"
        "la chaîne hifi|la sonos|l'ampli|les haut-parleurs|la tv|l'enceinte de la cuisine|la télévision"
    ),
    "roombare": _among("salon|cuisine|chambre|salle de bain|couloir|bureau|garage|entrée|terrasse|balcon|grenier|cave"),
    "color": _among(
        "bleu|rouge|vert|jaune|orange|violet|rose|blanc|blanc chaud|blanc froid|turquoise|mauve|bleue|rouge|verte|"
        "blanche|"
        "violette|cyan|magenta|or|doré|lavande|blanc|bleu|rouge|blanc neutre|lumière du jour|rouges|bleues|vertes|ambre"
    ),
}


def _invented(rng: random.Random) -> str:
    """Return a word that sounds French."""
    parts = (
        "ba be bi bou bra cha che co cra da de di dou dra fa fi flo ga gui gra ja jo ju ka la le li lou ma mé mi "
        "mo na né ni "
        "nou pa pé pi plo ra ré ri rou sa sé chi so ta té ti to tra va vé vi vou qui gno"
    ).split()
    ends = "n|r|s|t|l|c|x|ette|ou|on|in|ard|eau|y|e|é|age|ier|ot|euse".split("|")
    return "".join(rng.choice(parts) for _ in range(rng.choice([1, 2, 2, 3]))) + rng.choice(ends)


def plain(text: str) -> str:
    """Return the sentence without accents, as hurried people type it; now and then apostrophes become spaces."""
    flat = "".join(c for c in unicodedata.normalize("NFD", text.replace("œ", "oe")) if not unicodedata.combining(c))
    # half of the sentences, told by their length: the tidy sentence has no dice of its own
    return flat.replace("'", " ") if len(text) % 3 == 0 else flat


LANGUAGE = Tongue(
    tag="fr",
    fillers={**AMOUNT_FILLERS, **TIME_FILLERS, **MEASURE_FILLERS, **_THINGS},
    compose=compose,
    strange=(
        "item", "items", "oneitem", "task", "topic", "topicshort", "label", "alabel", "listname", "fact", "event",
        "place",
        "what", "scene", "room",
    ),
    invented=_invented,
    closers=(
        "s'il te plaît", "s'il te plaît", "merci", "stp", "svp", "s'il vous plaît", "maintenant", "tout de suite",
        "pour moi", "ok",
    ),
    before=_BEFORE,
    after=_AFTER,
    joints=(" et ", " et ", " et puis ", " puis ", ", ", " et aussi ", ". ", " et ensuite ", " après "),
    asking=re.compile(
        r"(qu|quel|quelle|quels|quelles|comment|quand|où|qui|quoi|pourquoi|combien|est-ce|c'est quoi|à quelle|tu peux|"
        r"peux-tu|pourrais|il y a|y a|t'as|tu as|as-tu|j'ai quoi|est-il|dans combien|pouvez|pourriez|ai-je)\b"
    ),
    noise=Noise(
        neighbours=dict(
            pair.split(":")
            for pair in (
                "a:zq z:ae e:zr r:et t:ry y:tu u:yi i:uo o:ip p:om q:as s:qd d:sf f:dg g:fh h:gj j:hk k:jl l:km "
                "m:lp w:x "
                "x:wc c:xv v:cb b:vn n:b é:eè è:eé ê:e à:a ç:c"
            ).split()
        ),
        droppable=frozenset(
            "le la les un une de du des me moi mon ma mes à ce que qu' s'il te plaît est-ce pour en y".split()
        ),
        fillers=(
            "euh", "genre", "bah", "ben", "juste", "peut-être", "vite", "aussi", "encore", "alors", "donc", "bon",
            "heu",
        ),
        short={
            "s'il": "sil", "plaît": "plait", "demain": "2main", "minutes": "min", "quelle": "kel", "quoi": "koi",
            "pour": "pr",
            "que": "ke", "est-ce": "est ce", "aujourd'hui": "aujourdhui", "beaucoup": "bcp", "rendez-vous": "rdv",
            "tu": "t", "quand": "qd", "dans": "ds", "c'est": "c", "j'ai": "g", "vous": "vs", "toujours": "tjs",
            "rappelle-moi": "rapelle moi", "réveille-moi": "reveil moi", "rappelle": "rapelle", "minuteur": "minuter",
            "musique": "zik", "week-end": "weekend", "lumière": "lumiere", "ajoute": "ajoutes", "mets": "met",
            "éteins": "éteint", "allume": "allumes", "supprime": "suprime", "efface": "éface", "courses": "course",
            "appeler": "apeler", "liste": "list", "calcule": "calcul", "combien": "cb", "demande": "dmd",
            "fais": "fait",
        },
        plain=plain,
    ),
    conditions=(
        "s'il pleut", "s'il ne pleut pas", "quand je rentre", "quand je pars de la maison", "quand maman appelle",
        "si je suis en retard", "sauf si c'est férié", "dès que le four est chaud", "une fois que les enfants dorment",
        "s'il y a des bouchons", "quand la machine est terminée", "après la fin du film", "avant que mon avion parte",
        "si personne n'est à la maison", "chaque fois que j'ouvre la porte", "si la température descend",
        "selon la météo",
        "si mon chef appelle", "seulement si je ne l'ai pas encore fait", "quand le soleil se couche",
        "si je ne réponds pas", "et préviens marie", "et envoie-le moi par mail", "et dis-le à tout le monde",
        "et commande-le en ligne", "et envoie-moi un sms quand c'est fait", "à chaque fois qu'on sonne",
        "quand tu vois mon téléphone", "si c'est moins cher que la semaine dernière", "quand le match commence",
        "dès que j'arrive au bureau", "et partage ça avec julien", "et imprime-la", "si le magasin est ouvert",
        "et explique-moi pourquoi", "quand il fait nuit", "si quelqu'un est dans le salon", "et appelle un taxi",
    ),
    frames=(
        "que se passe-t-il si je dis {}", "comment dit-on {} en anglais", "traduis {} en espagnol", "il m'a dit de {}",
        "pourquoi je ne peux pas juste dire {}", "que veut dire {}", "j'ai entendu quelqu'un dire {}",
        "demande à anna de {}", "dis à julien de {}", "ma femme a dit {}", "est-ce que tu as déjà {}",
        "pourquoi tu as {}", "ne {} pas", "surtout ne {} pas", "je me demande si siri peut {}",
        "écris une histoire où quelqu'un dit {}", "elle a oublié de {}", "c'est grave de {}", "est-ce qu'alexa peut {}",
        "qu'est-ce qui se passerait si je disais {}", "combien de fois j'ai dit {}", "je ne devrais pas avoir à {}",
        "explique pourquoi les gens disent {}", "il existe une appli pour {}", "avant je pouvais {}",
        "envoie un mail à mon chef pour {}", "écris à papa de {}", "écris du code python pour {}",
        "comment un programme peut {}", "chante une chanson sur {}", "ne {} pas encore", "{} c'est ce qu'il a dit",
        "le panneau disait {}", "je ne veux pas que tu dises {}", "je ne t'ai jamais demandé de {}",
        "qui t'a dit de {}", "comment on écrit {}", "il a crié {}", "que répond google si je dis {}",
        "corrige la phrase {}", "mon fils répète tout le temps {}", "faut-il payer pour {}",
    ),
    tidy=tidy,
)  # fmt: skip
