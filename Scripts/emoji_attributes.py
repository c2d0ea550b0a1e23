"""Attributes of emoji by their names, and by a look at how Noto draws them: 1 has it, 0 lacks it, None does not apply.

Where a name leaves open what is drawn, the attribute does not apply.
"""

import re
from collections import Counter

TONES = ("light", "medium-light", "medium", "medium-dark", "dark")
HAIR = {
    "red hair": "hair-red",
    "curly hair": "hair-curly",
    "white hair": "hair-white",
    "blond hair": "hair-blond",
    "bald": "bald",
    "beard": "beard",
}
MEN = {"man", "men", "merman", "prince", "santa"}
WOMEN = {"woman", "women", "mermaid", "princess", "mrs", "breast"}
CHILDREN = {"baby", "boy", "girl", "child", "breast"}
OLDER = {"old", "older"}
CHILDREN_ALONE = {"baby", "boy", "girl", "child", "baby angel"}

# Faces that smile though their names do not say so, and faces whose mouths are hidden or could be either.
ALSO_SMILING = {
    *("melting face", "winking face", "star-struck", "face savoring food", "face with tongue", "nerd face"),
    *("winking face with tongue", "squinting face with tongue", "money-mouth face", "cowboy hat face", "zany face"),
    *("relieved face", "pile of poo", "clown face", "ghost"),
}
MAYBE_SMILING = {
    *("upside-down face", "face with hand over mouth", "face with open eyes and hand over mouth", "shushing face"),
    *("face with peeking eye", "saluting face", "face without mouth", "dotted line face", "face in clouds"),
    *("smirking face", "drooling face", "face with medical mask", "sneezing face", "disguised face", "yawning face"),
    *("face holding back tears", "shaking face", "partying face", "lying face", "face with symbols on mouth"),
    *("skull", "skull and crossbones", "alien", "alien monster", "robot", "cat with wry smile"),
}
SUBGROUP_LEAST = 30  # emoji that a subgroup needs for a column of its own


def attributes_of(emoji):
    """For each emoji a dictionary of column -> 1, 0 or None, all with the same columns."""
    groups = dict.fromkeys(each.group for each in emoji)
    counts = Counter(each.subgroup for each in emoji)
    subgroups = [subgroup for subgroup in counts if counts[subgroup] >= SUBGROUP_LEAST]
    with_tones = {unit(each) for each in emoji if each.tones}
    return [
        {f"group-{group}": int(each.group == group) for group in groups}
        | kind(each)
        | smile(each)
        | gender(each)
        | age(each)
        | skin(each, unit(each) in with_tones)
        | hair(each)
        | {f"subgroup-{subgroup}": int(each.subgroup == subgroup) for subgroup in subgroups}
        for each in emoji
    ]


def unit(emoji):
    """What the skin tones of one emoji share."""
    return emoji.head, *emoji.traits


def kind(emoji):
    return {
        "face": int(is_face(emoji)),
        "hand": int(emoji.subgroup.startswith("hand")),
        "animal": int(emoji.subgroup.startswith("animal-")),
    }


def is_face(emoji):
    return emoji.subgroup.startswith("face-") or emoji.subgroup == "cat-face"


def smile(emoji):
    if not is_face(emoji) or emoji.name in MAYBE_SMILING:
        return {"smiling": None}
    by_name = re.search(r"\b(smiling|grinning|beaming|joy|laughing)\b", emoji.name) and "kissing" not in emoji.name
    return {"smiling": int(bool(by_name) or emoji.name in ALSO_SMILING)}


def words(emoji):
    return set(re.findall("[a-z]+", " ".join(unit(emoji)).lower()))


def shows_people(emoji):
    """Whether people are drawn. Families are signs with black figures, and person-symbol is blue shadows."""
    if emoji.head == "family" or emoji.subgroup == "person-symbol":
        return False
    return emoji.subgroup == "family" or emoji.subgroup.split("-")[0] == "person"


def gender(emoji):
    """gender-neutral: the name says neither man nor woman. Children have none of the three."""
    if not shows_people(emoji) or emoji.head in CHILDREN_ALONE:
        return dict.fromkeys(("man", "woman", "gender-neutral"))
    man, woman = bool(words(emoji) & MEN), bool(words(emoji) & WOMEN)
    return {"man": int(man), "woman": int(woman), "gender-neutral": int(not man and not woman)}


def age(emoji):
    """A grown-up feeding a baby is adult and child."""
    if not shows_people(emoji) or "claus" in words(emoji):
        return dict.fromkeys(("child", "adult", "older"))
    older = bool(words(emoji) & OLDER)
    return {
        "child": int(bool(words(emoji) & CHILDREN)),
        "adult": int(not older and emoji.head not in CHILDREN_ALONE),
        "older": int(older),
    }


def skin(emoji, has_tones):
    """skin-none is the yellow of emoji that come in tones too. Couples can have two tones."""
    if not has_tones:
        return dict.fromkeys(["skin-none", *(f"skin-{tone}" for tone in TONES)])
    return {"skin-none": int(not emoji.tones)} | {f"skin-{tone}": int(tone in emoji.tones) for tone in TONES}


def hair(emoji):
    """Of portraits, whose heads are bare. Older people are drawn gray or nearly bald, medium-light ones dark blond."""
    if emoji.subgroup != "person" or emoji.head == "baby":
        return dict.fromkeys(HAIR.values())
    found = {column: int(trait in emoji.traits) for trait, column in HAIR.items()}
    if words(emoji) & OLDER:
        found |= {"hair-white": None, "bald": None}
    elif emoji.tones == ["medium-light"] and not {"red hair", "white hair", "blond hair", "bald"} & set(emoji.traits):
        found["hair-blond"] = None
    return found
