"""Reads the models of swift-glow: log-likelihoods, samples and latents in PyTorch.

```python
import swift_glow

model = swift_glow.load("Models/faces")
images = model.pictures(model.sample(4, temperature=0.7))  # uint8 [4, 64, 64, 3]
print(model.bits_per_dim(images))  # [4]
```
"""

from .config import Exclusion, FlowConfig, GlowConfig, MaskedGlowConfig, RealNVPConfig
from .errors import ModelError
from .folder import checkpoints, load, save
from .latents import read_latents, write_latents
from .model import FlowModel
from .noise import evaluation_noise

__all__ = [
    "Exclusion", "FlowConfig", "FlowModel", "GlowConfig", "MaskedGlowConfig", "ModelError", "RealNVPConfig", "checkpoints",
    "evaluation_noise", "load", "read_latents", "save", "write_latents",
]
