#!/usr/bin/env python3
"""Generates a client from the server's own description (openapi-python-client), uses it on the shipped model as a
program would, and holds what it gets against plain requests. Each example of the description is sent, too."""

import base64
import importlib
import io
import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from latents import latents
from pictures import encoded, picture
from server import CheckFailure, Server, serving

MODEL = "fashion-mnist"
PACKAGE = "studio_client"
JSON, PNG, LATENTS = "application/json", "image/png", "application/octet-stream"
# The generator knows one type of a body that is a file: image/png is told to be such, its siblings are left out.
CONFIGURATION = {
    "post_hooks": [], "package_name_override": PACKAGE, "content_type_overrides": {PNG: LATENTS}}
LEFT_OUT = ["Unsupported content type image/jpeg", "Unsupported content type image/webp"]


def require(is_so: object, what: str) -> None:
    if not is_so:
        raise CheckFailure(what)


def post(server: Server, path: str, body: bytes, media_type: str, accept: str) -> bytes:
    """A plain request."""
    headers = {"Content-Type": media_type, "Accept": accept}
    request = urllib.request.Request(server.address + path, body, headers | server.headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise CheckFailure(f"{path} answers {error.code}: {error.read().decode(errors='replace')}") from error


def check_examples(server: Server) -> int:
    """Returns how many there are."""
    count = 0
    for path, operations in server.get("/openapi.json")["paths"].items():
        content = operations.get("post", {}).get("requestBody", {}).get("content", {})
        if JSON in content:
            require("example" in content[JSON], f"{path} has no example")
            post(server, path, json.dumps(content[JSON]["example"]).encode(), JSON, JSON)
            count += 1
    return count


def generated(server: Server, folder: Path):
    """The package of a client."""
    settings = folder / "settings.json"
    settings.write_text(json.dumps(CONFIGURATION))
    done = subprocess.run(
        [
            sys.executable, "-m", "openapi_python_client", "generate", "--url", f"{server.address}/openapi.json",
            "--meta", "none", "--config", settings, "--output-path", folder / PACKAGE,
        ], capture_output=True, text=True)
    report = done.stdout + done.stderr
    require(done.returncode == 0, f"no client can be generated: {report}")
    told = [line for line in report.splitlines() if "Unsupported" in line or "Unable" in line or "Invalid" in line]
    others = [line for line in told if line not in LEFT_OUT]
    require(not others, f"of the client is missing: {report}")
    sys.path.insert(0, str(folder))
    return importlib.import_module(PACKAGE)


class Client:
    """What the generated package offers, by the names of the description's operations."""

    def __init__(self, server: Server, package):
        self.models = importlib.import_module(f"{PACKAGE}.models")
        self.file = importlib.import_module(f"{PACKAGE}.types").File
        self.client = package.Client(base_url=server.address, headers={"Accept": JSON}, timeout=60)

    def call(self, operation: str, module: str | None = None, **arguments):
        """The answer as the class that the description names."""
        module = importlib.import_module(f"{PACKAGE}.api.default.{module or operation}")
        return module.sync(client=self.client, **arguments)

    def png(self, content: bytes):
        return self.file(payload=io.BytesIO(content), file_name="picture.png", mime_type=PNG)


def check_client(server: Server, client: Client) -> None:
    shown = server.model
    size = (shown["width"], shown["height"])
    content = encoded(picture(*size, seed=5).convert("L"))
    in_base64 = base64.b64encode(content).decode()
    models = client.models

    [model] = client.call("list_models").models
    require(model.to_dict() == shown, "the client reads another model than the server shows")

    plain = post(server, "/v1/encode", content, PNG, "*/*")
    as_png = client.call("encode", body=client.png(content))
    require(base64.b64decode(as_png.latents) == plain, "encoding a PNG gives other latents than a plain request")
    form = client.call("encode", body=models.EncodeFilesBody(images=[client.png(content)]))
    require(form.latents == as_png.latents, "encoding a form gives other latents than encoding a PNG")
    body = models.EncodeJsonBody.from_dict({"images": [{"data": in_base64}]})
    require(client.call("encode", body=body).latents == as_png.latents, "encoding JSON gives other latents")

    for body in [models.DecodeJsonBody(latents=as_png.latents), client.file(payload=io.BytesIO(plain))]:
        decoded = client.call("decode", body=body)
        answer = json.loads(post(server, "/v1/decode", plain, LATENTS, JSON))
        require(decoded.to_dict() == answer, "decoding gives other pictures than a plain request")
    require(len(decoded.images) == 1, "one picture's latents are decoded to more")

    edit = {"images": [{"data": in_base64}], "edits": {shown["attributes"][0]["name"]: 1.0}, "direction": "mean"}
    edited = client.call("edit", body=models.EditJsonBody.from_dict(edit))
    answer = json.loads(post(server, "/v1/edit", json.dumps(edit).encode(), JSON, JSON))
    require(edited.to_dict() == answer, "editing gives another picture than a plain request")
    require(edited.images[0] != decoded.images[0], "an edit changes nothing")

    drawn = client.call("sample", body=models.Samples(count=2, seed=3, temperature=0.5))
    answer = json.loads(post(server, "/v1/sample", b'{"count": 2, "seed": 3, "temperature": 0.5}', JSON, JSON))
    require(drawn.to_dict() == answer, "sampling gives other pictures than a plain request")

    problem = client.call("decode", body=client.file(payload=io.BytesIO(latents([[1, 1, 1]], 1, 0, temperature=0))))
    require(isinstance(problem, models.Problem) and problem.status == 422, f"a refusal is read as {problem}")


def main() -> None:
    try:
        with serving(MODEL, "--reference-limit", 0) as server, tempfile.TemporaryDirectory() as folder:
            examples = check_examples(server)
            check_client(server, Client(server, generated(server, Path(folder))))
    except CheckFailure as failure:
        sys.exit(f"check_client: {failure}")
    print(f"Client of the API: generated, and as plain requests; {examples} examples of the description are taken")


if __name__ == "__main__":
    main()
