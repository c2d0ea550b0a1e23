"""The pictures of the report: samples, interpolations and edits."""

import csv
import json

from study.families import DATA, FAMILIES, PAINTERS, SETS
from study.program import ROOT, fail, glow, written

# Edited in section 4, each with the images on which it is tried, those that have the second attribute; and the attributes of
# which an image has to have one to count, so that a skin tone's direction is not that from food and flags to people.
SKIN = ["skin-light", "skin-medium-light", "skin-medium", "skin-medium-dark", "skin-dark"]
HAIR = ["hair-red", "hair-curly", "hair-white", "hair-blond", "bald"]
EDITS = [("skin-dark", "skin-light", SKIN), ("hair-white", "hair-red", HAIR), ("woman", "man", ["woman", "man"]),
         ("smiling", "face", ["face"])]


class Painter:
    """Draws with the models of the finished runs."""

    def __init__(self, folder, notes, runs):
        self.folder, self.notes = folder, notes
        self.runs = {run["name"]: run for run in runs}
        self.by_path = {run["run"]: run for run in runs}

    def model(self, data, family):
        return self.runs[f"{data}-pictures-{family}"]["run"]

    def made(self, file, *command, version=""):
        """Has the program make a file, anew where a model that it comes from is another one; returns the command.

        `version`: of a model that is no run of the study."""
        command = [*command, "--out", file.relative_to(ROOT)]
        file.parent.mkdir(exist_ok=True)
        models = [self.by_path[part]["command"] for part in command if part in self.by_path] + [version][: len(version)]
        key = " ".join(["made", written(command), "with", *models])
        if not (file.exists() and self.notes.get(key)):
            file.unlink(missing_ok=True)
            glow(*command)
            self.notes.note(key, True)
        return written(command)

    def picture(self, name, section, caption, *command, version=""):
        file = self.folder / "pictures" / f"{name}.png"
        command = self.made(file, *command, version=version)
        return {"name": name, "section": section, "file": str(file.relative_to(ROOT)), "caption": caption, "command": command}

    def pictures(self):
        return self.samples() + self.interpolations() + self.edits()

    def samples(self):
        made = []
        for data in SETS:
            models = [self.model(data, family) for family in PAINTERS]
            titles = " and ".join(FAMILIES[family].title for family in PAINTERS)
            for temperature in [0.7, 1]:
                made.append(self.picture(
                    f"{data}-samples-{temperature}", "samples",
                    f"{data}: samples of {titles} at temperature {temperature}, from left to right", "sample", "--model", models[0],
                    "--beside", models[1], "--count", 80, "--columns", 8, "--temperature", temperature))
            for family in PAINTERS:
                made.append(self.picture(
                    f"{data}-{family}-temperatures", "samples",
                    f"{data}: the same draws of {FAMILIES[family].title} at temperatures 0.3, 0.5, 0.7, 0.9 and 1, a row each",
                    "sample", "--model", self.model(data, family), "--count", 16, "--columns", 16,
                    *sum([["--temperature", t] for t in (0.3, 0.5, 0.7, 0.9, 1)], [])))
            made.append(self.picture(
                f"{data}-realnvp", "samples", f"{data}: samples of RealNVP at temperature 0.7", "sample", "--model",
                self.runs[f"{data}-realnvp-0"]["run"], "--count", 64, "--columns", 16, "--temperature", 0.7))
        return made

    def interpolations(self):
        made = []
        for data in SETS:
            last = test_images(data) - 1
            indices = ",".join(str(number * last // 5) for number in range(6))
            for family in PAINTERS:
                made.append(self.picture(
                    f"{data}-{family}-between", "interpolation", f"{data}, {FAMILIES[family].title}", "interpolate", "--model",
                    self.model(data, family), "--indices", indices, "--columns", 9))
        return made

    def attributes(self, family, name, among):
        """The direction of an attribute of an emoji model."""
        file = self.folder / f"attributes-{family}-{name}.safetensors"
        self.made(file, "attributes", "fit", "--model", self.model("emoji-32", family), "--attribute", name,
                  *sum([["--among", other] for other in among], []))
        return file.relative_to(ROOT)

    def separability(self):
        """How separable each attribute is."""
        made = []
        for name, _, among in EDITS:
            for family in PAINTERS:
                found = json.loads(glow("attributes", "list", self.attributes(family, name, among), "--json"))["attributes"][0]
                made.append({"attribute": name, "architecture": family, "positives": found["with"], "negatives": found["without"],
                             "auc": found["areaUnderROC"].get("mean")})
        return made

    def edits(self):
        made = []
        for attribute, shown, among in EDITS:
            split, numbers = emoji_with(shown)
            indices = ",".join(str(numbers[number * (len(numbers) - 1) // 5]) for number in range(6))
            for family in PAINTERS:
                made.append(self.picture(
                    f"emoji-{family}-{attribute}", "edits",
                    f"Emoji of the {split} split with {shown}, moved along {attribute} from -1 to 1 by {FAMILIES[family].title}",
                    "attributes", "apply", "--model", self.model("emoji-32", family),
                    "--attributes", self.attributes(family, attribute, among), f"--attribute={attribute}", "--split", split,
                    "--indices", indices))
        return made


def test_images(data):
    """How many images the test split has."""
    if data == "fashion-mnist":
        return 10_000
    return len(list((ROOT / DATA[data] / "test").glob("*.png")))


def emoji_with(attribute):
    """The numbers of the emoji that have an attribute, in the order of their files' names: of the test split, or of the
    training split where no other has any."""
    for split in ["test", "train"]:
        with open(ROOT / DATA["emoji-32"] / split / "attributes.csv", newline="") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: row["file"])
        numbers = [number for number, row in enumerate(rows) if row[attribute] == "1"]
        if numbers:
            return split, numbers
    fail(f"no emoji has the attribute {attribute}")
