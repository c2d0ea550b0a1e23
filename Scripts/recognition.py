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
import gzip
import json
import os
import re
import struct
import sys
import time
import zlib
from pathlib import Path

try:
    import numpy as np
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
except ImportError as error:
    sys.exit(f"recognition: {error}: run this with a Python that has torch and numpy, such as .libtorch/venv/bin/python")

CLASSES = ["t-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]
SIDE = 28
# What decides the cached weights; a change makes the cache invalid.
RECIPE = {"version": 1, "epochs": 3, "batch": 128, "rate": 4e-3, "seed": 1}


class InputError(Exception):
    pass


# --- Fashion-MNIST ---


def read_idx(folder, name, dimensions):
    """An IDX file of bytes, gzipped or not, as an array."""
    path = next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), None)
    if path is None:
        raise InputError(f"no {name}.gz in {folder}: get Fashion-MNIST with `make data`, or name its folder with --data")
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: {error}") from None
    header = 4 + 4 * dimensions
    if len(data) < header or data[:4] != bytes([0, 0, 8, dimensions]):
        raise InputError(f"{path}: not an IDX file of bytes with {dimensions} dimension(s)")
    shape = struct.unpack(f">{dimensions}I", data[4:header])
    if len(data) - header != int(np.prod(shape)):
        raise InputError(f"{path}: {len(data) - header} bytes of data, its header says {shape}")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def read_split(folder, prefix):
    images = read_idx(folder, f"{prefix}-images-idx3-ubyte", 3)
    labels = read_idx(folder, f"{prefix}-labels-idx1-ubyte", 1)
    if images.shape != (len(labels), SIDE, SIDE):
        raise InputError(f"{folder}: {prefix} has images of shape {images.shape} and {len(labels)} labels")
    if labels.max() >= len(CLASSES):
        raise InputError(f"{folder}: {prefix} has label {labels.max()}, expected 0 to {len(CLASSES) - 1}")
    return torch.from_numpy(images.copy()), torch.from_numpy(labels.astype(np.int64))


# --- PNG ---


def unfilter(data, height, stride, bytes_per_pixel, path):
    """Undoes PNG's row filters (specification, section 9); returns `[height, stride]`."""
    rows = np.zeros((height + 1, stride + bytes_per_pixel), np.uint8)
    for y in range(height):
        kind = data[y * (stride + 1)]
        line = np.frombuffer(data, np.uint8, stride, y * (stride + 1) + 1)
        above, row = rows[y], rows[y + 1]
        b = bytes_per_pixel
        if kind == 0:
            row[b:] = line
        elif kind == 2:
            row[b:] = line + above[b:]
        elif kind in (1, 3, 4):
            for i in range(stride):
                left, up, corner = int(row[i]), int(above[i + b]), int(above[i])
                if kind == 1:
                    guess = left
                elif kind == 3:
                    guess = (left + up) // 2
                else:
                    p = left + up - corner
                    guess = min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2]
                row[i + b] = (int(line[i]) + guess) & 255
        else:
            raise InputError(f"{path}: row {y} has filter {kind}, expected 0 to 4")
    return rows[1:, bytes_per_pixel:]


def read_png(path):
    """An 8-bit gray PNG (or one of gray pixels in RGB), `[28, 28]`."""
    data = path.read_bytes()
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise InputError(f"{path}: not a PNG file")
    position, header, body = 8, None, b""
    while position < len(data):
        if len(data) < position + 12:
            raise InputError(f"{path}: ends within a chunk")
        (length,) = struct.unpack(">I", data[position : position + 4])
        kind = data[position + 4 : position + 8]
        content = data[position + 8 : position + 8 + length]
        if len(data) < position + 12 + length:
            raise InputError(f"{path}: ends within chunk {kind!r}")
        position += 12 + length
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", content)
        elif kind == b"IDAT":
            body += content
        elif kind == b"IEND":
            break
    if header is None or len(header) != 7:
        raise InputError(f"{path}: no IHDR chunk")
    width, height, depth, color, _, _, interlaced = header
    if (width, height) != (SIDE, SIDE):
        raise InputError(f"{path}: {width}x{height} pixels, expected {SIDE}x{SIDE}: draw the samples with --files")
    channels = {0: 1, 2: 3, 4: 2, 6: 4}.get(color)
    if depth != 8 or channels is None or interlaced:
        raise InputError(f"{path}: expected a plain gray or RGB PNG of 8 bits (color type {color}, {depth} bits)")
    try:
        raw = zlib.decompress(body)
    except zlib.error as error:
        raise InputError(f"{path}: {error}") from None
    stride = width * channels
    if len(raw) != height * (stride + 1):
        raise InputError(f"{path}: {len(raw)} bytes of pixels, expected {height * (stride + 1)}")
    pixels = unfilter(raw, height, stride, channels, path).reshape(height, width, channels)
    if channels >= 3 and (pixels[..., :3] != pixels[..., :1]).any():
        raise InputError(f"{path}: has colors, expected gray")
    return pixels[..., 0]


def read_samples(folder):
    if not folder.is_dir():
        raise InputError(f"no folder {folder}")
    images, labels = [], []
    files = sorted(folder.glob("*.png"))
    if not files:
        raise InputError(f"no PNG files in {folder}")
    for path in files:
        match = re.fullmatch(r"(\d+)-\d+", path.stem)
        if match is None or int(match[1]) >= len(CLASSES):
            raise InputError(
                f"{path}: the name should be LABEL-NUMBER.png with a label of 0 to {len(CLASSES) - 1}, such as 3-17.png"
            )
        images.append(read_png(path))
        labels.append(int(match[1]))
    return torch.from_numpy(np.stack(images)), torch.tensor(labels)


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
    optimizer = torch.optim.Adam(model.parameters())
    steps = len(images) // RECIPE["batch"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RECIPE["rate"], total_steps=RECIPE["epochs"] * steps)
    start = time.monotonic()
    for epoch in range(RECIPE["epochs"]):
        model.train()
        total = 0.0
        for batch in torch.randperm(len(images))[: steps * RECIPE["batch"]].view(steps, -1):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        seconds = time.monotonic() - start
        note(f"classifier: epoch {epoch + 1} of {RECIPE['epochs']}, loss {total / steps:.3f}, {seconds:.0f} s")
    return model


def cached_classifier(cache, data, note):
    path = cache / "fashion-mnist-classifier.pt"
    if path.is_file():
        try:
            stored = torch.load(path, weights_only=True)
            if stored["recipe"] == RECIPE:
                model = Classifier()
                model.load_state_dict(stored["weights"])
                note(f"classifier: weights from {path}")
                return model
            note(f"classifier: {path} comes from another recipe, training again")
        except Exception as error:  # a damaged cache is only a reason to train again
            note(f"classifier: {path} cannot be read ({type(error).__name__}), training again")
    model = train(*read_split(data, "train"), note)
    cache.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    torch.save({"recipe": RECIPE, "weights": model.state_dict()}, partial)
    partial.replace(path)
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
