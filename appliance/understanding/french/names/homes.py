"""Where rooms, devices, music and scenes stand in a French wish. Patterns are for text without accents."""

from __future__ import annotations

_ART = r"(?:l'|d'|(?:le|la|les|mon|ma|mes|notre|nos|du|de|des|au|aux|un|une|cette|ce|l|d) )*"
_END = (
    r"(?:[ ,]+(?:s'?il (?:te|vous) (?:plait|plais)|sil (?:te|vous) plait|stp|svp|merci(?: d'avance| beaucoup)?|"
    r"maintenant|"
    r"tout de suite|pour moi|ok|steuplait|s'te plait|la|hein|vite|si possible|si tu peux|quand tu peux|veux-tu|"
    r"tu veux bien|en ce moment|du coup|quoi|un peu|partout))*[ .!?]*$"
)
_ROOMS = (
    r"salon|sejour|cuisine|chambre|chambres|salle de bains?|salle a manger|salle de jeux|salle de sport|salle|couloir|"
    r"bureau|garage|entree|cave|terrasse|grenier|balcon|jardin|veranda|toilettes?|wc|etage|rez-de-chaussee|sous-sol|"
    r"buanderie|dressing|escaliers?|atelier|hall|palier|mezzanine|bibliotheque|cellier|cagibi|placard|garde-manger|"
    r"douche|studio|appartement|appart|maison|cour|allee|piscine|patio|porche|remise|abri|combles|piece|living|"
    r"chambrette|boudoir|loggia|vestibule|corridor|loft|cabanon|serre|haut|bas"
)
_MORE = (
    r"(?: (?:des? (?:enfants|petits|parents|amis|invites|bebe)|d'amis|du (?:bebe|haut|bas|fond|petit|grand)|de "
    r"[a-z'-]+(?! a\b)|"
    r"principale?|parentale?|du [a-z'-]+|d'[a-z'-]+))?"
)
ROOM = rf"(?:(?:petite? |grande? |premier |deuxieme )?(?:{_ROOMS})\b)"
_WIDE = (
    rf"(?:{ROOM}(?: (?:des (?:enfants|parents|petits|invites)|d'amis|du bebe|du (?:haut|bas|fond)|parentale|"
    rf"principale|de (?!lundi|noel)[a-z-]+))?)"
)
DEVICE = (
    r"(?:(?:enceintes?|haut-parleurs?|hauts-parleurs|television|tele|tv|radio|chaine hi-?fi|chaine|sono|barre de son|"
    r"sonos|ampli|amplificateur|casque|ecouteurs|stereo|homepod|chromecast|ordinateur|soundbar|speaker|bose|"
    r"poste(?: de radio)?)"
    rf"(?: (?:du|de la|des|de l'|de) ?(?:{_ROOMS}))?)"
)
_LAMP = (
    r"(?:(?:lampes?|spots?|leds?) (?:de |du |d'|a )(?:chevet|bureau|salon|lave|table|nuit|sapin|pied|noel|lecture|"
    r"tete de lit|sel)|"
    r"(?:veilleuse|lampadaire|plafonnier|guirlande|ruban led|applique|abat-jour|lustre|suspension|bandeau led|"
    r"luminaire)(?: (?:de|du|d'|a) ?(?:chevet|bureau|salon|lave|table|nuit|sapin|pied|noel|lecture|tete de lit|sel))?)"
)
_LIGHT = r"(?:lumieres?|lampes?|eclairages?|ampoules?|spots?|leds?|luminosite|lampadaire|plafonnier)"
_IN = rf"(?: (?:dans|sur|a|au|aux|en|depuis|via|de|du|des) {_ART}(?:{_WIDE}|{DEVICE})|\bdans toute la maison| partout)"
_SERVICE = (
    r"(?: (?:sur|via|depuis|avec|dans) (?:spotify|deezer|youtube(?: music)?|apple music|amazon music|qobuz|tidal|"
    r"soundcloud))"
)
_MODE = r"(?:scenes?|modes?|ambiances?|scenarios?|programme lumineux|atmosphere|eclairage)"
_PLAY = (
    r"(?:mets?(?:-moi|-nous|tez(?:-moi)?)?|mettre|jouer?s?(?:-moi)?|jouez|lancer?s?(?:-moi)?|lancez|balance|"
    r"passer?s?(?:-moi)?|"
    r"ecouter?|entendre|diffuser?|demarrer?|envoie(?:-moi)?|branche|ouvre|allumer?|partir|mettes|lances|joues)"
)

PLACE_OF_SOUND = (
    rf"\b(?:dans|sur|du|de|des|au|aux|en|a) {_ART}({DEVICE})",
    rf"\b(?:de|d)'?{_ART}({DEVICE})",
    rf"\b(?:dans|du|de|des|au|aux|en|a) {_ART}({_WIDE})",
    rf"\bl'(enceinte[a-z ]*?|ampli)(?: (?:a|au|en|sur|plus|moins)\b.*)?{_END}",
    rf"\b(?:mets|met|monte|baisse|augmente|diminue|regle|coupe|mettre|monter|baisser|regler|hausse) {_ART}({DEVICE})",
)
PLACE_OF_MUSIC = (
    rf"\b(?:dans|sur|depuis) {_ART}({_WIDE}|{DEVICE}){_END}",
    rf"\b(?:a|de) l'(etage){_END}",
    rf"\bau (salon|garage|sous-sol|jardin|bureau|grenier){_END}",
)
PLACE_OF_LIGHT = (
    rf"\b{_ART}((?:lampes?|spots?|leds?) (?:de (?:chevet|bureau|table|nuit|lecture|sel|noel)|a lave))\b",
    rf"\b(?:dans|de) {_ART}(chambre d[e' ]+[\w' -]+?)(?= (?:a|en|au|sur)\b|{_END})",
    rf"\b(?:dans|du|de|des|au|en|a|aux|sur) {_ART}({_WIDE})(?= (?:a|en|au|sur|s|plus|moins|pour|et)\b|[ ,]*{_END})",
    rf"\b(?:dans|du|de|des|au|en|a|aux|sur) {_ART}({ROOM})",
    rf"\b{_LIGHT} ({ROOM})",
    rf"\b(?:allumer?|eteins|eteindre|rallumer?|ferme|ouvre|passe|mets|met|regle|eteignez|allumez|eteint|fermer|"
    rf"ouvrir) {_ART}({_WIDE})",
    rf"\b{_LIGHT} (?:de |du |d')(?:la |l')?(bureau|couloir|table de nuit|chevet|aquarium|lit|table|tele|plan de "
    rf"travail|hotte)\b",
    rf"\b{_ART}({_LAMP})\b(?=[ ,.!?]|$)",
    rf"^({ROOM})\b.*{_LIGHT}",
)
_OF_THEM = (
    r"(?:de la musique de |de la musique d'|des chansons de |des chansons d'|un morceau de |une chanson de |la "
    r"chanson |le morceau |le titre |l'album |la radio |la station |la chaine )"
)
QUERY = (
    rf"^(?:t'as|tu as|tu aurais|as-tu) (?:du |de la |des |de |un morceau (?:de |des |d'))?(.+?)[, ]+(?:mets|"
    rf"joue)-l[ea]{_END}",
    rf"^ambiance musicale[, ]+(?:du |de la |des |de )?(.+?){_END}",
    rf"\b{_PLAY} (?:moi |nous |un peu (?:de |d')?)?(?:{_OF_THEM})?(?:du |de la |des |de |"
    rf"d')?(.+?){_SERVICE}?{_IN}?{_SERVICE}?{_END}",
    rf"\b(?:envie (?:de |d')|envie d'ecouter |veux |voudrais |aimerais )(?:(?:ecouter|entendre) )?(?:du |de la |"
    rf"des |de )?(.+?){_IN}?{_END}",
    rf"^(?:(?:hey|ok|dis|alors|euh|bon) )*(.+?){_IN}?{_END}",
)
SCENE = (
    rf"\b{_MODE} (?:appelee?|nommee?|qui s'appelle|intitulee?|pour (?:le |la |l')?|de (?:la )?|d')? ?(.+?)"
    rf"(?: dans {_ART}{ROOM})?{_END}",
    rf"\ben (?:{_MODE} )?(.+?){_END}",
    rf"\b(?:active|lance|mets|activer|lancer|mettre|demarre) (.+?) comme {_MODE}",
    rf"\b(?:active|lance|declenche|activer|lancer) (.+?){_END}",
)
