"""The parts of a face, how often each is drawn, and the attributes that it gives.

Parts are named as the style Avataaars of DiceBear names them. Each feature is drawn on its own: first a kind by its
weight, then one of the kind's parts, all alike. So an attribute says nothing of an attribute of another feature.
"""

from typing import NamedTuple


class Kind(NamedTuple):
    attributes: tuple[str, ...]  # that its parts give
    weight: float
    parts: tuple[str | None, ...]  # None: the feature is absent


LONG = ("bob", "longButNotTooLong", "miaWallace", "straight01", "straight02", "straightAndStrand")
SHORT = ("shortFlat", "shortRound", "shortWaved", "shortCurly", "theCaesar", "theCaesarAndSidePart", "dreads01")

FEATURES = {
    "top": [
        Kind(("short-hair",), 30, (*SHORT, "frizzle", "shaggy")),
        Kind(("long-hair",), 15, LONG),
        Kind(("long-hair", "curly-hair"), 15, ("curly", "curvy", "dreads", "fro")),
        Kind(("bald",), 10, (None, "sides")),
        Kind(("hat",), 12, ("hat", "winterHat1", "winterHat02", "winterHat03", "winterHat04")),
        Kind(("hijab",), 9, ("hijab",)),
        Kind(("turban",), 9, ("turban",)),
    ],
    "hair-color": [
        Kind(("hair-black",), 1, ("#2c1b18", "#17171c")),
        Kind(("hair-brown",), 1, ("#724133", "#8d5b3c")),
        Kind(("hair-blond",), 1, ("#d6b370", "#f5d565")),
        Kind(("hair-red",), 1, ("#c93305", "#e0602a")),
        Kind(("hair-gray",), 1, ("#8e9096", "#b4b6bc")),
    ],
    "skin": [
        Kind(("light-skin",), 2, ("#ffdbb4", "#edb98a")),
        Kind((), 1, ("#d08b5b",)),
        Kind(("dark-skin",), 2, ("#ae5d29", "#614335")),
    ],
    "mouth": [
        Kind(("smiling",), 1, ("twinkle",)),
        Kind(("smiling", "mouth-open"), 1, ("smile", "default")),
        Kind(("sad",), 1, ("sad",)),
        Kind(("sad", "mouth-open"), 1, ("concerned", "disbelief")),
        Kind((), 1, ("serious",)),
        Kind(("mouth-open",), 1, ("screamOpen",)),
    ],
    "eyes": [
        Kind((), 2, ("default",)),
        Kind(("eyes-closed",), 1, ("closed", "happy")),
        Kind(("wink",), 1, ("wink",)),
        Kind(("surprised-eyes",), 1, ("surprised",)),
    ],
    "brows": [
        Kind((), 1, ("defaultNatural",)),
        Kind(("raised-brows",), 1, ("raisedExcitedNatural",)),
        Kind(("angry-brows",), 1, ("angryNatural",)),
        Kind(("worried-brows",), 1, ("sadConcernedNatural",)),
    ],
    "facial-hair": [
        Kind((), 2, (None,)),
        Kind(("beard",), 1, ("beardLight", "beardMedium", "beardMajestic")),
        Kind(("moustache",), 1, ("moustacheFancy", "moustacheMagnum")),
    ],
    "eyewear": [
        Kind((), 2, (None,)),
        Kind(("eyeglasses",), 1, ("prescription01", "prescription02", "round")),
        Kind(("sunglasses",), 1, ("sunglasses", "wayfarers")),
    ],
    "clothes": [
        Kind((), 1, ("shirtCrewNeck", "shirtScoopNeck", "shirtVNeck")),
        Kind(("collar",), 1, ("collarAndSweater", "blazerAndShirt", "blazerAndSweater")),
        Kind(("hood",), 1, ("hoodie",)),
    ],
    "hat-color": [Kind((), 1, ("#5199e4", "#25557c", "#ff488e", "#3fae6b", "#8e5bd0"))],
    "eyewear-color": [Kind((), 1, ("#262e33", "#25557c"))],
    "clothes-color": [Kind((), 1, ("#5199e4", "#25557c", "#ff488e", "#3fae6b", "#8e5bd0"))],
    "background": [Kind((), 1, ("#cfe3f5", "#cdebd3", "#e0d7f3", "#f5f5f5"))],
}


def named(feature):
    return tuple(dict.fromkeys(name for kind in FEATURES[feature] for name in kind.attributes))


ATTRIBUTES = tuple(name for feature in FEATURES for name in named(feature))
OF_HAIR = ("short-hair", "long-hair", "bald", "curly-hair", *named("hair-color"))

# What an attribute or a part hides, or leaves without a meaning: these attributes are missing.
HIDES = {
    "hat": OF_HAIR,
    "hijab": (*OF_HAIR, *named("clothes")),
    "turban": OF_HAIR,
    "bald": ("curly-hair", *named("hair-color")),
    "short-hair": ("curly-hair",),
    "sunglasses": named("eyes"),
}
TOLD_APART = 40  # the least distance in RGB between skin and hair


def attributes_of(face):
    """For every attribute 1, 0, or None where it is hidden or has no meaning."""
    has = {name for feature, part in face.items() for name in kind_of(feature, part).attributes}
    hidden = {name for key in (*has, *face.values()) for name in HIDES.get(key, ())}
    return {name: None if name in hidden else int(name in has) for name in ATTRIBUTES}


def kind_of(feature, part):
    return next(kind for kind in FEATURES[feature] if part in kind.parts)


def draw_face(random):
    """A part, or None, for every feature; a color also for what the face lacks or hides. No eyes but plain ones are
    behind sunglasses."""
    face = {}
    for feature, kinds in FEATURES.items():
        kind, = random.choices(kinds, [each.weight for each in kinds])
        face[feature], = random.choices(kind.parts)
    shades = [shade for shade in kind_of("hair-color", face["hair-color"]).parts if apart(shade, face["skin"])]
    face["hair-color"], = random.choices(shades)
    if "sunglasses" in kind_of("eyewear", face["eyewear"]).attributes:
        face["eyes"] = "default"
    return face


def apart(shade, other):
    return sum((a - b) ** 2 for a, b in zip(rgb(shade), rgb(other))) >= TOLD_APART**2


def rgb(color):
    return bytes.fromhex(color.removeprefix("#"))


def seen(face):
    """The parts and colors of a face, without those that its picture does not show."""
    top = kind_of("top", face["top"]).attributes[0]
    bare = face["top"] is None or top in ("hat", "hijab", "turban")
    unseen = {
        "hair-color": bare and face["facial-hair"] is None,
        "hat-color": top not in ("hat", "hijab", "turban"),
        "eyewear-color": face["eyewear"] is None,
        "clothes": top == "hijab",
        "clothes-color": top == "hijab",
    }
    return tuple(None if unseen.get(feature) else part for feature, part in face.items())
