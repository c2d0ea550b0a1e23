"""From a configuration to the layers of a model, by the names that `model.safetensors` gives them."""

from __future__ import annotations

from dataclasses import dataclass

from .config import FlowConfig, GlowConfig, MaskedGlowConfig, RealNVPConfig
from .layers.bijection import Bijection, Chain
from .layers.convolutions import ConvConditioner
from .layers.coupling import Coupling, ElementMap
from .layers.masked import ORDERS, MaskedAutoregression
from .layers.mixing import ActNorm, ChannelPermutation, LUConv1x1, PlainConv1x1, Step
from .layers.priors import ClassifierHead, Split, SplitPrior, TopPrior, UnitPrior
from .layers.realnvp import BatchNorm, ChannelCoupling, CheckerboardCoupling, ResidualConditioner
from .layers.reshaping import LogitTransform, Squeeze


class Level(Chain):
    """The layers of one resolution, and the split that takes out its latent; the last level has none."""

    def __init__(self, links: dict[str, Bijection], split: Split | None = None):
        super().__init__(links)
        self.split = split


@dataclass
class Layers:
    """What a model consists of."""

    # Masked steps on the pixels, before the first level.
    pixels: Chain | None
    # The first level, of the finest resolution, first.
    levels: list[Level]
    prior: TopPrior | UnitPrior
    classifier: ClassifierHead | None
    # Whether anything but the last prior is told the condition. Else one pass serves all labels.
    reads_labels_below_prior: bool


def layers(config: FlowConfig) -> Layers:
    """The layers of a model, whose weights are still to come."""
    if isinstance(config, RealNVPConfig):
        levels = [_realnvp_level(config, level) for level in range(1, config.levels + 1)]
        return Layers(None, levels, UnitPrior(), None, False)
    if isinstance(config, MaskedGlowConfig):
        orders = list(ORDERS)
        steps: dict[str, Bijection] = {
            f"step{number + 1}": _pixel_step(config, orders[number % len(orders)]) for number in range(config.pixel_steps)}
        return _glow(config.glow, Chain(steps))
    return _glow(config, None)


# Glow.

def _glow(config: GlowConfig, pixels: Chain | None) -> Layers:
    channels = config.latent_shape(config.levels)[2]
    return Layers(
        pixels, [_glow_level(config, level) for level in range(1, config.levels + 1)], _top_prior(config),
        ClassifierHead(channels, len(config.class_names)) if config.classifier else None,
        _conditions_below_prior(config) > 0)


def _glow_level(config: GlowConfig, level: int) -> Level:
    channels = config.channels << (level + 1)
    links: dict[str, Bijection] = {"squeeze": Squeeze()}
    for number in range(1, config.steps + 1):
        links[f"step{number}"] = _glow_step(config, channels)
    return Level(links, _split(config, level) if level < config.levels else None)


def _glow_step(config: GlowConfig, channels: int) -> Step:
    transform = ElementMap(config.scale if config.coupling == "affine" else None, config.minimum_scale)
    conditioner = ConvConditioner(
        channels // 2, config.hidden, channels // 2 * transform.outputs_per_channel, edge_channel=config.edge_channel,
        factor=config.log_scale_factor, conditions=_conditions_of_conditioners(config))
    return Step(
        ActNorm(channels, config.log_scale_factor), _permutation(config, channels), "coupling",
        Coupling(transform, conditioner))


def _pixel_step(config: MaskedGlowConfig, order: str) -> Step:
    glow = config.glow
    masked = MaskedAutoregression(
        glow.channels, config.pixel_hidden, order, edge_channel=glow.edge_channel, factor=glow.log_scale_factor,
        conditions=_conditions_of_conditioners(glow))
    return Step(
        ActNorm(glow.channels, glow.log_scale_factor), _permutation(glow, glow.channels), "masked", masked)


def _permutation(config: GlowConfig, channels: int) -> Bijection:
    if config.permutation == "conv1x1LU":
        return LUConv1x1(channels)
    # A reversal's order is in the file, too.
    return PlainConv1x1(channels) if config.permutation == "conv1x1" else ChannelPermutation(channels)


def _split(config: GlowConfig, level: int) -> Split:
    conditions = _conditions_below_prior(config)
    channels = config.channels << (level + 1)
    shape = (config.height >> level, config.width >> level, channels)
    if config.priors == "diagonal":
        return Split(gaussian=(max(1, conditions), *shape), conditional=conditions > 0)
    # One value per channel, or one per channel and position.
    embedding = (conditions, *((1, 1, channels) if config.label_conditioning == "priors" else shape))
    prior = SplitPrior(channels // 2, config.edge_channel, embedding if conditions else None)
    return Split(prior=prior, limit=config.deviation_limit)


def _top_prior(config: GlowConfig) -> TopPrior:
    height, width, channels = config.latent_shape(config.levels)
    conditions = config.condition_count
    if config.priors == "diagonal":
        return TopPrior(
            channels, learned=False, edge_channel=False, gaussian=(max(1, conditions), height, width, 2 * channels),
            conditional=conditions > 0)
    positions = (height, width) if config.label_conditioning == "everywhere" else (1, 1)
    return TopPrior(
        channels, learned=config.learn_top, edge_channel=config.edge_channel,
        embedding=(conditions, *positions, 2 * channels) if conditions else None)


def _conditions_below_prior(config: GlowConfig) -> int:
    """Conditions that the priors of splits are told."""
    return 0 if config.label_conditioning == "prior" else config.condition_count


def _conditions_of_conditioners(config: GlowConfig) -> int:
    return config.condition_count if config.label_conditioning == "everywhere" else 0


# RealNVP.

def _realnvp_level(config: RealNVPConfig, level: int) -> Level:
    is_last = level == config.levels
    channels, hidden = config.channels << (level - 1), config.hidden << (level - 1)
    links: dict[str, Bijection] = {}
    if level == 1:
        links["logit"] = LogitTransform(config.alpha)
    for index in range(config.couplings + is_last):
        network = ResidualConditioner(channels, hidden, 2 * channels, config.blocks, checkerboard=True)
        links[f"checkerboard{index + 1}"] = Chain({
            "coupling": CheckerboardCoupling(network, keeps_odd=index % 2 == 1), "norm": BatchNorm(channels)})
    if is_last:
        return Level(links)
    links["squeeze"] = Squeeze()
    for index in range(config.couplings):
        network = ResidualConditioner(2 * channels, 2 * hidden, 4 * channels, config.blocks, checkerboard=False)
        links[f"channels{index + 1}"] = Chain({
            "coupling": ChannelCoupling(network, keeps_first=index % 2 == 0), "norm": BatchNorm(4 * channels)})
    links["order"] = ChannelPermutation(4 * channels)
    return Level(links, Split())
