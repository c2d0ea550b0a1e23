"""The API of `glow serve`, a method for each operation. It needs the standard library alone, and no PyTorch.

Scripts/make-client.py makes this file from `/openapi.json`: do not edit it.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from .answers import read
from .connection import Connection, GlowError, without_none
from .pictures import Blob, File, Images, Kept, Labeled, Picture, Png, file_bytes, in_base64, picture_json, picture_list

__all__ = [
    "Archive", "Attribute", "AttributesProblem", "Blob", "Client", "DataPage", "DataPageImage", "Film", "FilmFrame",
    "FlowFrame", "GlowError", "Health", "Histogram", "ImageSizes", "Input", "Kept", "Labeled", "Latents", "LevelBits",
    "Likelihood", "Model", "ModelCard", "ModelData", "ModelLimits", "ModelReference", "Models", "Picture", "Pictures",
    "Png", "Reference", "RunEvent", "Runs", "SampleEvent", "SampleEventData", "SampleOrigin", "Score", "Scores",
    "Steps",
]


@dataclass(frozen=True)
class Health:
    status: Literal["ok"]


@dataclass(frozen=True)
class ImageSizes:
    archived: int
    jpeg_xl: int
    png: int
    webp: int


@dataclass(frozen=True)
class Archive:
    archive: Blob
    bytes: int
    images: list[ImageSizes]
    raw_bytes: int


@dataclass(frozen=True)
class DataPageImage:
    image: Png
    index: int
    attributes: list[str] | None = None
    label: int | None = None


@dataclass(frozen=True)
class DataPage:
    count: int
    images: list[DataPageImage]
    notes: list[str]


@dataclass(frozen=True)
class Likelihood:
    bits_per_dimension: float
    percentile: float | None = None


@dataclass(frozen=True)
class Input:
    height: int
    image: Png
    is_fitted: bool
    width: int
    # By which later requests may name it, for a while.
    kept: str | None = None


@dataclass(frozen=True)
class Pictures:
    images: list[Png]
    input_scores: list[Likelihood] | None = None
    inputs: list[Input] | None = None
    labels: list[int] | None = None
    scores: list[Likelihood] | None = None
    # Which of the images left the range of pictures, and show noise or saturated colors.
    strayed: list[int] | None = None


@dataclass(frozen=True)
class Latents:
    inputs: list[Input]
    latents: Blob


@dataclass(frozen=True)
class Attribute:
    areas_under_roc: dict[str, float]
    name: str
    with_: int
    without: int
    area_under_roc: float | None = None


@dataclass(frozen=True)
class AttributesProblem:
    """Why the model has no attributes; missing where it has some."""

    detail: str
    kind: Literal["none", "stale", "otherModel", "unreadable"]
    command: str | None = None


@dataclass(frozen=True)
class ModelCard:
    bytes: int
    bits_per_dimension: float | None = None
    trained_images: int | None = None
    trained_on: str | None = None


@dataclass(frozen=True)
class ModelData:
    count: int
    name: str
    split: str


@dataclass(frozen=True)
class ModelLimits:
    bytes: int
    count: int
    images: int
    pixels: int


@dataclass(frozen=True)
class ModelReference:
    bits_per_dimension: float
    count: int
    name: str


@dataclass(frozen=True)
class Model:
    attributes: list[Attribute]
    bits: int
    card: ModelCard
    channels: int
    conditions: list[str]
    directions: list[Literal["mean", "discriminant", "regression"]]
    height: int
    is_loaded: bool
    kind: str
    labels: list[str]
    latent_shapes: list[list[int]]
    limits: ModelLimits
    name: str
    parameters: int
    summary: str
    # The share of pictures in which a judge sees an attribute that an edit gave: by the kind of edit, then by
    # attribute.
    turned: dict[str, dict[str, float]]
    width: int
    attributes_problem: AttributesProblem | None = None
    data: ModelData | None = None
    reference: ModelReference | None = None


@dataclass(frozen=True)
class Models:
    models: list[Model]


@dataclass(frozen=True)
class Histogram:
    counts: list[int]
    edges: list[float]


@dataclass(frozen=True)
class Reference:
    bits_per_dimension: Histogram
    corrected: Histogram
    count: int
    name: str


@dataclass(frozen=True)
class Runs:
    runs: list[dict[str, Any]]


@dataclass(frozen=True)
class FilmFrame:
    image: Png
    images: int


@dataclass(frozen=True)
class Film:
    frames: list[FilmFrame]


@dataclass(frozen=True)
class RunEvent:
    event: Literal["summary", "metrics", "log", "end"]
    data: dict[str, Any]


@dataclass(frozen=True)
class SampleOrigin:
    index: int
    # What the model is told of attributes: 1 with it, -1 without, more of either to exaggerate; nothing of the others.
    conditions: Mapping[str, float] | None = None
    label: int | None = None
    # How strongly it is told the others, each sample those of an image of the training; 0 for not at all.
    others: float | None = None
    seed: int | None = None
    # Of all levels, or one a level, the finest first.
    temperature: float | Sequence[float] | None = None

    def _json(self) -> dict[str, Any]:
        return without_none({
            "conditions": self.conditions, "index": self.index, "label": self.label, "others": self.others,
            "seed": self.seed, "temperature": self.temperature
        })


@dataclass(frozen=True)
class SampleEventData:
    """An event `queue` has `ahead`, how many images of others are drawn before. An event `images` has the rest:
    pictures, the first of which is sample `from_` of `total`, and about how many seconds are left.
    """

    ahead: int | None = None
    from_: int | None = None
    total: int | None = None
    images: list[Png] | None = None
    labels: list[int] | None = None
    strayed: list[int] | None = None
    seconds_left: float | None = None


@dataclass(frozen=True)
class SampleEvent:
    event: Literal["queue", "images", "end", "problem"]
    data: SampleEventData


@dataclass(frozen=True)
class LevelBits:
    """What each position of a level's latent adds, row after row; all together are the image's bits."""

    bits: list[float]
    columns: int
    level: int
    rows: int


@dataclass(frozen=True)
class Score:
    bits_per_dimension: float
    corrected: float
    height: int
    is_fitted: bool
    png_bits_per_dimension: float
    width: int
    corrected_percentile: float | None = None
    deviations: float | None = None
    map: list[LevelBits] | None = None
    percentile: float | None = None


@dataclass(frozen=True)
class Scores:
    scores: list[Score]
    reference: ModelReference | None = None


@dataclass(frozen=True)
class FlowFrame:
    deviation: float
    image: Png
    level: int
    step: int
    steps: int
    error: float | None = None


@dataclass(frozen=True)
class Steps:
    back: list[FlowFrame]
    # How many of its values are not the image's.
    differing: int
    forward: list[FlowFrame]
    # Where the way back ends.
    image: Png
    inputs: list[Input]
    latents: Png


def _like_json(like: Picture | SampleOrigin) -> dict[str, Any]:
    if isinstance(like, SampleOrigin):
        return {"sample": like._json()}
    return {"image": picture_json(like)}


class Client:
    """A server of `glow serve`.

    ```python
    from swift_glow.client import Client

    client = Client("http://127.0.0.1:8080")
    drawn = client.sample(count=4, temperature=0.7, seed=7)
    drawn.images[0].save("sample.png")
    print([score.bits_per_dimension for score in client.score(drawn.images).scores])

    for event in client.sample_events(count=16):
        for picture in event.data.images or []:
            print(len(picture))
    ```

    A picture is a PNG, JPEG or WebP as bytes or as a path, the number of an image in the server's data set, an image of
    Pillow or an array of NumPy. `Labeled(picture, 3)` has a label, and `Kept(name)` was sent before. What comes back as
    `Png` is bytes, with `save`, `to_pil` and `to_numpy`.

    Methods raise `GlowError` for what the server refuses, and `OSError` where it cannot be reached. A busy server is
    asked once more, after as many seconds as it says. Events are asked for when the first is read. Threads may share a
    client.

    Args:
        address: `http://HOST:PORT`, also with a path; `https://...`; or `unix:/run/glow.sock`.
        token: what the server printed, or has in `GLOW_TOKEN`; by default that in `address`, behind `#token=`.
        model: the name of one of the server's models; by default its first. Methods take another one as `model`.
        timeout: seconds without a byte from the server; of events ten times as many.
        context: for https, such as one that trusts a certificate of your own.
    """

    def __init__(
        self, address: str, token: str | None = None, model: str | None = None, *, timeout: float = 60,
        context: ssl.SSLContext | None = None
    ):
        self._connection = Connection(address, token, model, timeout, context)

    @property
    def model(self) -> str | None:
        """The one that is meant where a method names none; None for the server's first."""
        return self._connection.model

    def get_health(self) -> Health:
        """Whether the server lives."""
        return read(Health, self._connection.json("GET", "/healthz", {}))

    def get_metrics(self) -> str:
        """Counters for Prometheus."""
        return self._connection.text("GET", "/metrics", {})

    def get_description(self, *, model: str | None = None) -> dict[str, Any]:
        """This description."""
        answer: dict[str, Any] = self._connection.json("GET", "/openapi.json", {"model": model or self.model})
        return answer

    def compress(self, images: Images, *, model: str | None = None) -> Archive:
        """Images without loss in one archive, as they are scored, and their sizes in other formats.

        Args:
            images: one picture or several.
        """
        body: dict[str, Any] = {"images": picture_list(images)}
        return read(Archive, self._connection.json("POST", "/v1/compress", {"model": model or self.model}, body))

    def list_images(
        self, *, from_: int | None = None, count: int | None = None, attribute: str | None = None,
        label: int | None = None, model: str | None = None
    ) -> DataPage:
        """Images of the data set to choose from.

        Args:
            from_: how many matching images to pass over.
            count: the most images.
            attribute: only images with it.
            label: only images with this label.
        """
        query: dict[str, Any] = {
            "from": from_, "count": count, "attribute": attribute, "label": label, "model": model or self.model
        }
        return read(DataPage, self._connection.json("GET", "/v1/data", query))

    def decode(self, latents: File, *, model: str | None = None) -> Pictures:
        """The images of latents.

        Args:
            latents: a safetensors file, as bytes or as a path.
        """
        body: dict[str, Any] = {"latents": in_base64(file_bytes(latents))}
        return read(Pictures, self._connection.json("POST", "/v1/decode", {"model": model or self.model}, body))

    def decode_png(self, latents: File, *, model: str | None = None) -> Png:
        """`decode` as one PNG, its pictures in rows.

        Args:
            latents: a safetensors file, as bytes or as a path.
        """
        body: dict[str, Any] = {"latents": in_base64(file_bytes(latents))}
        return self._connection.png("POST", "/v1/decode", {"model": model or self.model}, body)

    def edit(
        self, images: Images, *, edits: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
        conditions: Mapping[str, float] | None = None,
        direction: Literal["mean", "discriminant", "regression"] | None = None, label: int | None = None,
        score: bool | None = None, model: str | None = None
    ) -> Pictures:
        """Images with attributes changed, each in one way or in several.

        Args:
            images: one picture or several.
            edits: strengths by attribute, such as `{"smiling": 1}`; of a list each image is changed in each of these
                ways.
            conditions: what the model is told of attributes: 1 with it, -1 without, more of either to exaggerate;
                nothing of the others.
            direction: the kind of the attributes' directions; by default the mean.
            label: decodes the images under this label of the model.
            score: whether to say how likely the images are, before and after.
        """
        body: dict[str, Any] = {
            "images": picture_list(images), "edits": edits, "conditions": conditions, "direction": direction,
            "label": label, "score": score
        }
        return read(Pictures, self._connection.json("POST", "/v1/edit", {"model": model or self.model}, body))

    def edit_png(
        self, images: Images, *, edits: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
        conditions: Mapping[str, float] | None = None,
        direction: Literal["mean", "discriminant", "regression"] | None = None, label: int | None = None,
        score: bool | None = None, model: str | None = None
    ) -> Png:
        """`edit` as one PNG, its pictures in rows.

        Args:
            images: one picture or several.
            edits: strengths by attribute, such as `{"smiling": 1}`; of a list each image is changed in each of these
                ways.
            conditions: what the model is told of attributes: 1 with it, -1 without, more of either to exaggerate;
                nothing of the others.
            direction: the kind of the attributes' directions; by default the mean.
            label: decodes the images under this label of the model.
            score: whether to say how likely the images are, before and after.
        """
        body: dict[str, Any] = {
            "images": picture_list(images), "edits": edits, "conditions": conditions, "direction": direction,
            "label": label, "score": score
        }
        return self._connection.png("POST", "/v1/edit", {"model": model or self.model}, body)

    def encode(self, images: Images, *, model: str | None = None) -> Latents:
        """The latents of images, as a safetensors file.

        Args:
            images: one picture or several.
        """
        body: dict[str, Any] = {"images": picture_list(images)}
        return read(Latents, self._connection.json("POST", "/v1/encode", {"model": model or self.model}, body))

    def interpolate(
        self, images: Images, *, edits: Mapping[str, float] | None = None, steps: int | None = None,
        weights: Sequence[Sequence[float]] | None = None, conditions: Mapping[str, float] | None = None,
        direction: Literal["mean", "discriminant", "regression"] | None = None,
        path: Literal["straight", "spherical"] | None = None, model: str | None = None
    ) -> Pictures:
        """Images between images: along a path, or by weights.

        Args:
            images: one picture or several.
            edits: strengths by attribute, of every image that is made.
            steps: images from one to the next, both included.
            weights: in place of `steps`: for each image that is made, one weight an image.
            conditions: what the model is told of attributes: 1 with it, -1 without, more of either to exaggerate;
                nothing of the others.
            direction: the kind of the attributes' directions; by default the mean.
            path: between the latents; by default spherical.
        """
        body: dict[str, Any] = {
            "images": picture_list(images), "edits": edits, "steps": steps, "weights": weights,
            "conditions": conditions, "direction": direction, "path": path
        }
        return read(Pictures, self._connection.json("POST", "/v1/interpolate", {"model": model or self.model}, body))

    def interpolate_png(
        self, images: Images, *, edits: Mapping[str, float] | None = None, steps: int | None = None,
        weights: Sequence[Sequence[float]] | None = None, conditions: Mapping[str, float] | None = None,
        direction: Literal["mean", "discriminant", "regression"] | None = None,
        path: Literal["straight", "spherical"] | None = None, model: str | None = None
    ) -> Png:
        """`interpolate` as one PNG, its pictures in rows.

        Args:
            images: one picture or several.
            edits: strengths by attribute, of every image that is made.
            steps: images from one to the next, both included.
            weights: in place of `steps`: for each image that is made, one weight an image.
            conditions: what the model is told of attributes: 1 with it, -1 without, more of either to exaggerate;
                nothing of the others.
            direction: the kind of the attributes' directions; by default the mean.
            path: between the latents; by default spherical.
        """
        body: dict[str, Any] = {
            "images": picture_list(images), "edits": edits, "steps": steps, "weights": weights,
            "conditions": conditions, "direction": direction, "path": path
        }
        return self._connection.png("POST", "/v1/interpolate", {"model": model or self.model}, body)

    def get_model(self, *, model: str | None = None) -> Model:
        """One of the models, which is loaded."""
        return read(Model, self._connection.json("GET", "/v1/model", {"model": model or self.model}))

    def get_model_picture(self, *, model: str | None = None) -> Png:
        """Nine samples of one of the models."""
        return self._connection.png("GET", "/v1/model/picture", {"model": model or self.model})

    def list_models(self) -> Models:
        """The models: their shapes, labels, attributes and limits; the first is meant where a request names none."""
        return read(Models, self._connection.json("GET", "/v1/models", {}))

    def get_reference(self, *, model: str | None = None) -> Reference:
        """How the scores of the images are spread that percentiles are of."""
        return read(Reference, self._connection.json("GET", "/v1/reference", {"model": model or self.model}))

    def list_runs(self) -> Runs:
        """The training runs."""
        return read(Runs, self._connection.json("GET", "/v1/runs", {}))

    def get_run_film(self, id: str, *, count: int | None = None) -> Film:
        """Samples of a run over its time, of one seed.

        Args:
            id: as /v1/runs tells.
            count: the most pictures, spread evenly; the newest is one.
        """
        return read(Film, self._connection.json("GET", f"/v1/runs/{quote(id, safe='')}/film", {"count": count}))

    def get_run_metrics(self, id: str) -> Iterator[RunEvent]:
        """Server-sent events of a run: summary, metrics, log, end.

        Args:
            id: as /v1/runs tells.
        """
        for event in self._connection.events("GET", f"/v1/runs/{quote(id, safe='')}/metrics", {}):
            yield read(RunEvent, event)

    def get_run_samples(self, id: str) -> Png:
        """Samples of a run's last validation.

        Args:
            id: as /v1/runs tells.
        """
        return self._connection.png("GET", f"/v1/runs/{quote(id, safe='')}/samples", {})

    def sample(
        self, *, count: int | None = None, temperature: float | Sequence[float] | None = None, seed: int | None = None,
        labels: Sequence[int] | None = None, conditions: Mapping[str, float] | None = None,
        levels: Sequence[int] | None = None, like: Picture | SampleOrigin | None = None, others: float | None = None,
        model: str | None = None
    ) -> Pictures:
        """Draw images, or variations of one.

        Args:
            count: how many images.
            temperature: of all levels, or one a level, the finest first.
            seed: the same seed draws the same images; by default 0.
            labels: of the samples, repeated where they are fewer than `count`.
            conditions: what the model is told of attributes: 1 with it, -1 without, more of either to exaggerate;
                nothing of the others.
            levels: the levels of `like` that are drawn again; by default the first.
            like: variations of this picture, or of this sample.
            others: how strongly it is told the others, each sample those of an image of the training; 0 for not at all.
        """
        body: dict[str, Any] = {
            "count": count, "temperature": temperature, "seed": seed, "labels": labels, "conditions": conditions,
            "levels": levels, "like": None if like is None else _like_json(like), "others": others
        }
        return read(Pictures, self._connection.json("POST", "/v1/sample", {"model": model or self.model}, body))

    def sample_png(
        self, *, count: int | None = None, temperature: float | Sequence[float] | None = None, seed: int | None = None,
        labels: Sequence[int] | None = None, conditions: Mapping[str, float] | None = None,
        levels: Sequence[int] | None = None, like: Picture | SampleOrigin | None = None, others: float | None = None,
        model: str | None = None
    ) -> Png:
        """`sample` as one PNG, its pictures in rows.

        Args:
            count: how many images.
            temperature: of all levels, or one a level, the finest first.
            seed: the same seed draws the same images; by default 0.
            labels: of the samples, repeated where they are fewer than `count`.
            conditions: what the model is told of attributes: 1 with it, -1 without, more of either to exaggerate;
                nothing of the others.
            levels: the levels of `like` that are drawn again; by default the first.
            like: variations of this picture, or of this sample.
            others: how strongly it is told the others, each sample those of an image of the training; 0 for not at all.
        """
        body: dict[str, Any] = {
            "count": count, "temperature": temperature, "seed": seed, "labels": labels, "conditions": conditions,
            "levels": levels, "like": None if like is None else _like_json(like), "others": others
        }
        return self._connection.png("POST", "/v1/sample", {"model": model or self.model}, body)

    def sample_events(
        self, *, count: int | None = None, temperature: float | Sequence[float] | None = None, seed: int | None = None,
        labels: Sequence[int] | None = None, conditions: Mapping[str, float] | None = None, others: float | None = None,
        model: str | None = None
    ) -> Iterator[SampleEvent]:
        """`sample` as it is made, a few pictures at a time, until the event `end`.

        Args:
            count: how many images.
            temperature: of all levels, or one a level, the finest first.
            seed: the same seed draws the same images; by default 0.
            labels: of the samples, repeated where they are fewer than `count`.
            conditions: what the model is told of attributes: 1 with it, -1 without, more of either to exaggerate;
                nothing of the others.
            others: how strongly it is told the others, each sample those of an image of the training; 0 for not at all.
        """
        body: dict[str, Any] = {
            "count": count, "temperature": temperature, "seed": seed, "labels": labels, "conditions": conditions,
            "others": others
        }
        for event in self._connection.events("POST", "/v1/sample", {"model": model or self.model}, body):
            yield read(SampleEvent, event)

    def score(self, images: Images, *, map: bool | None = None, model: str | None = None) -> Scores:
        """How likely images are.

        Args:
            images: one picture or several.
            map: whether to say where in the images the bits are.
        """
        body: dict[str, Any] = {"images": picture_list(images), "map": map}
        return read(Scores, self._connection.json("POST", "/v1/score", {"model": model or self.model}, body))

    def get_steps(self, images: Images, *, frames: int | None = None, model: str | None = None) -> Steps:
        """An image on its way through the flow to the latents, and back.

        Args:
            images: one picture or several.
            frames: how many places are shown, of each way.
        """
        body: dict[str, Any] = {"images": picture_list(images), "frames": frames}
        return read(Steps, self._connection.json("POST", "/v1/steps", {"model": model or self.model}, body))
