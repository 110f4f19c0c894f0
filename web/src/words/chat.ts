import { register } from "../app/i18n";
import { de } from "./chat.de";
import { en } from "./chat.en";
import { fr } from "./chat.fr";

register("chat", { en, de, fr });
