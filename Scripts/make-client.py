#!/usr/bin/env python3
"""Writes python/swift_glow/client.py, the Python client, from the program's own description of its API.

    .venv-python/bin/python Scripts/make-client.py            # of tiny models, which it trains in seconds
    python3 Scripts/make-client.py --url http://127.0.0.1:8080 # of a server's models

A description is true of one model. Those of several are joined here, so that the client fits any model: one with labels and
one that is told attributes have all fields between them. `make python-checks` fails where the file is not what this writes.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "python/swift_glow/client.py"
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "Tests/StudioChecks")]
from swift_glow.answers import snake_case  # noqa: E402

JSON, PNG, EVENTS, BYTES = "application/json", "image/png", "text/event-stream", "application/octet-stream"
WIDTH = 120
OBJECT = "dict[str, Any]"
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
# In answers, and in requests; then the parameter of a request is sent through a function.
BASE64 = {"base64-png": "Png", "base64-archive": "Blob", "base64-latents": "Blob"}
SENT = {"Image": ("Picture", "picture_json({})"), "base64-latents": ("File", "in_base64(file_bytes({}))")}

# What the description leaves open: what the data of an event is.
PNG_SCHEMA = {"type": "string", "format": "base64-png"}
WHOLE, REAL = {"type": "integer"}, {"type": "number"}
EVENT_DATA: dict[str, dict[str, Any]] = {
    "SampleEvent": {
        "type": "object", "additionalProperties": False,
        "description": "An event `queue` has `ahead`, how many images of others are drawn before. An event `images` has the rest: "
        "pictures, the first of which is sample `from_` of `total`, and about how many seconds are left",
        "properties": {
            "ahead": WHOLE, "from": WHOLE, "total": WHOLE, "images": {"type": "array", "items": PNG_SCHEMA},
            "labels": {"type": "array", "items": WHOLE}, "strayed": {"type": "array", "items": WHOLE}, "secondsLeft": REAL,
        },
    },
    "RunEvent": {"type": "object"},
}

# What fields are that the description says nothing of; and the order of parameters, before all others.
ABOUT = {
    "images": "One picture or several", "latents": "A safetensors file, as bytes or as a path",
    "edits": "Strengths by attribute, such as `{\"smiling\": 1}`; of a list each image is changed in each of these ways",
    "direction": "The kind of the attributes' directions; by default the mean",
    "label": "Decodes the images under this label of the model",
    "count": "How many images", "seed": "The same seed draws the same images; by default 0",
    "labels": "Of the samples, repeated where they are fewer than `count`",
    "like": "Variations of this picture, or of this sample", "levels": "The levels of `like` that are drawn again; by default the first",
    "steps": "Images from one to the next, both included", "weights": "In place of `steps`: for each image that is made, one weight an image",
    "path": "Between the latents; by default spherical", "frames": "How many places are shown, of each way",
}
ORDER = ["images", "latents", "from", "count", "temperature", "seed", "labels", "edits", "steps", "weights"]

HEAD = '''"""The API of `glow serve`, a method for each operation. It needs the standard library alone, and no PyTorch.

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
'''

CLIENT_HEAD = '''
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
'''


# MARK: Descriptions

def descriptions(url: str, token: str | None) -> list[dict[str, Any]]:
    """Of each model; the names of the models and of what they know are no part of them any more."""
    def get(path: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with urllib.request.urlopen(urllib.request.Request(url + path, headers=headers), timeout=60) as answer:
            return json.load(answer)

    def without_names(value: Any) -> Any:
        if isinstance(value, list):
            return [without_names(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {name: without_names(item) for name, item in value.items() if name != "enum" or not names.issuperset(item)}

    models = get("/v1/models")["models"]
    names: set[str] = {model["name"] for model in models}
    for model in models:
        found = get("/v1/model?model=" + urllib.parse.quote(model["name"]))
        names |= {*found["labels"], *found["conditions"], *(attribute["name"] for attribute in found["attributes"])}
    return [without_names(get("/openapi.json?model=" + urllib.parse.quote(model["name"]))) for model in models]


def joined(one: Any, other: Any) -> Any:
    """What is in either; of fields only those are required that are in both."""
    if isinstance(one, dict) and isinstance(other, dict):
        both = {name: joined(one[name], other[name]) if name in one and name in other else one.get(name, other.get(name))
                for name in {**one, **other}}
        if "properties" in both:
            both["required"] = [name for name in one.get("required", []) if name in other.get("required", [])]
        return both
    if isinstance(one, list) and isinstance(other, list) and all(isinstance(item, dict) for item in one + other):
        named = [item.get("name") for item in one + other]
        if None not in named:
            ones, others = ({item["name"]: item for item in items} for items in (one, other))
            return list(joined(ones, others).values())
        if len(one) == len(other):
            return [joined(*pair) for pair in zip(one, other)]
        return max(one, other, key=len)
    return one


# MARK: Types

@dataclass
class Types:
    """The classes of answers and requests, as the schemas need them."""

    schemas: dict[str, Any]
    # By name, the lines of each.
    classes: dict[str, list[str]] = field(default_factory=dict)
    # Names of unnamed objects, by what they hold.
    names: dict[str, str] = field(default_factory=dict)
    # By name, the lines of each: they make what is sent of a parameter.
    functions: dict[str, list[str]] = field(default_factory=dict)

    def of_answer(self, schema: dict[str, Any], name: str) -> str:
        """What a schema is read as; `name` is for an object that has none."""
        if "$ref" in schema:
            name = reference(schema)
            return self.answer_class(self.schemas[name], name)
        if "enum" in schema:
            return literal(schema)
        if schema.get("type") == "array":
            return f"list[{self.of_answer(schema['items'], singular(name))}]"
        if schema.get("type") == "object":
            values = schema.get("additionalProperties")
            if isinstance(values, dict):
                return f"dict[str, {self.of_answer(values, name)}]"
            return by_name(schema) or self.answer_class(schema, name)
        if "const" in schema:
            return f"Literal[{quoted(schema['const'])}]"
        return BASE64.get(schema.get("format", ""), PLAIN[schema["type"]])

    def answer_class(self, schema: dict[str, Any], name: str) -> str:
        properties = schema["properties"]
        shape = json.dumps([properties, schema.get("required")], sort_keys=True)
        name = self.names.setdefault(shape, name)
        if name in self.classes:
            return name
        self.classes[name] = []
        event_data = EVENT_DATA.get(name)
        if event_data is not None:
            schema = schema | {"properties": {"event": properties["event"], "data": event_data}}
        types = {key: self.of_answer(value, name + key[0].upper() + key[1:]) for key, value in schema["properties"].items()}
        self.set_class(name, schema, types)
        return name

    def set_class(self, name: str, schema: dict[str, Any], types: dict[str, str], more: list[str] | None = None) -> None:
        required = schema.get("required", [])
        lines = ["@dataclass(frozen=True)", f"class {name}:"]
        if description := schema.get("description"):
            lines += [*docstring([f"{description}."], 4), ""]
        for key in sorted(types, key=lambda key: key not in required):
            optional = "" if key in required else " | None = None"
            if name not in EVENT_DATA:
                lines += comment(schema["properties"][key].get("description"), 4)
            lines.append(f"    {snake_case(key)}: {types[key]}{optional}")
        # Those that it is made of are before it.
        del self.classes[name]
        self.classes[name] = lines + (more or [])

    def of_request(self, schema: dict[str, Any], value: str) -> tuple[str, str]:
        """What a parameter is, and what is sent of it."""
        if "$ref" in schema:
            name = reference(schema)
            if name in SENT:
                kind, sent = SENT[name]
                return kind, sent.format(value)
            return self.request_class(self.schemas[name], name), f"{value}._json()"
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self.choice(choices, value)
        if "enum" in schema:
            return literal(schema), value
        if schema.get("type") == "array":
            kind, sent = self.of_request(schema["items"], "item")
            if kind == "Picture":
                return "Images", f"picture_list({value})"
            return f"Sequence[{kind}]", value if sent == "item" else f"[{sent} for item in {value}]"
        if schema.get("type") == "object":
            kind = by_name(schema) or ""
            assert kind, f"a request has an object without a name: {schema}"
            return kind.replace("dict", "Mapping"), value
        if schema.get("format") in SENT:
            kind, sent = SENT[schema["format"]]
            return kind, sent.format(value)
        return PLAIN[schema["type"]], value

    def choice(self, choices: list[dict[str, Any]], value: str) -> tuple[str, str]:
        """Of values; of objects with one field each, which is told from the others by its type."""
        wrapped = [next(iter(choice["properties"].items())) for choice in choices if len(choice.get("properties", {})) == 1]
        if len(wrapped) == len(choices) == 2 and "SampleOrigin" in json.dumps(choices):
            (one_name, one), (other_name, other) = wrapped
            (one_kind, one_sent), (other_kind, other_sent) = (self.of_request(schema, value) for schema in (one, other))
            kind, name = f"{one_kind} | {other_kind}", f"_{value}_json"
            self.functions[name] = [
                f"def {name}({value}: {kind}) -> {OBJECT}:", f"    if isinstance({value}, {other_kind}):",
                f'        return {{"{other_name}": {other_sent}}}', f'    return {{"{one_name}": {one_sent}}}']
            return kind, f"{name}({value})"
        found = [self.of_request(choice, value) for choice in choices]
        assert all(sent == value for _, sent in found), choices
        return " | ".join(dict.fromkeys(kind for kind, _ in found)), value

    def request_class(self, schema: dict[str, Any], name: str) -> str:
        if name not in self.classes:
            self.classes[name] = []
            found = {key: self.of_request(value, f"self.{snake_case(key)}") for key, value in sorted(schema["properties"].items())}
            fields = [f'"{key}": {sent}' for key, (_, sent) in found.items()]
            more = ["", f"    def _json(self) -> {OBJECT}:", *in_lines("        return without_none({", fields, "})")]
            self.set_class(name, schema, {key: kind for key, (kind, _) in found.items()}, more)
        return name


def reference(schema: dict[str, Any]) -> str:
    """The name of what it refers to."""
    name: str = schema["$ref"]
    return name.rsplit("/", 1)[1]


def by_name(schema: dict[str, Any]) -> str | None:
    """Of an object that has no fields of its own: numbers by the names of a model's attributes, or anything."""
    properties = schema.get("properties", {})
    if schema.get("additionalProperties") is not False:
        return OBJECT
    if not schema.get("required") and all(value.get("type") == "number" for value in properties.values()):
        return "dict[str, float]"
    return None


def literal(schema: dict[str, Any]) -> str:
    return f"Literal[{', '.join(map(quoted, schema['enum']))}]"


def quoted(text: str) -> str:
    return json.dumps(text)


def singular(name: str) -> str:
    return name.removesuffix("s")


# MARK: Methods

@dataclass
class Parameter:
    """Of a method."""

    key: str
    kind: str
    sent: str
    is_required: bool
    description: str | None = None

    @property
    def name(self) -> str:
        return snake_case(self.key)


def methods(path: str, verb: str, operation: dict[str, Any], types: Types) -> list[str]:
    """One for each way to answer; where there is JSON, bytes say the same and have none."""
    answers = operation["responses"]["200"]["content"]
    in_path: list[Parameter] = []
    in_query: list[Parameter] = []
    has_model = False
    for parameter in sorted(operation.get("parameters", []), key=lambda parameter: place(parameter["name"])):
        if parameter["name"] == "model":
            has_model = True
            continue
        kind, _ = types.of_request(parameter["schema"], "")
        name = snake_case(parameter["name"])
        found = Parameter(parameter["name"], kind, name, parameter.get("required", False), parameter["description"])
        (in_path if parameter["in"] == "path" else in_query).append(found)
    bodies = body_schemas(operation, types)
    lines: list[str] = []
    for media_type in sorted(answers, key=[JSON, PNG, EVENTS, "text/plain", BYTES].index):
        if media_type == BYTES and JSON in answers:
            continue
        name = snake_case(operation["operationId"]) + ({PNG: "_png", EVENTS: "_events"}.get(media_type, "") if JSON in answers else "")
        # What is behind the semicolon is of other types.
        summary = operation["summary"].split(";")[0] if len(answers) > 1 else operation["summary"]
        # A stream is of the first of several forms of a request.
        body = body_parameters(bodies[:1] if media_type == EVENTS else bodies, types)
        if JSON in answers and media_type == PNG:
            summary = f"`{snake_case(operation['operationId'])}` as one PNG, its pictures in rows"
        if JSON in answers and media_type == EVENTS:
            summary = f"`{snake_case(operation['operationId'])}` as it is made, a few pictures at a time, until the event `end`"
        lines += ["", *method(name, path, verb, summary, in_path, in_query, body, has_model, media_type, answers[media_type], types)]
    return lines


def place(key: str) -> tuple[int, str]:
    """Where a parameter is among the others."""
    return ORDER.index(key) if key in ORDER else len(ORDER), key


def body_schemas(operation: dict[str, Any], types: Types) -> list[dict[str, Any]]:
    """The forms that a body of JSON may have; none where there is no body."""
    content = operation.get("requestBody", {}).get("content", {})
    schemas = [content[JSON]["schema"]] if JSON in content else []
    while any("$ref" in schema or "anyOf" in schema for schema in schemas):
        schemas = [
            part for schema in schemas
            for part in ([types.schemas[reference(schema)]] if "$ref" in schema else schema.get("anyOf", [schema]))]
    return schemas


def body_parameters(schemas: list[dict[str, Any]], types: Types) -> list[Parameter] | None:
    """The fields of all forms together."""
    found = []
    properties = {key: value for schema in schemas for key, value in schema["properties"].items()}
    for key in sorted(properties, key=place):
        kind, sent = types.of_request(properties[key], snake_case(key))
        is_required = all(key in schema.get("required", []) for schema in schemas)
        found.append(Parameter(key, kind, sent, is_required, properties[key].get("description", ABOUT.get(key))))
    return sorted(found, key=lambda parameter: not parameter.is_required) if schemas else None


def method(
    name: str, path: str, verb: str, summary: str, in_path: list[Parameter], in_query: list[Parameter], body: list[Parameter] | None,
    has_model: bool, media_type: str, answer: dict[str, Any], types: Types
) -> list[str]:
    parameters = in_path + in_query + (body or [])
    given = [f"{parameter.name}: {parameter.kind}" for parameter in parameters if parameter.is_required]
    named = [f"{parameter.name}: {parameter.kind} | None = None" for parameter in parameters if not parameter.is_required]
    named += ["model: str | None = None"] if has_model else []
    signature = ["self", *given, *(["*", *named] if named else [])]

    schema = answer["schema"]
    kind = types.of_answer(schema, name.removeprefix("get_").title()) if media_type in (JSON, EVENTS) else ""
    result = {JSON: kind, EVENTS: f"Iterator[{kind}]", PNG: "Png", "text/plain": "str"}[media_type]
    address = f'f"{path}"' if in_path else f'"{path}"'
    for parameter in in_path:
        address = address.replace(f"{{{parameter.key}}}", f"{{quote({parameter.name}, safe='')}}")
    query = [f'"{parameter.key}": {parameter.name}' for parameter in in_query]
    query += ['"model": model or self.model'] if has_model else []
    lines = []
    asked = [f'"{verb.upper()}"', address, f"{{{', '.join(query)}}}"]
    if len(query) > 1:
        lines += in_lines(f"        query: {OBJECT} = {{", query, "}")
        asked[-1] = "query"
    if body is not None:
        fields = [f'"{parameter.key}": {sent_if_given(parameter)}' for parameter in body]
        lines += in_lines(f"        body: {OBJECT} = {{", fields, "}")
        asked.append("body")
    call = {
        JSON: lambda: f"return read({kind}, self._connection.json({', '.join(asked)}))",
        PNG: lambda: f"return self._connection.png({', '.join(asked)})",
        "text/plain": lambda: f"return self._connection.text({', '.join(asked)})",
        EVENTS: lambda: f"for event in self._connection.events({', '.join(asked)}):\n            yield read({kind}, event)",
    }[media_type]()
    if kind == OBJECT:
        call = f"answer: {OBJECT} = self._connection.json({', '.join(asked)})\n        return answer"
    lines.append(f"        {call}")
    about = [f"{summary}."]
    told = [f"    {parameter.name}: {lower(parameter.description)}." for parameter in parameters if parameter.description]
    if told:
        about += ["", "Args:", *told]
    return [*in_lines(f"    def {name}(", signature, f") -> {result}:"), *docstring(about, 8), *lines]


def sent_if_given(parameter: Parameter) -> str:
    if parameter.is_required or parameter.sent == parameter.name:
        return parameter.sent
    return f"None if {parameter.name} is None else {parameter.sent}"


def lower(text: str | None) -> str:
    text = text or ""
    return text if text.startswith("/") or text[1:2].isupper() else text[0].lower() + text[1:]


# MARK: Text

def in_lines(start: str, pieces: list[str], end: str) -> list[str]:
    """In one line where it fits, else broken between the pieces."""
    whole = start + ", ".join(pieces) + end
    if len(whole) <= WIDTH:
        return [whole]
    outer = " " * (len(start) - len(start.lstrip()))
    lines = [f"{outer}   "]
    for number, piece in enumerate(pieces):
        piece = " " + piece + ("," if number + 1 < len(pieces) else "")
        if len(lines[-1] + piece) > WIDTH and lines[-1].strip():
            lines.append(f"{outer}   ")
        lines[-1] += piece
    return [start, *lines, outer + end]


def docstring(paragraphs: list[str], indent: int) -> list[str]:
    lines: list[str] = []
    for number, text in enumerate(paragraphs):
        space = " " * (indent + len(text) - len(text.lstrip()))
        start = space + ('"""' if number == 0 else "")
        follow = space + ("    " if text.startswith("    ") else "")
        lines += textwrap.wrap(text.strip(), WIDTH, initial_indent=start, subsequent_indent=follow, break_on_hyphens=False) or [""]
    if len(lines) == 1 and len(lines[0]) <= WIDTH - 3:
        return [lines[0] + '"""']
    return [*lines, " " * indent + '"""']


def comment(text: str | None, indent: int) -> list[str]:
    start = " " * indent + "# "
    return textwrap.wrap(f"{text}.", WIDTH, initial_indent=start, subsequent_indent=start) if text else []


def client_of(found: list[dict[str, Any]]) -> str:
    """The text of the module."""
    description = found[0]
    for other in found[1:]:
        description = joined(description, other)
    types = Types(description["components"]["schemas"])
    body: list[str] = []
    for path, operations in sorted(description["paths"].items()):
        for verb, operation in sorted(operations.items()):
            body += methods(path, verb, operation, types)
    classes = sorted(name for name in types.classes)
    exported = sorted(["Blob", "Client", "GlowError", "Kept", "Labeled", "Picture", "Png", *classes])
    names = textwrap.wrap(", ".join(map(quoted, exported)) + ",", WIDTH, initial_indent="    ", subsequent_indent="    ")
    parts = [HEAD.rstrip(), "", "__all__ = [", *names, "]"]
    for lines in [*types.classes.values(), *types.functions.values()]:
        parts += ["", "", *lines]
    return "\n".join([*parts, "", CLIENT_HEAD.rstrip(), *body]) + "\n"


def written(url: str, token: str | None = None) -> str:
    return client_of(descriptions(url, token))


def written_of_tiny_models() -> str:
    import make_model
    from server import serving

    with make_model.models() as models:
        with serving(models.gray, "--model", models.told, "--reference-limit", 0, "--threads", 1) as server:
            return written(server.address)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--url", help="a server; by default one of tiny models")
    arguments.add_argument("--token")
    arguments.add_argument("--check", action="store_true", help="compare with the file, and write nothing")
    given = arguments.parse_args()
    text = written(given.url.rstrip("/"), given.token) if given.url else written_of_tiny_models()
    if given.check and text != CLIENT.read_text():
        sys.exit(f"make-client: {CLIENT.relative_to(ROOT)} is not what this makes of the API: run Scripts/make-client.py")
    if not given.check:
        CLIENT.write_text(text)


if __name__ == "__main__":
    main()
