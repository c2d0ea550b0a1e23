"""The photographs that patches are cut from, each by name.

All pictures of these packages have been looked through by eye. Left out are drawings, renderings and abstract
pictures, black and white photographs, pictures with frames, writing or pieces cut out, and things before a white
ground. No photograph is listed twice, nor is any building: the packages show some from the same place.
"""

import io
from pathlib import Path
from typing import NamedTuple

from PIL import Image

import photo_resources


class Photograph(NamedTuple):
    """A picture in a file of its own, or inside a Qt resource file."""

    source: str
    name: str
    file: str
    member: str | None = None

    def open(self):
        """The picture, or None if it is not there."""
        if not Path(self.file).is_file():
            return None
        if self.member is None:
            return Image.open(self.file)
        data = photo_resources.read(self.file, self.member)
        return data and Image.open(io.BytesIO(data))


FILES = {
    "plasma": (
        "/usr/share/wallpapers/{}/contents/images/2560x1600.jpg",
        "BytheWater ColorfulCups DarkestHour EveningGlow FallenLeaf Kite OneStandsOut Path summer_1am",
    ),
    "mate": (
        "/usr/share/backgrounds/mate/nature/{}.jpg",
        "Aqua Blinds Dune FreshFlower Garden GreenMeadow LadyBird RainDrops Storm TwoWings Wood YellowFlower",
    ),
    "lomiri": (
        "/usr/share/backgrounds/{}.jpg",
        "Bridge_by_Sander_Klootwijk Dragonfly_by_Bolly Picture_0B_by_freespace Picture_1A_by_freespace "
        "Wine_by_Jakkub_Mede aitzgorri_by_Aitzol_Berasategi free_by_Peter_Nerlich friends_by_Aitzol_Berasategi "
        "greentock_by_Peter_Nerlich life_by_Aitzol_Berasategi picosdeeuropa_by_Aitzol_Berasategi "
        "seeding_by_Clements_Engelhardt sunset_by_Aitzol_Berasategi",
    ),
}

# Activity of gcompris, folder of its resources, names there.
GCOMPRIS = {
    "wildlife": (
        "erase",
        "",
        "alpaca bee butterfly calf camels caterpillar chamaeleon cheetah crab dolphin flying_fox gibbon giraffe goat "
        "gorilla gosling heron horse kingfisher kitten long_nosed_monkey macaque meerkats northern_harrier "
        "nubian_ibex penguin pika red_panda rhinoceros spoonbills squirrel toucan",
    ),
    "farm": ("explore_farm_animals", "animals/", "cat chicken cow dog duck horse owl pig sheep"),
    "animals": (
        "explore_world_animals",
        "animals/",
        "bison chameleon crocodile dragon giraffe hedgehog jaguar kangaroo koala lemur moose narwhal panda polar_bear "
        "scarlet_macaw",
    ),
    "music": (
        "explore_world_music",
        "music/",
        "africa america australia ireland italy japan mexico middleeast orchestra",
    ),
    "egypt": ("explore_monuments", "egypt/", "bentPyramid greatPyramidOfGiza meidumPyramid redPyramid"),
    "france": (
        "explore_monuments",
        "france/",
        "arlesAmphitheater chateaudeChambord chateaudeChenonceau citedeCarcassonne eiffelTower montStMichel "
        "palaisdesPapes pontduGard reimsCathedral rocamadour",
    ),
    "germany": (
        "explore_monuments",
        "germany/",
        "aulaPalatina berlinCathedral brandenburgGate neuschwansteinCastle schwerinPalace trierImperialBaths "
        "wormsCathedral",
    ),
    "india": (
        "explore_monuments",
        "india/",
        "ajantaCave charminar gatewayofIndia goldenTemple greatStupa hawaMahal konarkSunTemple mysorePalace "
        "qutubMinar rangGhar victoriaMemorial",
    ),
    "usa": (
        "explore_monuments",
        "usa/",
        "cabrillo canyondeChelly fortSumter lincolnMemorial mountRushmore navajo statueofLiberty",
    ),
    "wonders": (
        "explore_monuments",
        "wonders/",
        "chichenItza christTheRedeemer colosseum greatWallofChina machuPicchu petra tajMahal",
    ),
    "sea": ("clickgame", "", "sea1 sea2 sea3 sea4 sea5 sea6"),
    "places": (
        "details",
        "image/",
        "EgeskovSlotSpejling_background EilanDonanCastle_background FanoeWindmill_background "
        "Louvre_2007_02_24_c_background NDP_background Nagoya_background OperaSidney_background "
        "TowerBridgeLondon_background",
    ),
    "fishes": ("categorization", "images/fishes/", " ".join(f"fish{number}" for number in range(1, 29))),
    "buildings": (
        "categorization",
        "images/monuments/",
        "IndiaGate arcDeTriomphe bayterek burj cathedral empireState jucheTower leaningTowerOfPisa monument1 monument2 "
        "monument3 parthenon usCapitol victoriaMemorial zimniPalace",
    ),
    "energy": (
        "categorization",
        "images/renewable/",
        "dam1 dam2 dam3 dam4 dam5 geothermal solar1 solar2 solar3 solar4 solar5 solar6 solar7 solar8 windmill "
        "windmill1 windmill2 windmill3 windmill4 windmill5 windmill6 windmill7 windmill8 windmill9 windmill11 windmill12 "
        "windmill13 windmill15",
    ),
}

PHOTOGRAPHS = [
    Photograph(source, name, pattern.format(name))
    for source, (pattern, names) in FILES.items()
    for name in names.split()
] + [
    Photograph(
        source,
        name,
        f"/usr/share/gcompris-qt/rcc/{activity}.rcc",
        f"/gcompris/src/activities/{activity}/resource/{folder}{name}.webp",
    )
    for source, (activity, folder, names) in GCOMPRIS.items()
    for name in names.split()
]
