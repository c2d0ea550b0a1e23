"""Reads the models of swift-glow: log-likelihoods, samples and latents in PyTorch.

```python
import swift_glow

model = swift_glow.load("Models/faces")
images = model.pictures(model.sample(4, temperature=0.7))  # uint8 [4, 64, 64, 3]
print(model.bits_per_dim(images))  # [4]
```

`swift_glow.client` asks a server of `glow serve` instead, and needs no PyTorch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import Exclusion, FlowConfig, GlowConfig, MaskedGlowConfig, RealNVPConfig
    from .errors import ModelError
    from .folder import checkpoints, load, save
    from .latents import read_latents, write_latents
    from .model import FlowModel
    from .noise import evaluation_noise

from ._version import VERSION as __version__

__all__ = [
    "Exclusion", "FlowConfig", "FlowModel", "GlowConfig", "MaskedGlowConfig", "ModelError", "RealNVPConfig", "checkpoints",
    "evaluation_noise", "load", "read_latents", "save", "write_latents",
]

# PyTorch is imported when the first of these is asked for.
_MODULES = {
    "config": ["Exclusion", "FlowConfig", "GlowConfig", "MaskedGlowConfig", "RealNVPConfig"],
    "errors": ["ModelError"],
    "folder": ["checkpoints", "load", "save"],
    "latents": ["read_latents", "write_latents"],
    "model": ["FlowModel"],
    "noise": ["evaluation_noise"],
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_MODULE_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
