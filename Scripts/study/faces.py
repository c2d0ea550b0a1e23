"""The faces of the report: pictures by the shipped model, and what a judge says of them."""

import hashlib
import json

from study.measures import TORCH_PYTHON
from study.program import GLOW, ROOT, glow, run

MODEL = "faces"  # in Models
DATA_SET = ".data/faces-64"
# Each taken away and given, on the first test faces.
EDITED = ["smiling", "eyeglasses", "beard", "hat", "dark-skin", "eyes-closed"]
TOLD = ["1", "2"]
ALONG = [("mean", "1,1.5"), ("regression", "1,1.5")]


class Faces:
    def __init__(self, size, notes, painter):
        self.size, self.notes, self.painter = size, notes, painter
        weights = (ROOT / "Models" / MODEL / "model.safetensors").read_bytes()
        self.model = hashlib.sha256(weights).hexdigest()[:16]

    def pictures(self):
        rows = [("samples-0.7", 0.7), ("samples-1", 1)]
        made = [self.picture(name, "samples", f"Samples at temperature {temperature}, the first 48 of seed 0", "sample",
                             "--count", 48, "--columns", 8, "--temperature", temperature) for name, temperature in rows]
        made.append(self.picture("between", "interpolation", "Six test faces, two of them a row", "interpolate",
                                 "--indices", "0,1,2,3,4,5", "--columns", 8))
        for attribute in EDITED:
            made.append(self.picture(
                attribute, "edits", f"Test faces told {attribute} from -3 to 3", "attributes", "apply", "--indices", "0,1,2,3",
                "--attribute", attribute, "--strength=-3...3", "--columns", 7, "--enlarge", 1))
        return made

    def picture(self, name, section, caption, *command):
        verb = 2 if command[0] == "attributes" else 1
        return self.painter.picture(f"faces-{name}", section, caption, *command[:verb], "--model", MODEL, *command[verb:],
                                    version=self.model)

    def evaluation(self):
        return self.remember("evaluation", lambda: json.loads(glow("eval", "--model", MODEL, "--json", "--baseline")))

    def judged(self):
        """What the judge says: of real faces and samples once, of edits by what the model is told, and along directions."""
        told = self.remember("told", lambda: self.judge("--told", "--strengths", ",".join(TOLD)))
        edits = [row("told", one) for one in told["told"]]
        for direction, strengths in ALONG:
            found = self.remember(f"along {direction}", lambda: self.judge(
                "--attributes", f"Models/{MODEL}/attributes.safetensors", "--direction", direction, "--strengths", strengths))
            edits += [row(direction, one) for one in found["edits"]]
        areas = [{"attribute": name, "area": one["area_under_roc"]} for name, one in told["real"]["attributes"].items()]
        pictures = [("real test faces", told["real"])] + [
            (f"samples at temperature {key.removeprefix('samples_')}", one) for key, one in told.items() if key.startswith("samples_")]
        return {"areas": areas, "edits": edits, "pictures": [
            {"what": what, "pictures": one["pictures"], "broken": one["broken"],
             "sure": [{"kind": kind, "share": share} for kind, share in one["sure"].items()]} for what, one in pictures]}

    def judge(self, *flags):
        count = ["--images", self.size.judged, "--count", self.size.judged]
        return json.loads(run(TORCH_PYTHON, "Scripts/judge.py", "--data", DATA_SET, "--model", MODEL, *flags, *count, "--json",
                              "--glow", GLOW))

    def remember(self, what, work):
        return self.notes.remember(f"{what} of {MODEL} {self.model}, {self.size.judged} judged", work)


def row(how, edit):
    return {"how": how, **{name: edit[name] for name in (
        "strength", "attribute", "wanted", "candidates", "turned", "stayed", "broken")}}
