#!/usr/bin/env python3
"""Do a model's edits and samples show what they should, and are they whole?

Trains two small networks on the real pictures of a data set (about two minutes each on 2 cores; their weights are cached):
one names the attributes of a picture, the other tells whole pictures from broken ones. Prints how well they do on the
real test pictures, and what they say of pictures that a model made. docs/measurements/judge.md explains the measures.

Needs torch and numpy. Real pictures only; a model's edits and samples; samples in a folder; one edit in two folders:
    .libtorch/venv/bin/python Scripts/judge.py --data .data/faces-32
    .libtorch/venv/bin/python Scripts/judge.py --data .data/faces-32 --model runs/faces --attributes faces.safetensors
    .libtorch/venv/bin/python Scripts/judge.py --data .data/faces-32 --model runs/faces --told
    .libtorch/venv/bin/python Scripts/judge.py --data .data/faces-32 --samples FOLDER
    .libtorch/venv/bin/python Scripts/judge.py --data .data/faces-32 --before FOLDER --after FOLDER --attribute smiling=1
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy as np
    import torch

    from judge_data import InputError, read_data_set, read_pictures
    from judge_measures import edited, groups_of, on_real, possible, rare_attributes, sure_of_one
    from judge_networks import attribute_judge, broken_judge
except ImportError as error:
    sys.exit(f"judge: {error}: run this with a Python that has torch and numpy, such as .libtorch/venv/bin/python")

PADDING = 2  # pixels between the pictures of a sheet that glow draws
# The goals, in shares.
TURNED, TURNED_ATTRIBUTES, STAYED, BROKEN = 0.85, 12, 0.90, 0.01
GOOD_AREA, GOOD_AREAS = 0.95, 15


class Bench:
    """The data set, its two judges, and what they found so far: lines to print and a report."""

    def __init__(self, data, cache, note):
        self.data = data
        self.rare = rare_attributes(data)
        self.judged = [index for index, name in enumerate(data.attributes) if name not in self.rare]
        self.judge = attribute_judge(data, cache, note) if data.attributes else None
        self.broken = broken_judge(data, cache, note)
        self.allowed = possible(data.splits["train"].values)
        self.lines, self.report = [], {}

    def say(self, line=""):
        self.lines.append(line)

    def real(self):
        test = self.data.splits["test"]
        count = len(test.pictures)
        alarms = float(self.broken(test.pictures).mean())
        self.report["real"] = {"pictures": count, "broken": alarms}
        if self.judge:
            verdicts = self.judge(test.pictures)
            found = on_real(verdicts, test, self.data)
            width = max(map(len, self.data.attributes))
            self.say(f"{'real test pictures':<{width}}   with/known  accuracy     AUC")
            for name, one in found.items():
                share = f"{one['with']}/{one['known']}"
                self.say(f"{name:<{width}}  {share:>11}  {one['accuracy']:8.1%}  {one['area_under_roc']:.4f}")
            for name, why in self.rare.items():
                self.say(f"{name:<{width}}  too rare to judge: {why}")
            good = sum(one["area_under_roc"] >= GOOD_AREA for one in found.values())
            met = "met" if good >= GOOD_AREAS else "not met"
            self.say(f"goal: AUC of {GOOD_AREA} or more for {GOOD_AREAS} attributes: {good} of {len(found)}, {met}")
            self.report["real"] |= {"attributes": found, "too_rare": self.rare}
            self.kinds("real", verdicts, f"{count} real test pictures")
        self.say(f"broken: {alarms:.2%} of {count} real test pictures")

    def kinds(self, key, verdicts, what):
        groups = groups_of(self.data)
        if groups:
            found = sure_of_one(verdicts, self.data, groups)
            shares = ", ".join(f"{name} {share:.1%}" for name, share in found.items())
            self.say(f"sure of exactly one kind: {shares} of {what}")
            self.report[key]["sure"] = found

    def samples(self, pictures, key, what):
        share = float(self.broken(pictures).mean())
        self.report[key] = {"pictures": len(pictures), "broken": share}
        self.say(f"broken: {share:.2%} of {what}")
        if self.judge:
            self.kinds(key, self.judge(pictures), what)

    def edit(self, before, after, index, wanted):
        """Of pictures before and after an edit. Broken are those that were whole before."""
        found = edited(self.judge(before), self.judge(after), index, wanted, self.allowed, self.judged)
        whole = ~self.broken(before)
        return found | {"broken": float(self.broken(after)[whole].mean()) if whole.any() else None}

    def table(self, edits):
        """Says the results of edits, rows of `(what, result)`."""
        self.say(f"{'edit':<32} pictures   turned  others stayed  least                          broken")
        for what, one in edits:
            turned, stayed, broken = (percent(one[key]) for key in ("turned", "stayed", "broken"))
            each = one["stayed_each"]
            least = min(each, key=each.get) if each else None
            name = f"{self.data.attributes[least]} {each[least]:.1%}" if each else "-"
            self.say(f"{what:<32} {one['candidates']:8}  {turned:>7}  {stayed:>13}  {name:<28} {broken:>8}")


def percent(share):
    return "-" if share is None else f"{share:.1%}"


# --- Pictures that glow makes ---


class Glow:
    def __init__(self, program, model, data, folder):
        self.program, self.model, self.folder = program, model, folder
        # As glow names it.
        self.data = f"fashion-mnist:{data}" if any(data.glob("train-images-idx3-ubyte*")) else data

    def run(self, *words):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True)
        if done.returncode:
            raise InputError(f"glow {words[0]} failed: {done.stderr.strip()}")
        return done.stdout

    def samples(self, temperature, count):
        out = self.folder / f"samples-{temperature}"
        self.run("sample", "--model", self.model, "--temperature", temperature, "--count", count, "--seed", 0, "--files",
                 "--out", out)
        return read_pictures(sorted(out.glob("*.png")), out)

    def attributes(self, file):
        return [one["name"] for one in json.loads(self.run("attributes", "list", file, "--json"))["attributes"]]

    def edits(self, along, attribute, strengths, count, side):
        """Test pictures with the attribute at each strength, `[strengths, pictures, side, side, channels]`: glow draws
        them in one sheet, a picture a row and a strength a column.

        `along`: flags that name a direction; none for edits by what the model is told."""
        first, last = strengths[0], strengths[-1]
        return self.sheet(len(strengths), count, side, *along, "--attribute", attribute, f"--strength={first:g}...{last:g}",
                          "--columns", len(strengths))

    def originals(self, attribute, count, side):
        """The test pictures as the model gives them back."""
        return self.sheet(2, count, side, "--with", attribute)[0]

    def sheet(self, columns, count, side, *flags):
        out = self.folder / "sheet.png"
        out.unlink(missing_ok=True)
        self.run("attributes", "apply", "--model", self.model, *flags, "--limit", count, "--enlarge", 1, "--data", self.data,
                 "--out", out)
        return cells(read_pictures([out], self.folder)[0], columns, side)


def cells(sheet, columns, side):
    """The pictures of a sheet by glow, `[columns, rows, side, side, channels]`; labels are above."""
    height, width, _ = sheet.shape
    step = side + PADDING
    if width != columns * step + PADDING:
        raise InputError(f"a sheet of glow is {width} pixels wide, expected {columns} pictures of {side} pixels")
    rows = (height - PADDING) // step
    top = height - rows * step
    sheet = sheet[top:, PADDING:].reshape(rows, step, columns, step, -1)
    return np.ascontiguousarray(sheet[:, :side, :, :side].transpose(2, 0, 1, 3, 4))


def judge_model(bench, glow, arguments):
    for temperature in arguments.temperatures:
        pictures = glow.samples(temperature, arguments.count)
        bench.samples(
            pictures, f"samples_{temperature:g}", f"{len(pictures)} samples at temperature {temperature:g}")
    if arguments.told:
        judge_told(bench, glow, arguments)
    if arguments.attributes is None:
        return
    known = bench.data.attributes
    names = [name for name in glow.attributes(arguments.attributes) if name in known]
    if not names:
        raise InputError(f"{arguments.attributes}: none of its attributes is one of the data set: {', '.join(known)}")
    along = ["--attributes", arguments.attributes, "--direction", arguments.direction]
    bench.report["edits"] = judge_edits(
        bench, glow, arguments, names, along, None, f"along the {arguments.direction} direction")


def judge_told(bench, glow, arguments):
    """Edits by what the model is told, at strengths of which 1 is training's."""
    side = bench.data.splits["test"].pictures.shape[1]
    originals = glow.originals(bench.data.attributes[0], arguments.images, side)
    bench.report["told"] = judge_edits(
        bench, glow, arguments, bench.data.attributes, [], originals, "by what the model is told", "told ")


def judge_edits(bench, glow, arguments, names, along, originals, how, prefix=""):
    """Edits of each attribute at each strength both ways.

    `originals`: the pictures before; None where they are those at strength 0."""
    known, side = bench.data.attributes, bench.data.splits["test"].pictures.shape[1]
    step = 1 if all(strength % 1 == 0 for strength in arguments.strengths) else 0.5
    steps = round(max(arguments.strengths) / step)
    strengths = [number * step for number in range(-steps, steps + 1)]
    edits = {}
    for name in names:
        if name in bench.rare:
            continue
        sheet = glow.edits(along, name, strengths, arguments.images, side)
        before = sheet[steps] if originals is None else originals
        for strength in arguments.strengths:
            for wanted in (1, 0):
                after = sheet[strengths.index(strength if wanted else -strength)]
                edits[strength, name, wanted] = bench.edit(before, after, known.index(name), wanted)
    report = []
    for strength in arguments.strengths:
        rows = [((name, wanted), one) for (at, name, wanted), one in edits.items() if at == strength]
        bench.say()
        bench.say(f"edits of {arguments.images} test pictures {how} at strength {strength:g}")
        bench.table([(f"{name} {'added' if wanted else 'removed'}", one) for (name, wanted), one in rows])
        goals(bench, f"{prefix}{strength:g}", rows)
        report += [
            {"strength": strength, "attribute": name, "wanted": wanted} | named(one, known) for (name, wanted), one in rows]
    return report


def named(one, attributes):
    return one | {"stayed_each": {attributes[other]: share for other, share in one["stayed_each"].items()}}


def goals(bench, key, rows):
    added = [one for (_, wanted), one in rows if wanted and one["turned"] is not None]
    turned = sum(one["turned"] >= TURNED for one in added)
    met = "met" if turned >= TURNED_ATTRIBUTES else "not met"
    bench.say(f"goal: {TURNED:.0%} turned for {TURNED_ATTRIBUTES} attributes: {turned} of {len(added)} added, {met}")
    stayed = [one["stayed"] for one in added if one["stayed"] is not None]
    good = sum(share >= STAYED for share in stayed)
    met = "met" if stayed and good == len(stayed) else "not met"
    bench.say(f"goal: others stay in {STAYED:.0%}: in {good} of {len(stayed)} added, {met}")
    broken = float(np.mean([one["broken"] for _, one in rows if one["broken"] is not None]))
    met = "met" if broken <= BROKEN else "not met"
    bench.say(f"goal: at most {BROKEN:.0%} broken: {broken:.2%} of all these edits, {met}")
    bench.report.setdefault("goals", {})[key] = {
        "turned_attributes": turned, "stayed_attributes": good, "added_attributes": len(added), "broken": broken}


def write_turned(file, kind, edits):
    """The share of pictures in which each attribute is seen once it is given, beside what the file says of other kinds of edits."""
    content = json.loads(file.read_text()) if file.exists() else {"format": "swift-glow judge", "version": 1, "turned": {}}
    strength = max(one["strength"] for one in edits)
    content["turned"][kind] = {
        "strength": strength,
        "shares": {one["attribute"]: round(one["turned"], 4) for one in edits
                   if one["strength"] == strength and one["wanted"] and one["turned"] is not None}}
    file.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


# --- The command line ---


def shares(text):
    values = sorted(float(part) for part in text.split(","))
    if not values or values[0] <= 0:
        raise ValueError
    return values


def parsed():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], epilog="Progress goes to the standard error stream."
    )
    add = parser.add_argument
    add("--data", type=Path, required=True, help="the data set's folder, of pictures with attributes.csv or Fashion-MNIST")
    add("--samples", type=Path, help="folder of PNG files")
    add("--before", type=Path, help="folder of PNG files before an edit")
    add("--after", type=Path, help="folder of PNG files of the same names after it")
    add("--attribute", help="NAME=1 or NAME=0, what that edit should give")
    add("--model", help="a model whose edits and samples glow should draw")
    add("--attributes", type=Path, help="its file from glow attributes fit; without it, samples only")
    add("--told", action="store_true", help="also edit by what the model is told of each attribute of the data set")
    add("--direction", choices=("mean", "discriminant", "regression"), default="mean", help="default: %(default)s")
    add("--strengths", type=shares, default=[1.0, 1.5], help="of edits, both ways; default: 1,1.5")
    add("--images", type=int, default=500, help="test pictures to edit; default: %(default)s")
    add("--temperatures", type=shares, default=[0.7, 1.0], help="of samples; default: 0.7,1")
    add("--count", type=int, default=500, help="samples at each temperature; default: %(default)s")
    add("--glow", type=Path, default=Path(".build/release/glow"), help="default: %(default)s")
    add("--cache", type=Path, default=Path(".data/judge"), help="default: %(default)s")
    add("--threads", type=int, default=min(2, os.cpu_count() or 1), help="default: %(default)s")
    add("--write", type=Path, metavar="FILE", help="a judge.json, which lies beside the model: put into it what edits at the greatest strength turn")
    add("--json", action="store_true", help="print one JSON object instead of text")
    arguments = parser.parse_args()
    for name in ("threads", "images", "count"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name} is {getattr(arguments, name)}, expected 1 or more")
    given = [arguments.before, arguments.after, arguments.attribute]
    if any(given) and not all(given):
        parser.error("--before, --after and --attribute go together")
    if arguments.write and bool(arguments.told) == bool(arguments.attributes):
        parser.error("--write is for one kind of edit: give --told or --attributes")
    for name in ("attributes", "told"):
        if getattr(arguments, name) and not arguments.model:
            parser.error(f"--{name} needs --model")
    if any(strength % 0.5 for strength in arguments.strengths):
        parser.error("--strengths are multiples of 0.5, such as 1,1.5")
    return arguments


def wanted_edit(arguments, data):
    """The pictures before and after, the attribute's index and its wanted value."""
    name, _, value = arguments.attribute.rpartition("=")
    if name not in data.attributes or value not in ("0", "1"):
        raise InputError(
            f"--attribute is {arguments.attribute}, expected NAME=1 or NAME=0 with one of {', '.join(data.attributes)}"
        )
    before, after = ({path.name: path for path in folder.glob("*.png")} for folder in (arguments.before, arguments.after))
    if before.keys() != after.keys():
        odd = sorted(before.keys() ^ after.keys())
        raise InputError(f"{odd[0]} is in only one of {arguments.before} and {arguments.after} ({len(odd)} such files)")
    pairs = [read_pictures([files[key] for key in sorted(files)], folder)
             for files, folder in ((before, arguments.before), (after, arguments.after))]
    for pictures, folder in zip(pairs, (arguments.before, arguments.after)):
        fitting(pictures, folder, data)
    return *pairs, data.attributes.index(name), int(value)


def fitting(pictures, folder, data):
    expected = data.splits["test"].pictures.shape[1:]
    if pictures.shape[1:] != expected:
        raise InputError(f"{folder}: pictures of {pictures.shape[1:]}, those of the data set are {expected} "
                         "(height, width, channels)")
    return pictures


def main():
    arguments = parsed()
    torch.set_num_threads(arguments.threads)
    data = read_data_set(arguments.data)
    # Read what is to be judged first: a wrong folder should not cost minutes.
    edit = wanted_edit(arguments, data) if arguments.attribute else None
    samples = None
    if arguments.samples:
        samples = fitting(
            read_pictures(sorted(arguments.samples.glob("*.png")), arguments.samples), arguments.samples, data)
    if arguments.model and not arguments.glow.is_file():
        raise InputError(f"no program {arguments.glow}: build it with `make build`, or name it with --glow")
    bench = Bench(data, arguments.cache, lambda text: print(text, file=sys.stderr, flush=True))
    bench.real()
    if samples is not None:
        bench.samples(samples, "samples", f"{len(samples)} samples in {arguments.samples}")
    if edit:
        found = bench.edit(*edit)
        bench.table([(arguments.attribute, found)])
        bench.report["edit"] = named(found, data.attributes)
    if arguments.model:
        with tempfile.TemporaryDirectory(prefix="judge-") as folder:
            judge_model(bench, Glow(arguments.glow, arguments.model, arguments.data, Path(folder)), arguments)
    if arguments.write:
        kind, edits = ("told", bench.report["told"]) if arguments.told else (arguments.direction, bench.report["edits"])
        write_turned(arguments.write, kind, edits)
    print(json.dumps(bench.report) if arguments.json else "\n".join(bench.lines))


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"judge: {error}")
    except BrokenPipeError:
        sys.exit(1)
