"""The two small networks of the judge: one names the attributes of a picture, the other tells whole pictures from broken
ones. Needs torch."""

import hashlib
from typing import NamedTuple

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from judge_data import UNKNOWN
from judge_training import cached, fit

# What decides the cached weights; a change makes the cache invalid.
ATTRIBUTE_RECIPE = {"version": 1, "epochs": 6, "batch": 64, "rate": 3e-3, "seed": 1}
BROKEN_RECIPE = {"version": 1, "epochs": 6, "batch": 128, "rate": 3e-3, "seed": 2, "pictures": 20_000}
# A picture is broken if the network is surer of it (in log-odds) than of all but this share of real pictures kept aside,
# and surer than this: other photographs than those of training can hold deep shadows and glaring colors.
FALSE_ALARMS = 1 / 500
LEAST_THRESHOLD = 4.0


class Verdicts(NamedTuple):
    """Of each picture and attribute, `[pictures, attributes]`."""

    has: np.ndarray  # the probability that the picture has the attribute
    known: np.ndarray  # the probability that it shows whether it has it (a hat hides the hair)


def block(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU())


class Trunk(nn.Module):
    """Features at a quarter of the side (at an eighth, for pictures of 48 pixels and more)."""

    def __init__(self, side, channels, widths):
        super().__init__()
        self.fold = 2 if side >= 48 else 1
        first, second, third = widths
        self.layers = nn.Sequential(
            block(channels * self.fold**2, first), nn.MaxPool2d(2), block(first, second), nn.MaxPool2d(2),
            block(second, third))  # fmt: skip
        self.side = side // self.fold // 4

    def forward(self, pictures):
        pictures = pictures.permute(0, 3, 1, 2).float().div(255).sub(0.5)
        return self.layers(F.pixel_unshuffle(pictures, self.fold) if self.fold > 1 else pictures)


class AttributeNetwork(nn.Module):
    def __init__(self, side, channels, attributes):
        super().__init__()
        self.trunk = Trunk(side, channels, (32, 64, 96))
        # Brows and mouths are a few pixels at a certain place: every place has weights of its own.
        self.head = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.1), nn.Linear(96 * self.trunk.side**2, 192), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(192, 2 * attributes))  # fmt: skip

    def forward(self, pictures):
        return self.head(self.trunk(pictures)).unflatten(1, (2, -1))


class BrokenNetwork(nn.Module):
    """Looks at every place, and takes the strongest answer and the mean of each feature."""

    def __init__(self, side, channels):
        super().__init__()
        self.trunk = Trunk(side, channels, (16, 32, 64))
        self.head = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, pictures):
        features = self.trunk(pictures)
        return self.head(torch.cat([features.amax((2, 3)), features.mean((2, 3))], 1))[:, 0]


@torch.no_grad()
def in_parts(network, pictures):
    network.eval()
    return torch.cat([network(part) for part in torch.tensor(pictures).split(1000)])


class Judge:
    """Names attributes."""

    def __init__(self, network):
        self.network = network

    def __call__(self, pictures):
        has, known = in_parts(self.network, pictures).sigmoid().unbind(1)
        return Verdicts(has.numpy(), known.numpy())


def attribute_judge(data, cache, note, recipe=ATTRIBUTE_RECIPE):
    train = data.splits["train"]
    _, side, _, channels = train.pictures.shape
    recipe = {**recipe, "data": fingerprint(train)}

    def trained():
        torch.manual_seed(recipe["seed"])
        network = AttributeNetwork(side, channels, len(data.attributes)).to(memory_format=torch.channels_last)
        pictures, values = torch.from_numpy(train.pictures), torch.from_numpy(train.values)

        def loss_of(indices):
            has, known = network(disturbed(pictures[indices])).unbind(1)
            truth = values[indices]
            is_known = (truth != UNKNOWN).float()
            of_values = F.binary_cross_entropy_with_logits(has, truth.clamp(0).float(), reduction="none")
            return (of_values * is_known).sum() / is_known.sum() + F.binary_cross_entropy_with_logits(known, is_known)

        fit(network, len(pictures), loss_of, recipe, note, "judge")
        return network.state_dict()

    network = AttributeNetwork(side, channels, len(data.attributes))
    network.load_state_dict(cached(cache / f"judge-{side}-{recipe['data']}.pt", recipe, trained, note, "judge"))
    return Judge(network)


def disturbed(pictures):
    """With a little noise: what a model decodes is never as clean as what was drawn. Neither moved nor mirrored, as no
    picture of these sets is."""
    return pictures.float() + torch.randn(pictures.shape) * torch.rand(len(pictures), 1, 1, 1) * 4


def fingerprint(split):
    digest = hashlib.sha256(str(split.pictures.shape).encode())
    digest.update(split.pictures.tobytes())
    digest.update(split.values.tobytes())
    return digest.hexdigest()[:16]


# --- Broken pictures ---


class BrokenJudge:
    """Says which pictures are broken: have noise or saturated blocks."""

    def __init__(self, network, threshold):
        self.network, self.threshold = network, threshold

    def scores(self, pictures):
        return in_parts(self.network, pictures).numpy()

    def __call__(self, pictures):
        return self.scores(pictures) > self.threshold


def broken_judge(data, cache, note, recipe=BROKEN_RECIPE):
    train = data.splits["train"]
    _, side, _, channels = train.pictures.shape
    recipe = {**recipe, "data": fingerprint(train)}
    # Real pictures that set the threshold: every tenth, which the network does not see, and those for validation.
    aside = np.arange(len(train.pictures)) % 10 == 9
    real = train.pictures[~aside][: recipe["pictures"]]
    calm = [train.pictures[aside], *([data.splits["validation"].pictures] if "validation" in data.splits else [])]

    def trained():
        torch.manual_seed(recipe["seed"])
        random = np.random.default_rng(recipe["seed"])
        network = BrokenNetwork(side, channels).to(memory_format=torch.channels_last)

        def loss_of(indices):
            whole = real[indices.numpy()]
            pictures = np.concatenate([whole, broken(whole, random)])
            is_broken = (torch.arange(len(pictures)) >= len(whole)).float()
            return F.binary_cross_entropy_with_logits(network(disturbed(torch.from_numpy(pictures))), is_broken)

        fit(network, len(real), loss_of, recipe, note, "broken")
        scores = in_parts(network, np.concatenate(calm)).sort().values
        threshold = scores[int(len(scores) * (1 - FALSE_ALARMS))].clamp(min=LEAST_THRESHOLD)
        return {"network": network.state_dict(), "threshold": threshold}

    weights = cached(cache / f"broken-{side}-{recipe['data']}.pt", recipe, trained, note, "broken")
    network = BrokenNetwork(side, channels)
    network.load_state_dict(weights["network"])
    return BrokenJudge(network, weights["threshold"].item())


def broken(pictures, random):
    """Copies with a rectangle of noise or of saturated pixels, or burnt out: what decoding far from images looks like."""
    return np.stack([KINDS[random.integers(len(KINDS))](picture, random) for picture in pictures])


def rectangle(side, random, least=0.2):
    height, width = (max(4, round(side * random.uniform(least, 1.0))) for _ in range(2))
    top, left = random.integers(side - height + 1), random.integers(side - width + 1)
    return slice(top, top + height), slice(left, left + width)


def with_noise(picture, random):
    """Uniform noise, of black and white as often as of all values, in one channel or all alike."""
    copy = picture.copy()
    place = rectangle(len(picture), random)
    shape = copy[place].shape
    noise = random.integers(0, 256, shape if random.random() < 0.7 else (*shape[:2], 1))
    copy[place] = noise if random.random() < 0.5 else np.where(noise > 127, 255, 0)
    return copy


def with_speckles(picture, random):
    """Single saturated pixels in a rectangle, a tenth to a half of them."""
    copy = picture.copy()
    place = rectangle(len(picture), random)
    part = copy[place]
    hit = random.random(part.shape[:2]) < random.uniform(0.1, 0.5)
    part[hit] = random.choice([0, 255], (hit.sum(), part.shape[2]))
    return copy


def with_block(picture, random):
    """A rectangle of black, white or a color of full saturation, most often far from what it covers."""
    copy = picture.copy()
    for _ in range(10):
        place = rectangle(len(picture), random)
        color = random.choice([0, 255], picture.shape[2])
        if np.abs(copy[place].astype(int) - color).mean() > 40:
            break
    copy[place] = color
    return copy


def with_burn(picture, random):
    """Values driven apart until most are at the ends, everywhere or in a rectangle, about a level of each channel."""
    copy = picture.copy()
    place = rectangle(len(picture), random, least=0.5)
    part = copy[place].astype(float)
    middle = random.uniform(64, 192, picture.shape[2])
    tremble = random.normal(0, random.uniform(4, 25), part.shape)
    copy[place] = np.clip((part - middle + tremble) * random.uniform(4, 12) + middle, 0, 255).astype(np.uint8)
    return copy


def with_one_color(picture, random):
    """Black, white or a saturated color all over."""
    return np.broadcast_to(random.choice([0, 255], picture.shape[2]), picture.shape).astype(np.uint8)


KINDS = (with_noise, with_noise, with_speckles, with_speckles, with_block, with_block, with_burn, with_one_color)
