"""What the classifiers that judge a model have in common: training, and weights kept for the next time. Needs torch."""

import os
import time

import torch


def fit(model, pictures, loss_of, recipe, note, name):
    """Trains by Adam on shuffled batches, one cycle of the learning rate; `loss_of(indices)` gives a batch's loss.
    Two runs on one machine with as many threads give the same weights."""
    optimizer = torch.optim.Adam(model.parameters())
    steps = max(1, pictures // recipe["batch"])
    batch = min(pictures, recipe["batch"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe["rate"], total_steps=recipe["epochs"] * steps)
    start = time.monotonic()
    for epoch in range(recipe["epochs"]):
        model.train()
        total = 0.0
        for indices in torch.randperm(pictures)[: steps * batch].view(steps, -1):
            loss = loss_of(indices)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        seconds = time.monotonic() - start
        note(f"{name}: epoch {epoch + 1} of {recipe['epochs']}, loss {total / steps:.3f}, {seconds:.0f} s")
    model.eval()


def cached(path, recipe, train, note, name):
    """What `train()` gives, or what it gave before by the same recipe."""
    if path.is_file():
        try:
            stored = torch.load(path, weights_only=True)
            if stored["recipe"] == recipe:
                note(f"{name}: weights from {path}")
                return stored["weights"]
            note(f"{name}: {path} comes from another recipe, training again")
        except Exception as error:  # a damaged cache is only a reason to train again
            note(f"{name}: {path} cannot be read ({type(error).__name__}), training again")
    weights = train()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    torch.save({"recipe": recipe, "weights": weights}, partial)
    partial.replace(path)
    return weights
