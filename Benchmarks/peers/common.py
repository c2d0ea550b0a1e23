"""What the PyTorch sides of the benchmark share: flags, images, timing, and the fields that `glow bench` prints."""

import argparse
import json
import math
import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import torch
from torch import nn


@dataclass
class Shape:
    name: str
    levels: int
    steps: int
    hidden: int
    size: int
    channels: int
    coupling: str = "affine"


SHAPES = {
    "cifar10": (Shape("cifar10", levels=3, steps=32, hidden=512, size=32, channels=3), 32),
    "small": (Shape("small", levels=2, steps=8, hidden=128, size=32, channels=3), 64),
}


class Glow(nn.Module):
    """What a peer's model has to offer; images are [batch, channel, height, width]."""

    # The layout that the activations should have.
    memory_format = torch.contiguous_format

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Nats per image."""
        raise NotImplementedError

    def sample(self, count: int) -> torch.Tensor:
        raise NotImplementedError


def memory(field: str) -> int | None:
    """A line of /proc/self/status in bytes; None where there is no /proc."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":")), None)


def pass_flop(shape: Shape) -> float:
    """The multiplications and additions of the convolutions in one pass of one image."""
    total = 0
    for level in range(1, shape.levels + 1):
        pixels = (shape.size >> level) ** 2
        channels = shape.channels << (level + 1)
        half = channels // 2
        outputs = half if shape.coupling == "additive" else channels
        conditioner = 9 * half * shape.hidden + shape.hidden**2 + 9 * shape.hidden * outputs
        total += pixels * shape.steps * (channels**2 + conditioner)
        if level < shape.levels:
            total += pixels * 9 * half * channels
    return 2.0 * total


@dataclass
class Setting:
    """Where a model computes, and in which numbers."""

    device: torch.device
    precision: str
    memory_format: torch.memory_format

    def start(self) -> None:
        """Sets PyTorch up. By default it lets cuDNN's convolutions, but not cuBLAS's products, take TF32."""
        torch.backends.cuda.matmul.allow_tf32 = self.precision == "tf32"
        torch.backends.cudnn.allow_tf32 = self.precision == "tf32"
        torch.backends.cudnn.benchmark = True

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def noise_images(self, count: int, shape: Shape) -> torch.Tensor:
        """Images of uniform noise in 256 levels, dequantized to -1/2 ..< 1/2."""
        size = (count, shape.channels, shape.size, shape.size)
        images = (torch.randint(256, size) + torch.rand(size)) / 256 - 0.5
        return images.to(self.device, memory_format=self.memory_format)


def measure(setting: Setting, rounds: int, warmup: int, body: Callable[[], None]) -> tuple[list[float], int | None]:
    """The seconds of each round after `warmup` that do not count, and a GPU's peak memory in them."""
    for _ in range(warmup):
        body()
    setting.wait()
    if setting.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(setting.device)
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        body()
        setting.wait()
        seconds.append(time.perf_counter() - start)
    return seconds, torch.cuda.max_memory_allocated(setting.device) if setting.device.type == "cuda" else None


def require_finite(result: float) -> None:
    if not math.isfinite(result):
        sys.exit("the task's result is not finite: this shape cannot be measured")


def training(
    setting: Setting, model: Glow, x: torch.Tensor, optimizer: torch.optim.Optimizer | None
) -> Callable[[], None]:
    scale = 1 / (x[0].numel() * math.log(2))

    def step() -> None:
        model.zero_grad(set_to_none=True)
        with setting.autocast():
            log_prob = model.log_prob(x)
        loss = -scale * log_prob.float().mean()
        loss.backward()
        if optimizer:
            optimizer.step()
        require_finite(loss.item())

    return step


def inference(setting: Setting, model: Glow, task: str, batch: int, shape: Shape) -> Callable[[], None]:
    """Runs on a model whose layers all do something: initialized from images, then moved off its start by noise."""
    with torch.no_grad():
        model.log_prob(setting.noise_images(16, shape))
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.001)
    x = setting.noise_images(batch, shape)

    @torch.inference_mode()
    def run() -> None:
        with setting.autocast():
            result = model.log_prob(x) if task == "evaluate" else model.sample(batch)
        require_finite(result.float().sum().item())

    return run


OPTIMIZERS = {
    "adamax": lambda parameters: torch.optim.Adamax(parameters, lr=1e-6),
    "adam": lambda parameters: torch.optim.Adam(parameters, lr=1e-6),
    "none": lambda parameters: None,
}


MEMORY_FORMATS = {"contiguous": torch.contiguous_format, "channels-last": torch.channels_last}


def device(name: str) -> torch.device:
    """Of a flag."""
    try:
        found = torch.device(name)
    except RuntimeError:
        found = None
    if found is None or found.type not in ("cpu", "cuda"):
        raise argparse.ArgumentTypeError(f'"{name}" is no device: expected cpu, cuda or cuda:N')
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise argparse.ArgumentTypeError(f"{name}: this machine or this build of PyTorch has no such device")
    return found


def main(name: str, build: Callable[[Shape], Glow]) -> None:
    parser = argparse.ArgumentParser(description=f"Measures one task of {name} in this process, as `glow bench` does.")
    parser.add_argument("--task", choices=["train", "sample", "latency", "evaluate"], default="train")
    parser.add_argument("--shape", choices=SHAPES, default="cifar10")
    for flag in ["levels", "steps-of-flow", "hidden", "size", "channels", "batch"]:
        parser.add_argument(f"--{flag}", type=int)
    parser.add_argument("--coupling", choices=["affine", "additive"], default="affine")
    parser.add_argument("--device", type=device, default=torch.device("cpu"), help="cpu, cuda or cuda:N")
    parser.add_argument("--precision", choices=["float32", "tf32", "bf16"], default="float32")
    parser.add_argument("--memory-format", choices=MEMORY_FORMATS, default="contiguous")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adamax")
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.precision == "tf32" and arguments.device.type != "cuda":
        parser.error("--precision tf32 needs an NVIDIA GPU")

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    setting = Setting(arguments.device, arguments.precision, MEMORY_FORMATS[arguments.memory_format])
    setting.start()
    small = torch.ones(64, 64, device=setting.device)
    small.matmul(small).sum().item()
    idle = memory("VmRSS")

    shape, training_batch = SHAPES[arguments.shape]
    for flag, field in [("levels", "levels"), ("steps_of_flow", "steps"), ("hidden", "hidden"), ("size", "size"),
                        ("channels", "channels"), ("coupling", "coupling")]:
        if getattr(arguments, flag) is not None:
            setattr(shape, field, getattr(arguments, flag))
    default_batch = {"train": training_batch, "latency": 1}.get(arguments.task, 64)
    batch = default_batch if arguments.batch is None else arguments.batch

    model = build(shape).to(setting.device, memory_format=setting.memory_format)
    model.memory_format = setting.memory_format
    state = 4 * sum(parameter.numel() for parameter in model.parameters())
    flop = batch * pass_flop(shape)
    report = {}
    if arguments.task == "train":
        x = setting.noise_images(batch, shape)
        with torch.no_grad():
            model.log_prob(x)  # sets the ActNorms
        body = training(setting, model, x, OPTIMIZERS[arguments.optimizer](model.parameters()))
        state *= 2 if arguments.optimizer == "none" else 4
        flop *= 3
        report |= {"memory": "keep", "optimizer": arguments.optimizer}
    else:
        body = inference(setting, model, arguments.task, batch, shape)
    seconds, device_peak = measure(setting, arguments.rounds, arguments.warmup, body)
    median = statistics.median(seconds)
    report |= {
        "implementation": name, "task": arguments.task, "shape": vars(shape), "batch": batch,
        "threads": torch.get_num_threads(), "secondsPerRound": seconds, "medianSeconds": median,
        "imagesPerSecond": batch / median, "flopPerRound": flop, "peakBytes": memory("VmHWM"), "idleBytes": idle,
        "stateBytes": state, "device": str(setting.device), "precision": arguments.precision,
        "libtorchVersion": torch.__version__.split("+")[0],
    }
    if device_peak is not None:
        report |= {"devicePeakBytes": device_peak, "deviceName": torch.cuda.get_device_name(setting.device)}
    print(json.dumps(report, indent=2, sort_keys=True))
