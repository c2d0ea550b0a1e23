"""The emoji of emoji-test.txt, and what their names are made of."""

import re
from typing import NamedTuple

TONE = " skin tone"

# Words that tell variants of one thing apart, and names of variants that share no other word.
VARIANT_WORDS = {
    *("man", "men", "woman", "women", "person", "people", "and", "santa", "mrs.", "mx"),
    *("red", "orange", "yellow", "green", "light", "blue", "purple", "brown", "black", "grey", "white", "pink"),
    *("heavy", "large", "medium", "medium-small", "small"),
}
SHARED_CONCEPTS = {
    **dict.fromkeys(("man", "woman", "person"), "portrait"),
    **dict.fromkeys(("boy", "girl", "child"), "child"),
    **dict.fromkeys(("old man", "old woman", "older person"), "older person"),
    **dict.fromkeys(("prince", "princess", "person with crown"), "crowned person"),
    **dict.fromkeys(("merman", "mermaid", "merperson"), "merperson"),
}


class Emoji(NamedTuple):
    """A fully qualified emoji. Its name is a head, and for people traits after a colon: "man: dark skin tone, bald"."""

    codepoints: tuple[str, ...]
    group: str
    subgroup: str
    name: str

    @property
    def text(self):
        return "".join(chr(int(codepoint, 16)) for codepoint in self.codepoints)

    @property
    def file(self):
        return "-".join(self.codepoints) + ".png"

    @property
    def head(self):
        return self.name.partition(": ")[0] if self.group == "people-body" else self.name

    @property
    def tones(self):
        return [trait.removesuffix(TONE) for trait in self._all_traits() if trait.endswith(TONE)]

    @property
    def traits(self):
        """Hair and companions; not the skin tones."""
        return [trait for trait in self._all_traits() if not trait.endswith(TONE)]

    def _all_traits(self):
        tail = self.name.partition(": ")[2] if self.group == "people-body" else ""
        return tail.split(", ") if tail else []

    @property
    def concept(self):
        """What its variants have in common: the name without skin tone, hair, gender, color and size."""
        if self.group == "flags":
            return self.name
        if self.subgroup == "keycap":
            return "keycap"
        words = [word for word in self.head.lower().split() if word not in VARIANT_WORDS]
        return SHARED_CONCEPTS.get(self.head) or " ".join(words) or self.name


def read_emoji(file):
    """The fully qualified emoji of emoji-test.txt, in its order."""
    found, group, subgroup = [], "", ""
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("# group: "):
                group = plain(line.removeprefix("# group: "))
            elif line.startswith("# subgroup: "):
                subgroup = plain(line.removeprefix("# subgroup: "))
            elif match := re.match(r"([0-9A-F ]+?) *; fully-qualified +# \S+ E[\d.]+ (.+)", line):
                found.append(Emoji(tuple(match[1].lower().split()), group, subgroup, match[2].strip()))
    if not found:
        raise SystemExit(f"emoji_set: {file} lists no fully-qualified emoji: is it Unicode's emoji-test.txt?")
    return found


def plain(title):
    """A title as a column's name has it: "Smileys & Emotion" is smileys-emotion."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))
