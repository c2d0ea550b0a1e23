#!/usr/bin/env python3
"""Checks that every public declaration of the libraries has a doc comment, by the symbol graphs that Scripts/docs.sh
leaves in .build/symbol-graphs. Prints each that has none; exit status 1 if there is any.

Left out is what has no page or no words of its own: what the compiler adds, generated code, blocks of extensions (their
members count), and members that meet a requirement of a protocol. Those inherit the requirement's comment, and the
graph names it as their `sourceOrigin`.
"""
import json
import pathlib
import re
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
GRAPHS = ROOT / ".build" / "symbol-graphs"
LIBRARIES = re.findall(r'\.library\(name: "(\w+)"', (ROOT / "Package.swift").read_text())


def place(symbol):
    """The file of a declaration and its line, from 1; nothing where the compiler made it."""
    if "location" not in symbol:
        return None
    path = urllib.parse.unquote(urllib.parse.urlparse(symbol["location"]["uri"]).path)
    return pathlib.Path(path).resolve(), symbol["location"]["position"]["line"] + 1


def declarations(module):
    """What a module declares, as (file, line, name, whether it is documented)."""
    for path in sorted((GRAPHS / module).glob("*.symbols.json")):
        graph = json.loads(path.read_text())
        inheriting = {relation["source"] for relation in graph["relationships"] if "sourceOrigin" in relation}
        for symbol in graph["symbols"]:
            found = place(symbol)
            if not found or symbol["kind"]["identifier"] == "swift.extension":
                continue
            file, line = found
            if symbol["identifier"]["precise"] in inheriting or file.name.endswith(".pb.swift"):
                continue
            if file.is_relative_to(ROOT / "Sources" / module):
                comment = symbol.get("docComment", {"lines": []})["lines"]
                documented = any(text["text"].strip() for text in comment)
                yield file.relative_to(ROOT), line, ".".join(symbol["pathComponents"]), documented


found = {module: list(declarations(module)) for module in LIBRARIES}
for module in LIBRARIES:
    if not found[module]:
        sys.exit(
            f"no declaration of {module} in {GRAPHS.relative_to(ROOT)}: run Scripts/docs.sh, which makes a graph of "
            "every module with a Documentation.docc")
missing = sorted(declaration for module in LIBRARIES for declaration in found[module] if not declaration[3])
if missing:
    sys.exit("\n".join(f"{file}:{line}: {name} has no documentation" for file, line, name, _ in missing))
print(f"{sum(map(len, found.values()))} public declarations of {len(LIBRARIES)} modules are documented")
