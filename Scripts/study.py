#!/usr/bin/env python3
"""Does the work behind docs/measurements/report: trains the models that it compares, measures and uses them, and notes everything in
study.json, from which study-report (Sources/study-report) writes the pages.

Each piece of work leaves a file or a note, and what is there is not done again: after an interruption the same command goes
on. Every run trains on one thread, as many runs at once as there are cores: small models gain little from a second thread.
What is trained is said in study/families.py: the flags and shapes of each family, in one place each.
"""

import argparse
import datetime
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from study.faces import Faces
from study.families import FACES, FULL, QUICK, SETS, TOY
from study.measures import Meter, require_tools
from study.pictures import Painter
from study.program import ROOT, Notes
from study.training import Trainer


def machine():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = "an unknown processor"
    return f"{os.cpu_count()} cores of {name}"


def train_all(trainer, plan):
    runs = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, result in enumerate(pool.map(trainer.train, plan), 1):
            runs.append(result)
            print(f"{number}/{len(plan)} {result['name']}: {result['evaluation']['bitsPerDimension']:.3f} bits/dim, "
                  f"{result['seconds']:.0f} s", flush=True)
    return runs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--quick", action="store_true", help="half an hour on two cores instead of two hours")
    choice.add_argument("--toy", action="store_true", help="minutes, to try the study itself")
    parser.add_argument("--faces", action="store_true", help="the page of the faces, in place of that of the other sets")
    options = parser.parse_args()
    size = TOY if options.toy else QUICK if options.quick else FULL
    require_tools()
    folder = ROOT / "runs" / "-".join(["study", *(["faces"] if options.faces else []), *([size.name] if size is not FULL else [])])
    folder.mkdir(parents=True, exist_ok=True)
    notes = Notes(folder)
    trainer = Trainer(size, folder, notes)
    runs = train_all(trainer, trainer.likelihood([FACES]) if options.faces else trainer.plan())
    # Alone on the machine, since it is timed.
    meter, painter = Meter(size, folder, notes, runs), Painter(folder, notes, runs)
    study = {"runs": runs, "quick": size is not FULL, "machine": machine(), "date": str(datetime.date.today())}
    if options.faces:
        faces = Faces(size, notes, painter)
        study |= {
            "sampling": [], "recognition": [], "jpegxl": meter.jpegxl([FACES]), "separability": [], "pictures": faces.pictures(),
            "faces": {"model": faces.evaluation(), **faces.judged()},
        }
    else:
        study |= {
            "sampling": meter.sampling(), "recognition": meter.recognition(), "jpegxl": meter.jpegxl(SETS),
            "separability": painter.separability(), "pictures": painter.pictures(),
        }
    study["hours"] = notes.hours
    (folder / "study.json").write_text(json.dumps(study, indent=1, sort_keys=True) + "\n")
    print(f"study: {len(runs)} runs and {len(study['pictures'])} pictures noted in {folder.relative_to(ROOT)}/study.json")


if __name__ == "__main__":
    main()
