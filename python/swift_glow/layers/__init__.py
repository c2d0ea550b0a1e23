"""The layers of the models. Images are `[batch, height, width, channel]` everywhere, and log-determinants in nats, `[batch]`."""
