"""Models with random weights: one of each option of each family, small enough for Jacobians."""

from __future__ import annotations

from dataclasses import replace

import torch

from swift_glow import Exclusion, FlowConfig, FlowModel, GlowConfig, MaskedGlowConfig, RealNVPConfig

GLOW = GlowConfig(
    height=4, width=8, channels=1, bits=8, levels=2, steps=2, hidden=6, permutation="conv1x1LU", coupling="affine",
    scale="sigmoid", minimum_scale=0.0, edge_channel=False, log_scale_factor=1.0, learn_top=True, class_names=(),
    label_conditioning="prior", classifier=False)
LABELED = replace(GLOW, class_names=("a/b", 'ö "quoted"', "c\\d"))
TOLD = replace(
    GLOW, channels=3, height=4, width=4, label_conditioning="everywhere", attributes=("hat", "hair", "bald"),
    exclusions=(Exclusion("hat", absent=("bald",), unknown=("hair",), is_choice=False),
                Exclusion("hair", absent=("bald",), unknown=(), is_choice=True)),
    examples=("+..", "-+-", "--+", "-++"))
MASKED = MaskedGlowConfig(pixel_steps=4, pixel_hidden=5, glow=replace(GLOW, scale="bounded", deviation_limit=2.0))
REALNVP = RealNVPConfig(height=4, width=8, channels=1, bits=8, levels=2, couplings=2, blocks=1, hidden=4, alpha=0.05)

CONFIGS: dict[str, FlowConfig] = {
    "glow": GLOW,
    "glow, 3 channels, 3 levels": replace(GLOW, channels=3, levels=3, height=8, hidden=5),
    "glow, 4 channels, 1 level": replace(GLOW, channels=4, levels=1, height=4, width=2),
    "glow, additive, reverse, fixed top": replace(
        GLOW, coupling="additive", permutation="reverse", learn_top=False, bits=5),
    "glow, exponential, shuffle, edge channel": replace(
        GLOW, scale="exponential", permutation="shuffle", edge_channel=True, log_scale_factor=3.0, bits=1),
    "glow, bounded, plain matrices, limit": replace(
        GLOW, scale="bounded", permutation="conv1x1", deviation_limit=0.5, edge_channel=True, bits=3),
    "glow, minimum of the scale": replace(GLOW, minimum_scale=0.25, priors="learned", bits=2),
    "glow, labels in the last prior, classifier": replace(LABELED, classifier=True, edge_channel=True, bits=7),
    "glow, labels alone in the last prior": replace(LABELED, learn_top=False),
    "glow, labels in all priors": replace(LABELED, label_conditioning="priors", deviation_limit=1.5),
    "glow, labels everywhere": replace(LABELED, label_conditioning="everywhere", edge_channel=True, channels=3, height=4, width=4),
    "glow, attributes in the last prior": replace(TOLD, label_conditioning="prior", bits=4),
    "glow, attributes in all priors": replace(TOLD, label_conditioning="priors", exclusions=None, examples=None),
    "glow, attributes everywhere": replace(TOLD, bits=6),
    "glow, diagonal priors": replace(GLOW, priors="diagonal"),
    "glow, diagonal priors a label": replace(LABELED, priors="diagonal", label_conditioning="priors"),
    "glow, diagonal priors a label, labels everywhere": replace(
        LABELED, priors="diagonal", label_conditioning="everywhere", permutation="conv1x1"),
    "masked-glow": MASKED,
    "masked-glow, 3 channels, labels everywhere": MaskedGlowConfig(5, 5, replace(
        LABELED, channels=3, height=4, width=4, label_conditioning="everywhere", edge_channel=True, log_scale_factor=2.0)),
    "masked-glow, attributes, reverse": replace(MASKED, pixel_steps=2, glow=replace(TOLD, permutation="reverse", bits=5)),
    "realnvp": REALNVP,
    "realnvp, 3 channels, 1 level, no blocks": replace(
        REALNVP, channels=3, levels=1, width=4, couplings=3, blocks=0, alpha=0.2, bits=5),
    "realnvp, 3 levels": replace(REALNVP, levels=3, height=8, couplings=1, blocks=2),
}


def random_model(config: FlowConfig, seed: int = 0, dtype: torch.dtype = torch.float64) -> FlowModel:
    """A model of that shape whose every number counts."""
    generator = torch.Generator().manual_seed(seed)

    def value(name: str, like: torch.Tensor) -> torch.Tensor:
        kind, shape = name.rsplit(".", 1)[-1], like.shape
        if not like.is_floating_point():
            return torch.randperm(len(like), generator=generator)
        normal = torch.randn(shape, generator=generator, dtype=torch.float64)
        if kind == "sign":
            return normal.sign()
        if kind == "runningVariance":
            return normal.abs() + 0.5
        if kind == "magnitude":
            return 0.1 * normal.abs() + 0.1
        if name.endswith("permutation.weight"):
            return torch.linalg.qr(normal).Q + 0.1 * normal
        return normal * 0.1

    model = FlowModel(config)
    weights = {name: value(name, like) for name, like in model.state_dict().items()}
    model.to(dtype).load_state_dict(weights)
    return model


def random_labels(config: FlowConfig, count: int, seed: int = 1) -> torch.Tensor | None:
    """A condition of so many images."""
    generator = torch.Generator().manual_seed(seed)
    if config.class_names:
        return torch.randint(len(config.class_names), (count,), generator=generator)
    if config.attributes:
        return torch.randint(-1, 2, (count, len(config.attributes)), generator=generator).double()
    return None


def random_images(config: FlowConfig, count: int, seed: int = 2) -> torch.Tensor:
    """uint8 `[count, height, width, channel]`."""
    shape = (count, config.height, config.width, config.channels)
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
