#!/usr/bin/env python3
"""Writes the reference numbers that the tests compare the Swift models with.

    make fixtures

runs it with torch, numpy and normflows 1.7.3; --out FOLDER writes elsewhere.

glow-reference*.safetensors   whole models, from the small float64 Glow below. It is written from the definitions with
                              torch.nn.functional.conv2d on channels-first tensors and autograd, and shares no code and
                              no layout with the Swift one.
realnvp-reference.safetensors a whole RealNVP, written in the same way.
normflows-reference.safetensors
                              layers and a whole model of the published package normflows 1.7.3, with its weights
                              rearranged to our layout. Skipped, with a word, where normflows is missing.
glow-pytorch-*.safetensors    weights as that program saves them, and in the file -expected what they say of some images.
y0ast-*.safetensors, chaiyujin-*.safetensors
                              the same of two programs that number their layers in one list.
normflows-*.safetensors       models of normflows as it saves them, and in normflows-import.safetensors their numbers.

The same seeds give the same files on the same PyTorch version. In the glow-reference files weights, inputs and gradients
are float32 (weights and inputs are exact: they are rounded before anything is computed from them; a gradient is good to
1e-7 of its size); log-probabilities, log-determinants and latents are float64, and in the normflows file so is every
weight that is no exact float32. Every weight is random, those that a fresh model has at zero included.

In a glow-reference file, tensors are named
    <parameter name>            value, in our layout: channels last, convolution weights [row, column, input, output]
    <buffer name>               permutation (int64) and sign of an LU 1x1 convolution, order of a shuffle
    x                           [batch, height, width, channel], what the model takes: within -1/2 ..< 1/2
    labels                      int64 [batch], where the model has labels
    logProbability              [batch], nats
    level{l}.latent             [batch, height, width, channel], z as it leaves the level
    level{l}.eps                (z - mean) / exp(logsd)
    logits                      [batch, classes], of the classifier head, where there is one
    gradient/<parameter name>   of mean(-logProbability) / (D ln 2), plus weightY * mean(cross-entropy in bits) where
                                the metadata give weightY
and the metadata hold `configuration` (the fields of GlowConfiguration, as JSON), `weightY` and `torch`.

The realnvp-reference file has the same, with every latent standard normal as it is, and with
    training/logProbability     [batch], by the batch's statistics; gradients are of this
    after/<buffer name>         the running averages after one step of training
"""

import argparse
import json
import math
import pathlib
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

LN2 = math.log(2)


# --- safetensors --------------------------------------------------------------------------------------------------

TYPES = {"float32": "F32", "float64": "F64", "int64": "I64"}


def write_safetensors(path, tensors, metadata):
    header = {"__metadata__": metadata}
    blobs = []
    offset = 0
    for name, tensor in tensors.items():
        array = np.ascontiguousarray(tensor.detach().numpy())
        blob = array.astype(array.dtype.newbyteorder("<")).tobytes()
        header[name] = {
            "dtype": TYPES[array.dtype.name],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + len(blob)],
        }
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")


# --- an independent Glow ------------------------------------------------------------------------------------------


def rounded(tensor):
    """To the nearest float32, still as float64: so that a float32 file holds exactly what was computed with."""
    return tensor.to(torch.float32).to(torch.float64)


class Weights:
    """Draws weights by name in our layout, and hands them to the computation as leaves."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.parameters = {}
        self.buffers = {}

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def parameter(self, name, shape, scale, around=0.0):
        return self.given(name, around + scale * self.normal(*shape))

    def given(self, name, value):
        self.parameters[name] = rounded(value).requires_grad_()
        return self.parameters[name]

    def buffer(self, name, value):
        self.buffers[name] = value
        return value


def squeeze(x):
    """Channel c, offset (dy, dx) -> channel 4c + 2dy + dx, spelled out."""
    n, c, h, w = x.shape
    y = x.new_zeros(n, 4 * c, h // 2, w // 2)
    for channel in range(c):
        for dy in range(2):
            for dx in range(2):
                y[:, 4 * channel + 2 * dy + dx] = x[:, channel, dy::2, dx::2]
    return y


def conv3x3(x, weight, edge):
    """`weight` [3, 3, in (+ 1), out]. `edge`: one more input channel, 1 on the padding and 0 inside."""
    x = F.pad(x, (1, 1, 1, 1))
    if edge:
        n, _, h, w = x.shape
        mark = torch.ones(n, 1, h, w, dtype=x.dtype)
        mark[:, :, 1:-1, 1:-1] = 0
        x = torch.cat([x, mark], dim=1)
    return F.conv2d(x, weight.permute(3, 2, 0, 1))


def per_channel(v):
    return v.reshape(1, -1, 1, 1)


def per_label(embedding, labels, height, width):
    """`embedding` [classes, channel] or [classes, height or 1, width or 1, channel]; the labels' rows, channels first."""
    rows = embedding[labels]
    rows = rows[:, :, None, None] if rows.dim() == 2 else rows.permute(0, 3, 1, 2)
    return rows.expand(-1, -1, height, width)


def normal_log_density(z, mean, logsd):
    log_density = -0.5 * math.log(2 * math.pi) - logsd - 0.5 * ((z - mean) / logsd.exp()) ** 2
    return log_density.flatten(1).sum(1)


class ReferenceGlow:
    def __init__(self, configuration, seed):
        self.c = configuration
        self.w = Weights(seed)
        self.edge = configuration["edgeChannel"]
        self.factor = configuration["logScaleFactor"]
        self.classes = len(configuration["classNames"])
        self.everywhere = self.classes > 0 and configuration["labelConditioning"] == "everywhere"
        self.steps = []
        channels = configuration["channels"]
        height, width = configuration["height"], configuration["width"]
        self.levels = configuration["levels"]
        for level in range(1, self.levels + 1):
            channels, height, width = 4 * channels, height // 2, width // 2
            for step in range(1, configuration["steps"] + 1):
                self.make_step(f"level{level}.step{step}", channels)
            if level < self.levels:
                self.make_zero_conv(f"level{level}.split.prior", channels // 2, channels, (height, width))
                channels //= 2
        w = self.w
        if self.edge:
            w.parameter("prior.edge", (3, 3, 2 * channels), 0.1)
        w.parameter("prior.bias", (2 * channels,), 0.2)
        w.parameter("prior.logScale", (2 * channels,), 0.1)
        if self.classes:
            place = (height, width) if self.everywhere else (1, 1)
            w.parameter("prior.labelEmbedding", (self.classes, *place, 2 * channels), 0.3)
        if configuration["classifier"]:
            w.parameter("classifier.weight", (channels, self.classes), 0.5)
            w.parameter("classifier.bias", (self.classes,), 0.2)
            w.parameter("classifier.logScale", (self.classes,), 0.1)

    def make_step(self, name, channels):
        w, c, hidden = self.w, self.c, self.c["hidden"]
        w.parameter(f"{name}.actnorm.bias", (channels,), 0.3)
        w.parameter(f"{name}.actnorm.logScale", (channels,), 0.3 / self.factor)
        rotation = torch.linalg.qr(w.normal(channels, channels))[0]
        matrix = rotation + 0.1 * w.normal(channels, channels) / channels**0.5
        if c["permutation"] == "conv1x1":
            w.given(f"{name}.permutation.weight", matrix)
        elif c["permutation"] == "conv1x1LU":
            p, lower, upper = torch.linalg.lu(matrix)
            diagonal = upper.diagonal()
            # Full squares of random numbers: a reader that looks at the wrong triangle gets caught.
            junk = w.normal(channels, channels)
            w.given(f"{name}.permutation.lower", lower.tril(-1) + junk.triu(0))
            w.given(f"{name}.permutation.upper", upper.triu(1) + junk.tril(0))
            w.given(f"{name}.permutation.logDiagonal", diagonal.abs().log())
            # P[p[i], i] = 1: row i of L (U + D) becomes row p[i] of W.
            w.buffer(f"{name}.permutation.permutation", p.argmax(0))
            w.buffer(f"{name}.permutation.sign", diagonal.sign())
        elif c["permutation"] == "reverse":
            w.buffer(f"{name}.permutation.order", torch.arange(channels - 1, -1, -1))
        else:
            w.buffer(f"{name}.permutation.order", torch.randperm(channels, generator=w.generator))
        conditioner = f"{name}.coupling.conditioner"
        outputs = channels if c["coupling"] == "affine" else channels // 2
        inputs = channels // 2 + self.edge
        w.parameter(f"{conditioner}.conv1.weight", (3, 3, inputs, hidden), (9 * inputs) ** -0.5)
        if self.everywhere:
            w.parameter(f"{conditioner}.conv1.labelEmbedding", (self.classes, hidden), 0.3)
        w.parameter(f"{conditioner}.norm1.bias", (hidden,), 0.3)
        w.parameter(f"{conditioner}.norm1.logScale", (hidden,), 0.3 / self.factor)
        w.parameter(f"{conditioner}.conv2.weight", (hidden, hidden), hidden**-0.5)
        w.parameter(f"{conditioner}.norm2.bias", (hidden,), 0.3)
        w.parameter(f"{conditioner}.norm2.logScale", (hidden,), 0.3 / self.factor)
        self.make_zero_conv(f"{conditioner}.conv3", hidden, outputs, None)

    def make_zero_conv(self, name, inputs, outputs, place):
        """`place` (height, width): where a prior is told the label, at every position; None elsewhere."""
        w = self.w
        w.parameter(f"{name}.weight", (3, 3, inputs + self.edge, outputs), 0.5 * (9 * inputs) ** -0.5)
        w.parameter(f"{name}.bias", (outputs,), 0.1)
        w.parameter(f"{name}.logScale", (outputs,), 0.1)
        if self.everywhere and place:
            w.parameter(f"{name}.labelEmbedding", (self.classes, *place, outputs), 0.2)

    def actnorm(self, name, x):
        p = self.w.parameters
        log_scale = self.factor * p[f"{name}.logScale"]
        y = (x + per_channel(p[f"{name}.bias"])) * per_channel(log_scale.exp())
        return y, x.shape[2] * x.shape[3] * log_scale.sum()

    def zero_conv(self, name, x, labels):
        p = self.w.parameters
        y = conv3x3(x, p[f"{name}.weight"], self.edge) + per_channel(p[f"{name}.bias"])
        y = y * per_channel((3 * p[f"{name}.logScale"]).exp())
        if f"{name}.labelEmbedding" in p:
            y = y + per_label(p[f"{name}.labelEmbedding"], labels, x.shape[2], x.shape[3])
        return y

    def permute(self, name, x):
        p, b, kind = self.w.parameters, self.w.buffers, self.c["permutation"]
        if kind in ("reverse", "shuffle"):
            return x[:, b[f"{name}.order"]], torch.zeros((), dtype=x.dtype)
        if kind == "conv1x1":
            matrix = p[f"{name}.weight"]
        else:
            log_diagonal = p[f"{name}.logDiagonal"]
            n = len(log_diagonal)
            lower = p[f"{name}.lower"].tril(-1) + torch.eye(n, dtype=x.dtype)
            upper = p[f"{name}.upper"].triu(1) + torch.diag(b[f"{name}.sign"] * log_diagonal.exp())
            permutation = torch.zeros(n, n, dtype=x.dtype)
            permutation[b[f"{name}.permutation"], torch.arange(n)] = 1
            matrix = permutation @ lower @ upper
        log_det = x.shape[2] * x.shape[3] * torch.linalg.slogdet(matrix).logabsdet
        return F.conv2d(x, matrix[:, :, None, None]), log_det

    def couple(self, name, x, labels):
        p = self.w.parameters
        kept, transformed = x.chunk(2, dim=1)
        hidden = conv3x3(kept, p[f"{name}.conv1.weight"], self.edge)
        if self.everywhere:
            hidden = hidden + per_label(p[f"{name}.conv1.labelEmbedding"], labels, x.shape[2], x.shape[3])
        hidden = F.relu(self.actnorm(f"{name}.norm1", hidden)[0])
        hidden = F.conv2d(hidden, p[f"{name}.conv2.weight"].t()[:, :, None, None])
        hidden = F.relu(self.actnorm(f"{name}.norm2", hidden)[0])
        output = self.zero_conv(f"{name}.conv3", hidden, labels)
        if self.c["coupling"] == "additive":
            return torch.cat([kept, transformed + output], dim=1), torch.zeros(len(x), dtype=x.dtype)
        shift, raw = output.chunk(2, dim=1)
        if self.c["scale"] == "sigmoid":
            minimum = self.c["minimumScale"]
            scale = minimum + (1 - minimum) * torch.sigmoid(raw + 2)
        else:
            scale = raw.exp()
        return torch.cat([kept, (transformed + shift) * scale], dim=1), scale.log().flatten(1).sum(1)

    def top(self, z, labels):
        p = self.w.parameters
        n, channels, height, width = z.shape
        halves = torch.zeros(n, 2 * channels, height, width, dtype=z.dtype)
        if self.edge:
            # The released code's conv2d_zeros over zeros: of its input channels only the edge's matters.
            halves = conv3x3(halves[:, :0], p["prior.edge"][:, :, None, :], True)
        halves = (halves + per_channel(p["prior.bias"])) * per_channel((3 * p["prior.logScale"]).exp())
        if self.classes:
            halves = halves + per_label(p["prior.labelEmbedding"], labels, height, width)
        return halves.chunk(2, dim=1)

    def logits(self, z):
        p = self.w.parameters
        pooled = z.mean(dim=(2, 3))
        return (pooled @ p["classifier.weight"] + p["classifier.bias"]) * (3 * p["classifier.logScale"]).exp()

    def run(self, x, labels):
        """Channels first. Returns log p per image, and latents and eps per level."""
        log_p = torch.zeros(len(x), dtype=x.dtype)
        latents, standardised = [], []
        for level in range(1, self.levels + 1):
            x = squeeze(x)
            for step in range(1, self.c["steps"] + 1):
                name = f"level{level}.step{step}"
                x, log_det = self.actnorm(f"{name}.actnorm", x)
                log_p = log_p + log_det
                x, log_det = self.permute(f"{name}.permutation", x)
                log_p = log_p + log_det
                x, log_det = self.couple(f"{name}.coupling.conditioner", x, labels)
                log_p = log_p + log_det
            if level < self.levels:
                kept, z = x.chunk(2, dim=1)
                mean, logsd = self.zero_conv(f"level{level}.split.prior", kept, labels).chunk(2, dim=1)
            else:
                kept, z = None, x
                mean, logsd = self.top(z, labels)
            log_p = log_p + normal_log_density(z, mean, logsd)
            latents.append(z)
            standardised.append((z - mean) / logsd.exp())
            x = kept
        return log_p, latents, standardised


def channels_last(x):
    return x.permute(0, 2, 3, 1).contiguous()


def check_log_probability(model, x, labels):
    """log p of one image against log|det d eps / d x| + log N(eps; 0, 1), with the whole Jacobian from autograd."""
    x, labels = x[:1], None if labels is None else labels[:1]

    def flat_eps(values):
        _, _, eps = model.run(values.reshape(x.shape), labels)
        return torch.cat([e.flatten() for e in eps])

    jacobian = torch.autograd.functional.jacobian(flat_eps, x.flatten())
    eps = flat_eps(x.flatten())
    expected = torch.linalg.slogdet(jacobian).logabsdet - 0.5 * (eps**2 + math.log(2 * math.pi)).sum()
    error = (model.run(x, labels)[0][0] - expected).abs().item()
    assert error < 1e-10 * x.numel(), f"log p is off by {error}"
    return error


def glow_reference(path, configuration, batch, seed, weight_y=0.0):
    model = ReferenceGlow(configuration, seed)
    c, w = configuration, model.w
    x = rounded(torch.rand(batch, c["channels"], c["height"], c["width"], generator=w.generator, dtype=torch.float64) - 0.5)
    labels = None
    if model.classes:
        labels = torch.randint(model.classes, (batch,), generator=w.generator)
    error = check_log_probability(model, x, labels)
    log_p, latents, eps = model.run(x, labels)
    dimensions = x[0].numel()
    loss = -log_p.mean() / (dimensions * LN2)
    tensors = {name: value.to(torch.float32) for name, value in w.parameters.items()}
    tensors |= {name: value.to(torch.float32) if value.is_floating_point() else value for name, value in w.buffers.items()}
    tensors["x"] = channels_last(x).to(torch.float32)
    if labels is not None:
        tensors["labels"] = labels
    tensors["logProbability"] = log_p
    for level, (z, e) in enumerate(zip(latents, eps), start=1):
        tensors[f"level{level}.latent"] = channels_last(z)
        tensors[f"level{level}.eps"] = channels_last(e)
    if c["classifier"]:
        logits = model.logits(latents[-1])
        tensors["logits"] = logits
        loss = loss + weight_y * F.cross_entropy(logits, labels) / LN2
    gradients = torch.autograd.grad(loss, list(w.parameters.values()), allow_unused=True)
    for (name, value), gradient in zip(w.parameters.items(), gradients):
        gradient = torch.zeros_like(value) if gradient is None else gradient
        tensors[f"gradient/{name}"] = gradient.to(torch.float32)
    metadata = {
        "configuration": json.dumps(configuration, sort_keys=True),
        "weightY": repr(weight_y),
        "torch": torch.__version__,
    }
    write_safetensors(path, tensors, metadata)
    scales = [e.abs().max().item() for e in eps]
    print(f"  bits/dim {loss.item() + c['bits']:.3f}, largest |eps| {max(scales):.2f}, log p against a Jacobian: {error:.1e}")


def configuration(**changes):
    base = dict(
        bits=8, channels=1, classNames=[], classifier=False, coupling="affine", edgeChannel=False, height=8, hidden=8,
        labelConditioning="prior", learnTop=True, levels=2, logScaleFactor=1.0, minimumScale=0.0,
        permutation="conv1x1LU", scale="sigmoid", steps=2, width=8,
    )
    assert set(changes) <= set(base)
    return base | changes


# --- an independent RealNVP ---------------------------------------------------------------------------------------


class ReferenceRealNVP:
    """`training`: normalises by the batch's statistics, and collects them by name."""

    epsilon = 1e-4

    def __init__(self, configuration, seed):
        self.c = configuration
        self.w = Weights(seed)
        self.training = False
        self.batch_statistics = {}
        for level in range(1, configuration["levels"] + 1):
            last = level == configuration["levels"]
            channels, hidden = (configuration[key] << (level - 1) for key in ("channels", "hidden"))
            for i in range(1, configuration["couplings"] + 1 + last):
                self.make_coupling(f"level{level}.checkerboard{i}", channels, 2 * channels + 1, hidden, channels)
            if not last:
                for i in range(1, configuration["couplings"] + 1):
                    self.make_coupling(f"level{level}.channels{i}", 2 * channels, 4 * channels, 2 * hidden, 4 * channels)
                order = [4 * c + p for p in (0, 3, 1, 2) for c in range(channels)]
                self.w.buffer(f"level{level}.order.order", torch.tensor(order))

    def make_norm(self, name, channels, shift=True):
        w = self.w
        if shift:
            w.parameter(f"{name}.shift", (channels,), 0.3)
        w.buffer(f"{name}.runningMean", rounded(0.2 * w.normal(channels)))
        w.buffer(f"{name}.runningVariance", rounded((0.2 * w.normal(channels)).exp()))

    def make_conv(self, name, size, inputs, outputs, magnitude=True, bias=True):
        w = self.w
        w.parameter(f"{name}.weight", (size, size, inputs, outputs), 1.0)
        if magnitude:
            w.parameter(f"{name}.magnitude", (outputs,), 0.1, around=0.6)
        if bias:
            w.parameter(f"{name}.bias", (outputs,), 0.1)

    def make_coupling(self, name, kept, inputs, hidden, channels):
        net = f"{name}.coupling.conditioner"
        self.w.parameter(f"{name}.coupling.rescale", (1,), 0.2, around=0.5)
        self.make_norm(f"{net}.input", kept)
        self.make_conv(f"{net}.stem", 3, inputs, hidden, magnitude=False)
        self.make_conv(f"{net}.skip0", 1, hidden, hidden)
        for b in range(1, self.c["blocks"] + 1):
            self.make_norm(f"{net}.block{b}.norm1", hidden)
            self.make_conv(f"{net}.block{b}.conv1", 3, hidden, hidden, magnitude=False, bias=False)
            self.make_norm(f"{net}.block{b}.norm2", hidden)
            self.make_conv(f"{net}.block{b}.conv2", 3, hidden, hidden)
            self.make_conv(f"{net}.skip{b}", 1, hidden, hidden)
        self.make_norm(f"{net}.norm", hidden)
        self.make_conv(f"{net}.head", 1, hidden, 2 * kept)
        self.make_norm(f"{name}.norm", channels, shift=False)

    def moments(self, name, x):
        if not self.training:
            b = self.w.buffers
            return b[f"{name}.runningMean"], b[f"{name}.runningVariance"]
        mean, variance = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), unbiased=False)
        self.batch_statistics[f"{name}.runningMean"] = mean.detach()
        self.batch_statistics[f"{name}.runningVariance"] = variance.detach()
        return mean, variance

    def normalise(self, name, x):
        mean, variance = self.moments(name, x)
        y = (x - per_channel(mean)) / per_channel((variance + self.epsilon).sqrt())
        shift = self.w.parameters.get(f"{name}.shift")
        log_det = -0.5 * x.shape[2] * x.shape[3] * (variance + self.epsilon).log().sum()
        return y if shift is None else y + per_channel(shift), log_det

    def conv(self, name, x):
        p = self.w.parameters
        weight = p[f"{name}.weight"]
        weight = weight / weight.flatten(0, 2).norm(dim=0)
        if f"{name}.magnitude" in p:
            weight = weight * p[f"{name}.magnitude"]
        return F.conv2d(x, weight.permute(3, 2, 0, 1), p.get(f"{name}.bias"), padding=weight.shape[0] // 2)

    def network(self, name, x, mask):
        """`mask` [1, 1, height, width] of a checkerboard, else None."""
        x, _ = self.normalise(f"{name}.input", x)
        if mask is None:
            x = torch.cat([x, -x], dim=1)
        else:
            x = torch.cat([2 * x, -2 * x, mask.expand(len(x), 1, -1, -1)], dim=1)
        x = self.conv(f"{name}.stem", F.relu(x))
        out = self.conv(f"{name}.skip0", x)
        for b in range(1, self.c["blocks"] + 1):
            y = self.conv(f"{name}.block{b}.conv1", F.relu(self.normalise(f"{name}.block{b}.norm1", x)[0]))
            x = x + self.conv(f"{name}.block{b}.conv2", F.relu(self.normalise(f"{name}.block{b}.norm2", y)[0]))
            out = out + self.conv(f"{name}.skip{b}", x)
        return self.conv(f"{name}.head", F.relu(self.normalise(f"{name}.norm", out)[0]))

    def couple(self, name, x, kind, index):
        rescale = self.w.parameters[f"{name}.coupling.rescale"]
        net = f"{name}.coupling.conditioner"
        if kind == "checkerboard":
            rows, columns = torch.meshgrid(torch.arange(x.shape[2]), torch.arange(x.shape[3]), indexing="ij")
            mask = ((rows + columns) % 2 == index % 2).to(x.dtype)[None, None]
            shift, raw = self.network(net, x * mask, mask).chunk(2, dim=1)
            log_scale = rescale * raw.tanh() * (1 - mask)
            x = x * mask + (1 - mask) * (x + shift) * log_scale.exp()
        else:
            halves = list(x.chunk(2, dim=1))
            kept, moved = (0, 1) if index % 2 == 0 else (1, 0)
            shift, raw = self.network(net, halves[kept], None).chunk(2, dim=1)
            log_scale = rescale * raw.tanh()
            halves[moved] = (halves[moved] + shift) * log_scale.exp()
            x = torch.cat(halves, dim=1)
        x, log_det = self.normalise(f"{name}.norm", x)
        return x, log_scale.flatten(1).sum(1) + log_det

    def run(self, x, labels=None):
        """Channels first. Returns log p per image, and the latents per level, twice."""
        alpha = self.c["alpha"]
        p = alpha + (1 - 2 * alpha) * (x + 0.5)
        log_p = (math.log(1 - 2 * alpha) - p.log() - (1 - p).log()).flatten(1).sum(1)
        x = p.log() - (1 - p).log()
        latents = []
        for level in range(1, self.c["levels"] + 1):
            last = level == self.c["levels"]
            for i in range(self.c["couplings"] + last):
                x, log_det = self.couple(f"level{level}.checkerboard{i + 1}", x, "checkerboard", i)
                log_p = log_p + log_det
            if last:
                latents.append(x)
                break
            x = squeeze(x)
            for i in range(self.c["couplings"]):
                x, log_det = self.couple(f"level{level}.channels{i + 1}", x, "channels", i)
                log_p = log_p + log_det
            x = F.pixel_shuffle(x, 2)
            latents.append(torch.cat([x[:, :, 0::2, 1::2], x[:, :, 1::2, 0::2]], dim=1))
            x = torch.cat([x[:, :, 0::2, 0::2], x[:, :, 1::2, 1::2]], dim=1)
        zero = torch.zeros((), dtype=x.dtype)
        for z in latents:
            log_p = log_p + normal_log_density(z, zero, zero)
        return log_p, latents, latents


def realnvp_reference(path, configuration, batch, seed):
    model = ReferenceRealNVP(configuration, seed)
    c, w = configuration, model.w
    x = rounded(torch.rand(batch, c["channels"], c["height"], c["width"], generator=w.generator, dtype=torch.float64) - 0.5)
    error = check_log_probability(model, x, None)
    tensors = {name: value.to(torch.float32) for name, value in w.parameters.items()}
    tensors |= {name: value.to(torch.float32) if value.is_floating_point() else value for name, value in w.buffers.items()}
    tensors["x"] = channels_last(x).to(torch.float32)
    log_p, latents, _ = model.run(x)
    tensors["logProbability"] = log_p
    for level, z in enumerate(latents, start=1):
        tensors[f"level{level}.latent"] = channels_last(z)
    model.training = True
    training_log_p, _, _ = model.run(x)
    tensors["training/logProbability"] = training_log_p
    loss = -training_log_p.mean() / (x[0].numel() * LN2)
    for name, gradient in zip(w.parameters, torch.autograd.grad(loss, list(w.parameters.values()))):
        tensors[f"gradient/{name}"] = gradient.to(torch.float32)
    for name, value in model.batch_statistics.items():
        tensors[f"after/{name}"] = (0.9 * w.buffers[name] + 0.1 * value).to(torch.float32)
    metadata = {"configuration": json.dumps(configuration, sort_keys=True), "torch": torch.__version__}
    write_safetensors(path, tensors, metadata)
    print(f"  bits/dim {-log_p.mean().item() / (x[0].numel() * LN2) + c['bits']:.3f} in evaluation,", end=" ")
    print(f"{loss.item() + c['bits']:.3f} in training, log p against a Jacobian: {error:.1e}")


# --- normflows ----------------------------------------------------------------------------------------------------
#
# How normflows 1.7.3 differs, and what is done about it:
#   direction     its `forward` is latent -> data; its `inverse` is our forward, and its log-determinants have that
#                 sign. Its lists of flows run from the latent to the data: our step k of K is its block K - k.
#   order         a GlowBlock is coupling, 1x1 convolution, ActNorm in ITS direction, so its inverse is ActNorm, 1x1
#                 convolution, coupling: ours.
#   ActNorm       inverse: (z - t) exp(-s). Ours: exp(logScale) (x + bias): bias = -t, logScale = -s.
#                 Inside the conditioner (net_actnorm) it is used FORWARD: z exp(s) + t. Ours: logScale = s,
#                 bias = t exp(-s).
#   1x1           inverse: W z, as ours; P, L, U, sign_S, log_S map one to one.
#   conditioner   ConvNet2d puts ActNorm AND no bias where net_actnorm is on, as ours; LeakyReLU(0) is a ReLU. Its last
#                 convolution has no exp(3 logScale): ours is stored with logScale 0.
#   coupling      even channels of the conditioner are the shift, odd ones the scale: ours are halves. Its inverse
#                 subtracts the shift, and divides by exp(scale): our shift = -its, and with `exp` our raw = -its; with
#                 `sigmoid` (scale = sigmoid(raw + 2), inverse multiplies) raw is the same. Without scale: shift = -its.
#   borders       zero padding, no edge channel.
#   Squeeze       inverse sends (c, dy, dx) to 4c + 2dy + dx, as ours.
#   Merge         its inverse keeps the first half and takes the second half out, as ours.
#   split prior   none: GlowBase has mean and log-deviation per channel (with exp(3 logs) on each). Ours has the
#                 convolution's weight 0 and its bias and logScale instead.
#   classes       GlowBase takes a class embedding at EVERY level; ours, conditioned in the prior, at the top alone. The
#                 split levels' class embeddings are therefore left at zero.
#   latents       q0[0] is the top; ours are listed from the first level up.


def set_random(module, generator, scale):
    for parameter in module.parameters():
        parameter.data = rounded(scale * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))


def compact(tensor):
    """As float32 where that loses nothing."""
    single = tensor.detach().to(torch.float32)
    return single if tensor.is_floating_point() and torch.equal(single.double(), tensor) else tensor


def map_conv(weight):
    return weight.permute(2, 3, 1, 0).contiguous()


def map_actnorm(layer, prefix, out):
    out[f"{prefix}.bias"] = -layer.t.flatten()
    out[f"{prefix}.logScale"] = -layer.s.flatten()


def map_conv1x1(layer, prefix, out):
    if layer.use_lu:
        out[f"{prefix}.lower"] = layer.L.tril(-1)
        out[f"{prefix}.upper"] = layer.U.triu(1)
        out[f"{prefix}.logDiagonal"] = layer.log_S
        out[f"{prefix}.permutation"] = layer.P.argmax(0)
        out[f"{prefix}.sign"] = layer.sign_S
    else:
        out[f"{prefix}.weight"] = layer.W


def map_block(block, prefix, out):
    coupling, conv1x1, actnorm = block.flows
    map_actnorm(actnorm, f"{prefix}.actnorm", out)
    map_conv1x1(conv1x1, f"{prefix}.permutation", out)
    affine = coupling.flows[1]
    net = affine.param_map.net
    convolutions = [layer for layer in net if isinstance(layer, torch.nn.Conv2d)]
    # net_actnorm: utils.ActNorm layers lie between a convolution and its LeakyReLU.
    norms = [layer for layer in net if type(layer).__name__ == "ActNorm"]
    conditioner = f"{prefix}.coupling.conditioner"
    out[f"{conditioner}.conv1.weight"] = map_conv(convolutions[0].weight)
    out[f"{conditioner}.conv2.weight"] = convolutions[1].weight[:, :, 0, 0].t().contiguous()
    for index in (0, 1):
        name = f"{conditioner}.norm{index + 1}"
        if norms:
            actnorm = norms[index].actNorm
            log_scale, bias = actnorm.s.flatten(), actnorm.t.flatten() * torch.exp(-actnorm.s.flatten())
        else:
            bias = convolutions[index].bias
            log_scale = torch.zeros_like(bias)
        out[f"{name}.bias"] = bias
        out[f"{name}.logScale"] = log_scale
    weight, bias = map_conv(convolutions[2].weight), convolutions[2].bias
    if affine.scale:
        sign = 1 if affine.scale_map == "sigmoid" else -1
        weight = torch.cat([-weight[..., 0::2], sign * weight[..., 1::2]], dim=-1)
        bias = torch.cat([-bias[0::2], sign * bias[1::2]])
    else:
        weight, bias = -weight, -bias
    out[f"{conditioner}.conv3.weight"] = weight
    out[f"{conditioner}.conv3.bias"] = bias
    out[f"{conditioner}.conv3.logScale"] = torch.zeros_like(bias)


def halves_of(base):
    """A GlowBase as the bias and logScale of a zero-started convolution: mean, then log-deviation."""
    bias = torch.cat([base.loc.flatten(), base.log_scale.flatten()])
    return bias, torch.cat([base.loc_logs.flatten(), base.log_scale_logs.flatten()])


def block_scales(block, generator):
    """Random weights of a size at which nothing saturates."""
    set_random(block, generator, 0.2)
    coupling, conv1x1, actnorm = block.flows
    conv1x1_matrix = torch.linalg.qr(torch.randn(conv1x1.num_channels, conv1x1.num_channels, generator=generator, dtype=torch.float64))[0]
    set_conv1x1(conv1x1, conv1x1_matrix)
    for norm in block.modules():
        if hasattr(norm, "data_dep_init_done"):
            norm.data_dep_init_done = torch.tensor(1.0)


def set_conv1x1(layer, matrix):
    if not layer.use_lu:
        layer.W.data = rounded(matrix)
        return
    p, lower, upper = torch.linalg.lu(matrix)
    layer.P = p
    layer.L.data = rounded(lower)
    layer.U.data = rounded(upper.triu(1))
    layer.log_S.data = rounded(upper.diagonal().abs().log())
    layer.sign_S = upper.diagonal().sign()
    layer.eye = layer.eye.to(torch.float64)


def normflows_reference(path):
    import normflows as nf

    generator = torch.Generator().manual_seed(20)
    torch.manual_seed(20)
    tensors, cases = {}, {}

    def record(name, layer, input_channels, mapped, height=4, width=6, batch=3, **facts):
        """Our forward is their inverse."""
        x = rounded(torch.randn(batch, input_channels, height, width, generator=generator, dtype=torch.float64))
        with torch.no_grad():
            y, log_det = layer.inverse(x)
            back, _ = layer.forward(y)
        assert (back - x).abs().max() < 1e-10, name
        tensors[f"{name}/x"] = channels_last(x).to(torch.float32)
        tensors[f"{name}/y"] = channels_last(y)
        tensors[f"{name}/logDet"] = torch.as_tensor(log_det, dtype=torch.float64).expand(batch).contiguous()
        for key, value in mapped.items():
            tensors[f"{name}/{key}"] = compact(value)
        cases[name] = facts

    layer = nf.flows.ActNorm((6, 1, 1)).double()
    set_random(layer, generator, 0.4)
    layer.data_dep_init_done = torch.tensor(1.0)
    mapped = {}
    map_actnorm(layer, "actnorm", mapped)
    record("actnorm", layer, 6, mapped, channels=6)

    for use_lu in (False, True):
        layer = nf.flows.Invertible1x1Conv(6, use_lu).double()
        set_conv1x1(layer, torch.linalg.qr(torch.randn(6, 6, generator=generator, dtype=torch.float64))[0] + 0.05 * torch.eye(6, dtype=torch.float64))
        mapped = {}
        map_conv1x1(layer, "permutation", mapped)
        record("conv1x1LU" if use_lu else "conv1x1", layer, 6, mapped, channels=6)

    record("squeeze", nf.flows.Squeeze(), 3, {}, channels=3)

    for name, scale, scale_map, use_lu, net_actnorm in (
        ("block-sigmoid", True, "sigmoid", True, True),
        ("block-exponential", True, "exp", False, True),
        ("block-additive", False, "sigmoid", True, False),
    ):
        block = nf.flows.GlowBlock(
            6, 5, scale=scale, scale_map=scale_map, leaky=0.0, init_zeros=False, use_lu=use_lu, net_actnorm=net_actnorm
        ).double()
        block_scales(block, generator)
        mapped = {}
        map_block(block, "step", mapped)
        facts = dict(
            channels=6, hidden=5, coupling="affine" if scale else "additive",
            scale="sigmoid" if scale_map == "sigmoid" else "exponential",
            permutation="conv1x1LU" if use_lu else "conv1x1",
        )
        record(name, block, 6, mapped, **facts)

    # A whole class-conditional multi-scale model: 3 levels of 2 blocks, 1 channel, 8 x 16.
    levels, steps, hidden, classes, shape = 3, 2, 4, 4, (1, 8, 16)
    q0, merges, flows = [], [], []
    for i in range(levels):
        channels = shape[0] * 2 ** (levels + 1 - i)
        blocks = [
            nf.flows.GlowBlock(channels, hidden, scale_map="sigmoid", leaky=0.0, init_zeros=False, use_lu=True, net_actnorm=True).double()
            for _ in range(steps)
        ]
        for block in blocks:
            block_scales(block, generator)
        flows.append(blocks + [nf.flows.Squeeze()])
        size = (shape[1] // 2 ** (levels - i), shape[2] // 2 ** (levels - i))
        if i > 0:
            merges.append(nf.flows.Merge())
            latent = (shape[0] * 2 ** (levels - i), *size)
        else:
            latent = (shape[0] * 2 ** (levels + 1), *size)
        base = nf.distributions.GlowBase(latent, num_classes=classes).double()
        set_random(base, generator, 0.2)
        if i > 0:
            base.loc_cc.data.zero_()
            base.log_scale_cc.data.zero_()
        q0.append(base)
    model = nf.MultiscaleFlow(q0, flows, merges, class_cond=True).double()
    model.double()
    batch = 3
    x = rounded(torch.rand(batch, *shape, generator=generator, dtype=torch.float64) - 0.5)
    labels = torch.randint(classes, (batch,), generator=generator)
    mapped = {}
    for i in range(levels):
        level = levels - i
        for k in range(steps):
            map_block(flows[i][k], f"level{level}.step{steps - k}", mapped)
        bias, log_scale = halves_of(q0[i])
        if i == 0:
            mapped["prior.bias"], mapped["prior.logScale"] = bias, log_scale
            mapped["prior.labelEmbedding"] = torch.cat([q0[i].loc_cc, q0[i].log_scale_cc], dim=1)[:, None, None]
        else:
            kept = len(bias) // 2
            mapped[f"level{level}.split.prior.weight"] = torch.zeros(3, 3, kept, len(bias), dtype=torch.float64)
            mapped[f"level{level}.split.prior.bias"] = bias
            mapped[f"level{level}.split.prior.logScale"] = log_scale
    with torch.no_grad():
        log_p = model.log_prob(x, labels)
        latents, log_det = model.inverse_and_log_det(x)
    for key, value in mapped.items():
        tensors[f"glow/{key}"] = compact(value)
    tensors["glow/x"] = channels_last(x).to(torch.float32)
    tensors["glow/labels"] = labels
    tensors["glow/logProbability"] = log_p
    tensors["glow/logDet"] = log_det
    for i, z in enumerate(latents):
        tensors[f"glow/level{levels - i}.latent"] = channels_last(z)
    cases["glow"] = configuration(
        channels=shape[0], height=shape[1], width=shape[2], levels=levels, steps=steps, hidden=hidden,
        classNames=[f"class {i}" for i in range(classes)],
    )
    metadata = {"cases": json.dumps(cases, sort_keys=True), "normflows": "1.7.3", "torch": torch.__version__}
    write_safetensors(path, tensors, metadata)
    print(f"  bits/dim {-log_p.mean().item() / (x[0].numel() * LN2) + 8:.3f}")


# --- normflows' own files -----------------------------------------------------------------------------------------

# What `glow import` is tested with: for each of these, normflows-NAME.safetensors is the state dict of a MultiscaleFlow as
# it is, in float64; normflows-import.safetensors holds, under NAME/, what the model says of some images.
IMPORT_CASES = {
    "glowbase": dict(base="GlowBase", classes=None, shape=(3, 8, 8), levels=2, scale=True, scale_map="sigmoid", use_lu=True, net_actnorm=True),
    "labels": dict(base="GlowBase", classes=3, shape=(1, 8, 16), levels=3, scale=True, scale_map="sigmoid", use_lu=False, net_actnorm=False),
    "diagonal": dict(base="DiagGaussian", classes=None, shape=(3, 8, 12), levels=2, scale=True, scale_map="exp", use_lu=True, net_actnorm=False),
    "perlabel": dict(base="ClassCondDiagGaussian", classes=3, shape=(1, 8, 8), levels=2, scale=False, scale_map="sigmoid", use_lu=True, net_actnorm=True),
}


def normflows_import(folder):
    import normflows as nf

    expected = {}
    for number, (name, case) in enumerate(IMPORT_CASES.items()):
        generator = torch.Generator().manual_seed(30 + number)
        torch.manual_seed(30 + number)
        levels, shape, steps, hidden = case["levels"], case["shape"], 2, 4
        q0, merges, flows, latents = [], [], [], []
        for i in range(levels):
            blocks = [
                nf.flows.GlowBlock(
                    shape[0] * 2 ** (levels + 1 - i), hidden, scale=case["scale"], scale_map=case["scale_map"],
                    leaky=0.0, init_zeros=False, use_lu=case["use_lu"], net_actnorm=case["net_actnorm"],
                ).double()
                for _ in range(steps)
            ]
            for block in blocks:
                block_scales(block, generator)
            flows.append(blocks + [nf.flows.Squeeze()])
            channels = shape[0] * 2 ** (levels + (1 if i == 0 else 0) - i)
            latent = (channels, shape[1] // 2 ** (levels - i), shape[2] // 2 ** (levels - i))
            latents.append(latent)
            if i > 0:
                merges.append(nf.flows.Merge())
            base = getattr(nf.distributions, case["base"])
            base = base(latent) if case["classes"] is None else base(latent, case["classes"])
            base = base.double()
            set_random(base, generator, 0.2)
            q0.append(base)
        labelled = case["classes"] is not None
        model = nf.MultiscaleFlow(q0, flows, merges, class_cond=labelled).double()
        batch = 3
        x = rounded(torch.rand(batch, *shape, generator=generator, dtype=torch.float64) - 0.5)
        labels = torch.tensor([2, 0, 1]) if labelled else None
        # What each base makes of standard normal numbers, by its own sampler.
        eps = [rounded(torch.randn(batch, *latent, generator=generator, dtype=torch.float64)) for latent in latents]
        drawn = iter(eps)
        ordinary = torch.randn
        torch.randn = lambda *args, **kwargs: next(drawn)
        try:
            with torch.no_grad():
                log_p = model.log_prob(x, labels)
                samples, _ = model.sample(batch, labels) if labelled else model.sample(batch)
        finally:
            torch.randn = ordinary
        state = {key: value.to(torch.float64) for key, value in model.state_dict().items()}
        write_safetensors(folder / f"normflows-{name}.safetensors", state, {"format": "pt"})
        expected[f"{name}/x"] = channels_last(x).to(torch.float32)
        if labelled:
            expected[f"{name}/labels"] = labels
        expected[f"{name}/logProbability"] = log_p
        expected[f"{name}/samples"] = channels_last(samples)
        for i, e in enumerate(eps):
            expected[f"{name}/level{levels - i}.eps"] = channels_last(e).to(torch.float32)
    metadata = {"normflows": "1.7.3", "torch": torch.__version__}
    write_safetensors(folder / "normflows-import.safetensors", expected, metadata)


# --- glow-pytorch ---------------------------------------------------------------------------------------------------
#
# Weights named and shaped as github.com/rosinality/glow-pytorch saves them, and a computation from its definitions: 3x3
# convolutions that end in a scale see 1 on the border instead of 0, in every input channel; the others see 0. Affine
# couplings have the raw scale first, the shift second. Channels first throughout.


def glow_pytorch_reference(folder, name, seed, affine, root):
    generator = torch.Generator().manual_seed(seed)
    levels, steps, hidden, shape, batch = 2, 2, 5, (3, 8, 12), 3
    state = {}

    def draw(key, *shape, scale=0.2, around=0.0):
        value = around + scale * torch.randn(*shape, generator=generator, dtype=torch.float64)
        state[root + key] = rounded(value)
        return state[root + key]

    def bordered(key, x, inputs, outputs):
        weight, bias = draw(f"{key}.conv.weight", outputs, inputs, 3, 3), draw(f"{key}.conv.bias", outputs)
        scale = draw(f"{key}.scale", 1, outputs, 1, 1, scale=0.1)
        return F.conv2d(F.pad(x, (1, 1, 1, 1), value=1.0), weight, bias) * torch.exp(3 * scale)

    x = rounded(torch.rand(batch, *shape, generator=generator, dtype=torch.float64) - 0.5)
    images, log_p, channels = x, torch.zeros(batch, dtype=torch.float64), shape[0]
    for block in range(levels):
        x = squeeze(x)
        channels *= 4
        pixels = x.shape[2] * x.shape[3]
        for flow in range(steps):
            key = f"blocks.{block}.flows.{flow}"
            loc, scale = draw(f"{key}.actnorm.loc", 1, channels, 1, 1), draw(f"{key}.actnorm.scale", 1, channels, 1, 1, around=1.0)
            scale.clamp_(0.3)
            state[f"{root}{key}.actnorm.initialized"] = torch.ones((), dtype=torch.float64)
            x = scale * (x + loc)
            log_p = log_p + pixels * scale.log().sum()
            rotation = torch.linalg.qr(torch.randn(channels, channels, generator=generator, dtype=torch.float64))[0]
            p, lower, upper = torch.linalg.lu(rotation)
            one = torch.eye(channels, dtype=torch.float64)
            parts = dict(
                w_p=p, u_mask=torch.ones_like(one).triu(1), l_mask=torch.ones_like(one).tril(-1),
                s_sign=upper.diagonal().sign(), l_eye=one, w_l=rounded(lower), w_s=rounded(upper.diagonal().abs().log()),
                w_u=rounded(upper.triu(1)),
            )
            state.update({f"{root}{key}.invconv.{part}": value.clone() for part, value in parts.items()})
            matrix = p @ (parts["w_l"].tril(-1) + one) @ (parts["w_u"] + torch.diag(parts["s_sign"] * parts["w_s"].exp()))
            x = F.conv2d(x, matrix[:, :, None, None])
            log_p = log_p + pixels * parts["w_s"].sum()
            kept, moved = x.chunk(2, dim=1)
            net = f"{key}.coupling.net"
            h = F.relu(F.conv2d(kept, draw(f"{net}.0.weight", hidden, channels // 2, 3, 3), draw(f"{net}.0.bias", hidden), padding=1))
            h = F.relu(F.conv2d(h, draw(f"{net}.2.weight", hidden, hidden, 1, 1), draw(f"{net}.2.bias", hidden)))
            out = bordered(f"{net}.4", h, hidden, channels if affine else channels // 2)
            if affine:
                raw, shift = out.chunk(2, dim=1)
                moved = (moved + shift) * torch.sigmoid(raw + 2)
                log_p = log_p + F.logsigmoid(raw + 2).flatten(1).sum(1)
            else:
                moved = moved + out
            x = torch.cat([kept, moved], dim=1)
        if block < levels - 1:
            x, z = x.chunk(2, dim=1)
            mean, log_sd = bordered(f"blocks.{block}.prior", x, channels // 2, channels).chunk(2, dim=1)
            channels //= 2
        else:
            z = x
            mean, log_sd = bordered(f"blocks.{block}.prior", torch.zeros_like(z), channels, 2 * channels).chunk(2, dim=1)
        log_p = log_p + normal_log_density(z, mean, log_sd)
    write_safetensors(folder / f"{name}.safetensors", {key: compact(value) for key, value in state.items()}, {"format": "pt"})
    expected = {"x": channels_last(images).to(torch.float32), "logProbability": log_p}
    write_safetensors(folder / f"{name}-expected.safetensors", expected, {"torch": torch.__version__})


# --- layers in one list ---------------------------------------------------------------------------------------------
#
# Modules whose state dicts have the names and shapes that github.com/y0ast/Glow-PyTorch and github.com/chaiyujin/glow-pytorch
# save: `flow.layers` holds, level after level, a squeeze without tensors, the steps, and, but for the last level, a split. The
# first wraps its convolutions (`conv`), the second is one. In both, couplings and splits take even output channels for the shift
# or mean and odd ones for the scale; the top prior takes halves. The arithmetic is written from that description.


class ListedConv(torch.nn.Module):
    """A convolution with what follows it: a norm, or a scale that counts three times."""

    def __init__(self, inputs, outputs, size, wrapped, zero):
        super().__init__()
        if wrapped:
            self.conv = torch.nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=zero)
        else:
            self.weight = torch.nn.Parameter(torch.zeros(outputs, inputs, size, size))
            if zero:
                self.bias = torch.nn.Parameter(torch.zeros(outputs))
        if zero:
            self.logs = torch.nn.Parameter(torch.zeros(outputs, 1, 1))
        else:
            self.actnorm = ListedNorm(outputs)

    def forward(self, x):
        holder = self.conv if hasattr(self, "conv") else self
        bias = holder.bias if hasattr(self, "logs") else None
        y = F.conv2d(x, holder.weight, bias, padding=holder.weight.shape[-1] // 2)
        return y * (3 * self.logs).exp() if hasattr(self, "logs") else self.actnorm(y)


class ListedNorm(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.logs = torch.nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x):
        return (x + self.bias) * self.logs.exp()


class ListedRotation(torch.nn.Module):
    def __init__(self, channels, lu, names, generator):
        super().__init__()
        matrix = torch.linalg.qr(torch.randn(channels, channels, generator=generator, dtype=torch.float64))[0]
        self.names = names if lu else None
        if not lu:
            self.weight = torch.nn.Parameter(rounded(matrix))
            return
        p, lower, upper = torch.linalg.lu(matrix)
        self.register_buffer("p", p)
        self.register_buffer("sign_s", upper.diagonal().sign())
        self.log_s = torch.nn.Parameter(rounded(upper.diagonal().abs().log()))
        self.register_parameter(names[0], torch.nn.Parameter(rounded(lower)))
        self.register_parameter(names[1], torch.nn.Parameter(rounded(upper.triu(1))))

    def matrix(self):
        if self.names is None:
            return self.weight
        lower, upper = (getattr(self, name) for name in self.names)
        one = torch.eye(len(self.log_s), dtype=torch.float64)
        return self.p @ (lower.tril(-1) + one) @ (upper.triu(1) + torch.diag(self.sign_s * self.log_s.exp()))


def even_odd(x):
    return x[:, 0::2], x[:, 1::2]


class ListedStep(torch.nn.Module):
    def __init__(self, channels, case, generator):
        super().__init__()
        wrapped, hidden = case["wrapped"], case["hidden"]
        self.affine = case["affine"]
        self.network = "block" if wrapped else "f"
        self.actnorm = ListedNorm(channels)
        self.invconv = ListedRotation(channels, case["lu"], ("lower", "upper") if wrapped else ("l", "u"), generator)
        layers = [
            ListedConv(channels // 2, hidden, 3, wrapped, zero=False), torch.nn.ReLU(),
            ListedConv(hidden, hidden, 1, wrapped, zero=False), torch.nn.ReLU(),
            ListedConv(hidden, channels if self.affine else channels // 2, 3, wrapped, zero=True),
        ]
        setattr(self, self.network, torch.nn.Sequential(*layers))

    def run(self, x):
        pixels = x.shape[2] * x.shape[3]
        x = self.actnorm(x)
        matrix = self.invconv.matrix()
        log_det = pixels * (self.actnorm.logs.sum() + torch.linalg.slogdet(matrix).logabsdet)
        kept, moved = F.conv2d(x, matrix[:, :, None, None]).chunk(2, dim=1)
        output = getattr(self, self.network)(kept)
        if not self.affine:
            return torch.cat([kept, moved + output], dim=1), log_det
        shift, raw = even_odd(output)
        moved = (moved + shift) * torch.sigmoid(raw + 2)
        return torch.cat([kept, moved], dim=1), log_det + F.logsigmoid(raw + 2).flatten(1).sum(1)


class ListedSplit(torch.nn.Module):
    def __init__(self, channels, wrapped):
        super().__init__()
        self.conv = ListedConv(channels // 2, channels, 3, wrapped, zero=True)

    def run(self, x):
        x, z = x.chunk(2, dim=1)
        return x, normal_log_density(z, *even_odd(self.conv(x)))


class ListedSqueeze(torch.nn.Module):
    def run(self, x):
        return squeeze(x), 0


class ListedFlow(torch.nn.Module):
    def __init__(self, case, generator):
        super().__init__()
        channels, layers = case["shape"][0], []
        for level in range(case["levels"]):
            channels *= 4
            layers += [ListedSqueeze()] + [ListedStep(channels, case, generator) for _ in range(case["steps"])]
            if level < case["levels"] - 1:
                layers.append(ListedSplit(channels, case["wrapped"]))
                channels //= 2
        self.layers, self.channels = torch.nn.ModuleList(layers), channels


class ListedGlow(torch.nn.Module):
    def __init__(self, case, generator):
        super().__init__()
        self.flow = ListedFlow(case, generator)
        width, wrapped = 2 * self.flow.channels, case["wrapped"]
        self.top = "learn_top_fn" if wrapped else "learn_top"
        if case["learn_top"]:
            setattr(self, self.top, ListedConv(width, width, 3, wrapped, zero=True))
        # A buffer of the one, a parameter of the other, which stores it for a whole batch.
        place = [size >> case["levels"] for size in case["shape"][1:]]
        self.register_buffer("prior_h", torch.zeros(1 if wrapped else case["batch"], width, *place))

    def log_probability(self, x):
        log_p = 0
        for layer in self.flow.layers:
            x, more = layer.run(x)
            log_p = log_p + more
        prior = torch.zeros(len(x), *self.prior_h.shape[1:], dtype=x.dtype)
        if hasattr(self, self.top):
            prior = getattr(self, self.top)(prior)
        return log_p + normal_log_density(x, *prior.chunk(2, dim=1))


LISTED_CASES = {
    "y0ast-lu": dict(wrapped=True, affine=True, lu=True, learn_top=True, shape=(1, 16, 8), levels=3, steps=2, hidden=5),
    "y0ast-plain": dict(wrapped=True, affine=False, lu=False, learn_top=False, shape=(3, 8, 12), levels=2, steps=1, hidden=4),
    "chaiyujin-lu": dict(wrapped=False, affine=True, lu=True, learn_top=True, shape=(1, 16, 8), levels=3, steps=2, hidden=5, batch=4),
    "chaiyujin-plain": dict(wrapped=False, affine=False, lu=False, learn_top=False, shape=(3, 8, 12), levels=2, steps=1, hidden=4, batch=1),
}


def listed_reference(folder, name, case, seed):
    generator = torch.Generator().manual_seed(seed)
    model = ListedGlow(case, generator).double()
    # Nothing stays at its start but the rotations.
    for key, parameter in model.named_parameters():
        if ".invconv." not in key:
            scale = 0.1 if key.endswith("logs") else 0.2
            parameter.data = rounded(scale * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    x = rounded(torch.rand(3, *case["shape"], generator=generator, dtype=torch.float64) - 0.5)
    with torch.no_grad():
        log_p = model.log_probability(x)
    state = {key: compact(value) for key, value in model.state_dict().items()}
    write_safetensors(folder / f"{name}.safetensors", state, {"format": "pt"})
    expected = {"x": channels_last(x).to(torch.float32), "logProbability": log_p}
    write_safetensors(folder / f"{name}-expected.safetensors", expected, {"torch": torch.__version__})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent, help="folder to write to")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    glow_reference(arguments.out / "glow-reference.safetensors", configuration(), batch=3, seed=1)
    names = ["ankle boot", "bag", "coat"]
    labelled = configuration(
        channels=3, height=8, width=16, levels=3, steps=1, hidden=3, permutation="conv1x1", scale="exponential",
        edgeChannel=True, logScaleFactor=3.0, classNames=names, classifier=True,
    )
    glow_reference(arguments.out / "glow-reference-labels.safetensors", labelled, batch=3, seed=2, weight_y=0.5)
    everywhere = configuration(
        height=8, width=16, hidden=5, classNames=names, labelConditioning="everywhere", minimumScale=0.1, edgeChannel=True
    )
    glow_reference(arguments.out / "glow-reference-everywhere.safetensors", everywhere, batch=3, seed=3)
    additive = configuration(channels=3, hidden=4, coupling="additive", permutation="shuffle", levels=1)
    glow_reference(arguments.out / "glow-reference-additive.safetensors", additive, batch=3, seed=4)
    realnvp = dict(alpha=0.05, bits=8, blocks=1, channels=2, couplings=2, height=8, hidden=2, levels=2, width=4)
    realnvp_reference(arguments.out / "realnvp-reference.safetensors", realnvp, batch=3, seed=5)
    glow_pytorch_reference(arguments.out, "glow-pytorch-affine", 40, affine=True, root="module.")
    glow_pytorch_reference(arguments.out, "glow-pytorch-additive", 41, affine=False, root="")
    for number, (name, case) in enumerate(LISTED_CASES.items()):
        listed_reference(arguments.out, name, case, 50 + number)
    try:
        import normflows  # noqa: F401
    except ImportError:
        print("normflows is missing: normflows-reference.safetensors not written", file=sys.stderr)
        return
    normflows_reference(arguments.out / "normflows-reference.safetensors")
    normflows_import(arguments.out)


if __name__ == "__main__":
    main()
