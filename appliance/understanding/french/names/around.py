"""What French people say around a wish, and words that keep a span from being taken."""

from __future__ import annotations

import re

# what stands around any wish
HEAD_WORDS = re.compile(
    r"^(?:(?:h[ée]|hey|ok|okay|salut|bonjour|bonsoir|coucou|euh|heu|alors|bon|dis(?:[ -]moi)?(?: donc)?|eh|ah|oh|"
    r"all[ôo]|assistant|"
    r"ordinateur|homard|excuse-moi|pardon|petite question|une question|[ée]coute|et(?: aussi)?|du coup|sinon|au "
    r"fait|ah oui|tiens|en fait|ben|bah|"
    r"derni[èe]re chose|yo|s'il (?:te|vous) pla[îi]t|stp|svp|allez|juste|vas-y|merci de|du coup|d'abord|ensuite|"
    r"vite fait)[ ,]+(?!quoi\b|que\b))+"
)
TAIL_WORDS = re.compile(
    r"(?:[ ,]+(?:s'?il (?:te|vous) pla[îi]t|stp|svp|merci(?: d'avance| beaucoup)?|maintenant|tout de suite|pour "
    r"moi|ok|l[àa]|hein|quoi|vite|"
    r"si possible|si tu peux|si c'est possible|quand tu (?:peux|as une seconde)|veux-tu|tu veux bien|si tu veux "
    r"bien|steupla[îi]t|s'te pla[îi]t|"
    r"du coup|je crois|mon ami|mon grand|au cas où|encore une fois|vite fait|avant que j'oublie|pour pas que "
    r"j'oublie|d[èe]s que possible|"
    r"parce que je suis fatigu[ée]|je suis press[ée]|j'ai oubli[ée]|j'ai besoin de savoir|t'es le meilleur|ce "
    r"serait super|"
    r"ou quelque chose comme ça|t'es gentil|tu seras gentil|pour ma femme))+(?=[ .!?]*$)"
)
# the player is to do something with what plays: nothing is asked for
CONTROL = re.compile(
    r"\b(?:pause|suivante?|prochaine?|precedente?|d'avant|reprend[sr]?|reprendre|reprenez|continue[rz]?|"
    r"relance[rz]?|arrete[rsz]?|stoppe[rz]?|stop|"
    r"coupe[rz]?|eteins|eteindre|zappe[rz]?|skip|saute[rz]?|taire|interromps|ferme|suspends|rejoue[rz]?|"
    r"recommence[rz]?|change[rz]? de|assez|"
    r"ca suffit|plus de musique|passe (?:a|cette|la|au|ce)|passer (?:a|cette|la|au|ce)|lecture|remets (?:la|le|"
    r"cette) (?:musique|lecture|chanson|morceau))\b"
)
PLAYED = re.compile(r"\b(?:arrete|stop) .* (?:et|puis) (?:mets|joue|lance)\b")
UNKEPT = re.compile(
    r" (?:toutes les|tous les (?:deux|trois|quatre|\d+|mois|ans|quinze)|un jour sur|(?:une|deux|trois|\d+) fois par|"
    r"chaque (?:mois|semaine|heure|ann[ée]e)) "
)
