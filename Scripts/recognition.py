#!/usr/bin/env python3
"""How many class-conditional samples does a classifier recognize?

Trains a small convolutional network on the real Fashion-MNIST training images (about two minutes on 2 cores; its weights
are cached), prints its accuracy on the real test images, then reads samples from a folder of 28x28 PNG files named
LABEL-NUMBER.png and prints the share to which it gives the label that was asked for. It judges the samples of
`glow sample --files`; the model that drew them has never seen it.

Needs torch and numpy:
    .libtorch/venv/bin/python Scripts/recognition.py --samples FOLDER
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path

try:
    import torch
    import torch.nn as nn
    import torch.nn.functional as F

    from judge_data import CLOTHES as CLASSES, InputError, read_clothes, read_pictures
    from judge_training import cached, fit
except ImportError as error:
    sys.exit(f"recognition: {error}: run this with a Python that has torch and numpy, such as .libtorch/venv/bin/python")

SIDE = 28
# What decides the cached weights; a change makes the cache invalid.
RECIPE = {"version": 1, "epochs": 3, "batch": 128, "rate": 4e-3, "seed": 1}


def read_split(folder, prefix):
    images, labels = read_clothes(folder, prefix)
    return torch.from_numpy(images.copy()), torch.from_numpy(labels)


def read_samples(folder):
    if not folder.is_dir():
        raise InputError(f"no folder {folder}")
    files, labels = sorted(folder.glob("*.png")), []
    for path in files:
        match = re.fullmatch(r"(\d+)-\d+", path.stem)
        if match is None or int(match[1]) >= len(CLASSES):
            raise InputError(
                f"{path}: the name should be LABEL-NUMBER.png with a label of 0 to {len(CLASSES) - 1}, such as 3-17.png"
            )
        labels.append(int(match[1]))
    images = read_pictures(files, folder)
    if images.shape[1:3] != (SIDE, SIDE):
        height, width = images.shape[1:3]
        raise InputError(f"{folder}: {width}x{height} pixels, expected {SIDE}x{SIDE}: draw the samples with --files")
    if (images != images[..., :1]).any():
        raise InputError(f"{folder}: has colors, expected gray")
    return torch.from_numpy(images[..., 0].copy()), torch.tensor(labels)


# --- The classifier ---


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, len(CLASSES)),
        )  # fmt: skip

    def forward(self, images):
        return self.features(images.float().div(255).sub(0.5).unsqueeze(1))

    @torch.no_grad()
    def predict(self, images):
        self.eval()
        return torch.cat([self(part).argmax(1) for part in images.split(1000)])


def train(images, labels, note):
    torch.manual_seed(RECIPE["seed"])
    model = Classifier().to(memory_format=torch.channels_last)
    fit(
        model, len(images), lambda batch: F.cross_entropy(model(images[batch]), labels[batch]), RECIPE, note, "classifier"
    )
    return model.state_dict()


def cached_classifier(cache, data, note):
    path = cache / "fashion-mnist-classifier.pt"
    model = Classifier()
    model.load_state_dict(cached(path, RECIPE, lambda: train(*read_split(data, "train"), note), note, "classifier"))
    return model


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], epilog="Progress goes to the standard error stream."
    )
    parser.add_argument("--samples", type=Path, help="folder of LABEL-NUMBER.png; without it, only the real accuracy")
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"), help="default: %(default)s")
    parser.add_argument("--cache", type=Path, default=Path(".data/recognition"), help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1), help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    arguments = parser.parse_args()
    if arguments.threads < 1:
        parser.error(f"--threads is {arguments.threads}, expected 1 or more")
    torch.set_num_threads(arguments.threads)

    def note(text):
        print(text, file=sys.stderr, flush=True)

    # Read the samples first: a wrong folder should not cost two minutes.
    samples = read_samples(arguments.samples) if arguments.samples else None
    model = cached_classifier(arguments.cache, arguments.data, note)
    images, labels = read_split(arguments.data, "t10k")
    real = (model.predict(images) == labels).float().mean().item()
    report = {"real_accuracy": round(real, 4), "real_images": len(images)}
    lines = [f"real test images: {real:.1%} of {len(images)} recognized"]
    if samples:
        images, labels = samples
        predicted = model.predict(images)
        hits = predicted == labels
        report |= {"recognized": round(hits.float().mean().item(), 4), "samples": len(images), "classes": {}}
        lines.append(f"samples: {hits.float().mean().item():.1%} of {len(images)} recognized")
        for index, name in enumerate(CLASSES):
            mine = labels == index
            if not mine.any():
                continue
            share = hits[mine].float().mean().item()
            missed = predicted[mine & ~hits]
            mistake = CLASSES[missed.mode().values.item()] if len(missed) else None
            report["classes"][name] = {"label": index, "recognized": round(share, 4), "samples": int(mine.sum())}
            if mistake:
                report["classes"][name]["usual_mistake"] = mistake
            suffix = f"   mostly taken for {mistake}" if mistake else ""
            lines.append(f"  {index} {name:<12} {share:7.1%} of {int(mine.sum())}{suffix}")
    print(json.dumps(report) if arguments.json else "\n".join(lines))


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"recognition: {error}")
    except BrokenPipeError:
        sys.exit(1)
