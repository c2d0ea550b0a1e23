"""What schemathesis cannot make up for itself: real pictures and latents, runs that there are, lists of one length.

Loaded by schemathesis; STUDIO_ADDRESS and GLOW_TOKEN name the server, STUDIO_MODEL its model.
"""

import base64
import os
import zlib
from urllib.parse import urlencode

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext

from latents import latents
from pictures import MODES, encoded, picture
from server import Server

SERVER = Server(os.environ["STUDIO_ADDRESS"], os.environ.get("GLOW_TOKEN"), process=0)
MODEL = next(model for model in SERVER.models if model["name"] == os.environ["STUDIO_MODEL"])
RUNS = [run["id"] for run in SERVER.get("/v1/runs")["runs"]]
LARGEST_SIDE = 80
MOST_LATENTS = 4
# Where a request to interpolate names none.
USUAL_STEPS = 9


@st.composite
def pictures(draw: st.DrawFn, media_type: str) -> bytes:
    width, height = (draw(st.integers(1, LARGEST_SIDE) | st.just(MODEL[side])) for side in ("width", "height"))
    image = picture(width, height, draw(st.sampled_from(MODES[media_type])), seed=draw(st.integers(0, 99)))
    switch = {"image/png": "optimize", "image/jpeg": "progressive", "image/webp": "lossless"}[media_type]
    return encoded(image, media_type, **{switch: draw(st.booleans())})


@st.composite
def latent_files(draw: st.DrawFn) -> bytes:
    return latents(
        MODEL["latentShapes"], draw(st.integers(1, MOST_LATENTS)), len(MODEL["labels"]),
        temperature=draw(st.sampled_from([0, 0.7, 1])), seed=draw(st.integers(0, 99)))


def in_base64(content: st.SearchStrategy[bytes]) -> st.SearchStrategy[str]:
    return content.map(lambda data: base64.b64encode(data).decode())


def kept_name(seed: int) -> str:
    """What the server calls a picture that it keeps."""
    data = base64.b64encode(encoded(picture(8, 8, seed=seed))).decode()
    address = "/v1/encode?" + urlencode({"model": MODEL["name"]})
    answer = SERVER.post(address, {"images": [{"data": data}]})
    return answer["inputs"][0]["kept"]


any_picture = st.sampled_from(list(MODES)).flatmap(pictures)
for name in MODES:
    schemathesis.openapi.media_type(name, pictures(name))
schemathesis.openapi.media_type("application/octet-stream", latent_files())
schemathesis.openapi.format("binary", any_picture)
schemathesis.openapi.format("base64-picture", in_base64(any_picture))
schemathesis.openapi.format("kept-picture", st.sampled_from([kept_name(seed) for seed in range(3)]))
schemathesis.openapi.format("base64-latents", in_base64(latent_files()))


def is_positive(case: Case) -> bool:
    """Whether the server is to accept it."""
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def filter_case(context: HookContext, case: Case) -> bool:
    """Leaves out forms that would have to be changed: schemathesis holds what a hook did to bytes for invalid. And wrong
    requests that name no model: they are for the server's first, which is another than the description's."""
    if not is_positive(case) and MODEL["name"] != SERVER.model["name"] and "model" not in (case.query or {}):
        return False
    is_form = case.media_type == "multipart/form-data" and isinstance(case.body, dict) and "images" in case.body
    if not is_form or not is_positive(case):
        return True
    request = case.body.get("request", {})
    return not isinstance(request, dict) or fitted(request, len(case.body["images"]), case.path) == request


@schemathesis.hook
def map_case(context: HookContext, case: Case) -> Case:
    """Makes a case that is to be accepted obey what a description in JSON Schema cannot say."""
    if not is_positive(case):
        return case
    if "id" in (case.path_parameters or {}):
        number = zlib.crc32(str(case.path_parameters["id"]).encode())
        case.path_parameters = {"id": RUNS[number % len(RUNS)]}
    if case.media_type == "application/json" and isinstance(case.body, dict) and "images" in case.body:
        case.body = fitted(case.body, len(case.body["images"]), case.path)
    if case.path == "/v1/sample" and isinstance(case.body, dict) and {"count", "labels"} <= case.body.keys():
        case.body["labels"] = case.body["labels"][:int(case.body["count"])]
    return case


def fitted(fields: dict, images: int, path: str) -> dict:
    """With as many labels as images, as many weights in each row, not all of them 0, and no more steps than allowed."""
    fields = dict(fields)
    if "labels" in fields:
        fields["labels"] = repeated(fields["labels"], images)
    if "weights" in fields:
        rows = [repeated(row, images) for row in fields["weights"]]
        fields["weights"] = [row if any(row) else [1, *row[1:]] for row in rows]
    elif path == "/v1/interpolate":
        most = (MODEL["limits"]["count"] - 1) // (images - 1) + 1
        if fields.get("steps", USUAL_STEPS) > most:
            fields["steps"] = most
    return fields


def repeated(values: list, count: int) -> list:
    return (values * count)[:count]
