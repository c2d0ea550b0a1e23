"""What the study trains: the data sets, the flags of each family, and how much of it all."""

from dataclasses import dataclass, field

from study.program import multiplies_bfloat16

DATA = {
    "fashion-mnist": "fashion-mnist",
    "photo-patches-32": ".data/photo-patches-32",
    "emoji-32": ".data/emoji-32",
    "faces-32": ".data/faces-32",
}
# The faces have a page of their own, for which the pictures come from the shipped model.
SETS = ["fashion-mnist", "photo-patches-32", "emoji-32"]
FACES = "faces-32"
BITS = {FACES: 5}  # a channel, as of the faces of the paper; 8 of the other sets
# Models of one shape and the same flags are of one size and speed.
SHAPES = {"fashion-mnist": "28x28x1", "photo-patches-32": "32x32x3", "emoji-32": "32x32x3", FACES: "32x32x3"}
ABLATED = "photo-patches-32"

LEVELS = {"fashion-mnist": 2, "photo-patches-32": 3, "emoji-32": 3, FACES: 3}
# A picture model of Fashion-MNIST knows the label: recognition needs one to ask for.
PICTURE_LABELS = {"fashion-mnist": "everywhere"}


@dataclass(frozen=True)
class Family:
    """Flags of `glow train`, by name. What stands further down in this list replaces what stands before it."""
    title: str
    training: dict  # in all of the family's runs
    on: dict = field(default_factory=dict)  # on one data set, such as {"emoji-32": {"lr": 2e-3}}
    shapes: dict = field(default_factory=dict)  # by size and section; a section may be of one data set, as in "pictures emoji-32"

    def flags(self, data, size, section):
        shapes = self.shapes.get(size, {})
        bits = {"bits": BITS[data]} if data in BITS else {}
        return {**self.training, **bits, **self.on.get(data, {}), **shapes.get(section, {}), **shapes.get(f"{section} {data}", {})}


# How both flows train best: Muon was better than Adam for either, batches of 16 than of 32, and bfloat16 costs no bits.
# Learning rates of 1e-3, 2e-3, 4e-3 and 8e-3 were tried (docs/training.md).
FAST = {"batch": 16, "optimizer": "muon", "lr": 4e-3, **({"precision": "bf16"} if multiplies_bfloat16() else {})}

FAMILIES = {
    "glow": Family(
        "Glow",
        training={"preset": "demo", "labels": "none", "threads": 1, **FAST},
        on={"fashion-mnist": {"lr": 2e-3}, "photo-patches-32": {"lr": 2e-3}},
        shapes={
            "full": {
                "likelihood": {"steps": 8, "hidden": 96},
                "pictures": {"steps": 12, "hidden": 128},
                "ablation": {"lr": 4e-3, "steps": 8, "hidden": 64},
            },
            "quick": {
                "likelihood": {"steps": 6, "hidden": 48},
                "pictures": {"steps": 8, "hidden": 64},
                "ablation": {"lr": 4e-3, "steps": 4, "hidden": 32},
            },
            "toy": {
                "likelihood": {"steps": 2, "hidden": 16},
                "pictures": {"steps": 2, "hidden": 24},
                "ablation": {"lr": 4e-3, "steps": 1, "hidden": 8},
            },
        }),
    "masked-glow": Family(
        "MaskedGlow",
        training={"preset": "masked-glow", "labels": "none", "threads": 1, **FAST},
        on={"fashion-mnist": {"lr": 2e-3}},
        shapes={
            "full": {
                "likelihood": {"pixel-steps": 6, "pixel-hidden": 32, "steps": 6, "hidden": 64},
                "pictures": {"pixel-steps": 6, "pixel-hidden": 48, "steps": 9, "hidden": 128},
                # Fewer masked steps leave samples that are easier to recognize.
                "pictures fashion-mnist": {"pixel-steps": 2, "pixel-hidden": 32, "steps": 11},
                "pictures emoji-32": {"pixel-steps": 4, "pixel-hidden": 32},
                "ablation": {"pixel-steps": 4, "pixel-hidden": 32, "steps": 6, "hidden": 64},
            },
            "quick": {
                "likelihood": {"pixel-steps": 4, "pixel-hidden": 16, "steps": 4, "hidden": 32},
                "pictures": {"pixel-steps": 4, "pixel-hidden": 32, "steps": 6, "hidden": 48},
                "ablation": {"pixel-steps": 4, "pixel-hidden": 32, "steps": 3, "hidden": 32},
            },
            "toy": {
                "likelihood": {"pixel-steps": 2, "pixel-hidden": 8, "steps": 1, "hidden": 16},
                "likelihood emoji-32": {"lr": 1e-3},  # with the preset's, so few images end in an inverse that the guards refuse
                "pictures": {"pixel-steps": 2, "pixel-hidden": 8, "steps": 2, "hidden": 16},
                "ablation": {"pixel-steps": 4, "pixel-hidden": 32, "steps": 1, "hidden": 8},
            },
        }),
    # Hidden channels are found, so that it has about as many parameters as Glow.
    "realnvp": Family(
        "RealNVP",
        training={"preset": "realnvp", "threads": 1, "batch": 32, "levels": 2, "steps": 3, "blocks": 1}),
}
# Those that have models for pictures.
PAINTERS = ["glow", "masked-glow"]

# The permutations and couplings of Glow that are compared.
PERMUTATIONS = ["reverse", "shuffle", "conv1x1"]
COUPLINGS = ["additive", "affine"]

# The numbers and widths of masked steps that are compared: each with all else as in MaskedGlow's shape for ablations.
PIXEL_STEPS = [0, 1, 2, 4, 8]
PIXEL_HIDDEN = [16, 32, 64]
MORE_COUPLINGS = 2  # a level, in place of masked steps


@dataclass(frozen=True)
class Size:
    """How much work the study is."""
    name: str
    minutes: float  # of training for each model of the comparison
    picture_minutes: float  # of training for each model from which pictures are drawn
    ablation_images: int
    pixel_images: int  # for each model of the ablation of masked steps
    seeds: int
    test_images: int | None  # all without
    recognized: int  # samples to recognize
    judged: int  # faces to edit, and to draw, for the judge


FULL = Size("full", minutes=3, picture_minutes=23, ablation_images=8_000, pixel_images=6_000, seeds=3, test_images=None,
            recognized=1000, judged=500)
QUICK = Size("quick", minutes=0.8, picture_minutes=1.5, ablation_images=8_000, pixel_images=4_000, seeds=2, test_images=1000,
             recognized=1000, judged=100)
TOY = Size("toy", minutes=0.08, picture_minutes=0.08, ablation_images=960, pixel_images=480, seeds=1, test_images=100,
           recognized=100, judged=20)


def with_levels(flags, data):
    return {**flags, "levels": LEVELS[data]}


def likelihood_flags(family, data, size):
    """Of a model of the comparison; without RealNVP's width."""
    flags = FAMILIES[family].flags(data, size, "likelihood")
    return flags if family == "realnvp" else with_levels(flags, data)


def picture_flags(family, data, size):
    flags = with_levels(FAMILIES[family].flags(data, size, "pictures"), data)
    return {**flags, "labels": PICTURE_LABELS.get(data, flags["labels"])}


def coupling_rows(size):
    """The rows of the ablation of permutations and couplings: name, flags, labels."""
    base = with_levels(FAMILIES["glow"].flags(ABLATED, size, "ablation"), ABLATED)
    for permutation in PERMUTATIONS:
        for coupling in COUPLINGS:
            labels = {"permutation": permutation, "coupling": coupling}
            yield f"{permutation}-{coupling}", {**base, **labels}, labels


def pixel_rows(size):
    """The rows of the ablation of masked steps: name, family, flags, and the row's name in each table that has it."""
    base = with_levels(FAMILIES["masked-glow"].flags(ABLATED, size, "ablation"), ABLATED)
    masked, width, steps = base["pixel-steps"], base["pixel-hidden"], base["steps"]
    # All else as with masked steps, also how it is trained and what bounds its priors.
    couplings = {name: value for name, value in base.items() if not name.startswith("pixel-")} | {
        "preset": FAMILIES["glow"].training["preset"], "weight-decay": 0.03, "deviation-limit": 2}
    for count in PIXEL_STEPS:
        labels = {"steps": str(count)}
        if count == 0:
            yield "pixels-0", "glow", couplings, labels | {"kind": f"{steps} couplings a level"}
            continue
        if count == masked:
            labels |= {"width": str(width), "kind": f"{count} masked steps, then {steps} couplings a level"}
        yield f"pixels-{count}", "masked-glow", {**base, "pixel-steps": count}, labels
    for hidden in PIXEL_HIDDEN:
        if hidden != width:
            yield f"pixels-{masked}x{hidden}", "masked-glow", {**base, "pixel-hidden": hidden}, {"width": str(hidden)}
    more = steps + MORE_COUPLINGS
    yield "pixels-none-deeper", "glow", {**couplings, "steps": more}, {"kind": f"{more} couplings a level"}
