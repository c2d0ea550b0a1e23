"""Prints as JSON what TensorBoard's own reader finds in a folder of event files."""

import json
import math
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

everything = {kind: 0 for kind in ("scalars", "images", "histograms", "tensors")}
events = EventAccumulator(sys.argv[1], size_guidance=everything)
events.Reload()
tags = events.Tags()


def number(value):
    return value if math.isfinite(value) else str(value)


def entry(event, **fields):
    return {"step": event.step, "time": event.wall_time, **fields}


def histogram(value):
    fields = {name: number(getattr(value, name)) for name in ("min", "max", "num", "sum")}
    return {**fields, "sumSquares": number(value.sum_squares), "limits": list(value.bucket_limit), "counts": list(value.bucket)}


def image(value):
    png = value.encoded_image_string
    return {"width": value.width, "height": value.height, "png": png.hex()}


print(json.dumps({
    "version": events.file_version,
    "scalars": {t: [entry(e, value=number(e.value)) for e in events.Scalars(t)] for t in tags["scalars"]},
    "images": {t: [entry(e, **image(e)) for e in events.Images(t)] for t in tags["images"]},
    "histograms": {
        t: [entry(e, **histogram(e.histogram_value)) for e in events.Histograms(t)] for t in tags["histograms"]
    },
}))
