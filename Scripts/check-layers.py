#!/usr/bin/env python3
"""Checks how the Swift sources lie: no circle between the folders of a module, and no folder with more than 20 files.

A folder uses another where its files name a type that is declared there; extensions of a type belong to its folder's users
and declare nothing. Modules cannot form circles: the package manager refuses them. Prints each circle with the names that
make it; exit status 1 if there is any.
"""
import pathlib
import re
import sys

SOURCES = pathlib.Path(__file__).resolve().parent.parent / "Sources"
MOST_FILES = 20
NOISE = re.compile(r'//[^\n]*|"""(?:.|\n)*?"""|"(?:\\.|[^"\\\n])*"')
DECLARATION = re.compile(
    r"^(?:(?:public|package|internal|final|indirect|@\w+)\s+)*(?:class|struct|enum|protocol|actor|typealias)\s+(\w+)", re.M)
NAME = re.compile(r"\b[A-Z]\w+")


def circles(uses):
    """The strongly connected folders, by repeated search."""
    def reached(start):
        seen, stack = set(), [start]
        while stack:
            for other in uses[stack.pop()]:
                if other not in seen:
                    seen.add(other)
                    stack.append(other)
        return seen

    reach = {folder: reached(folder) for folder in uses}
    groups = {frozenset({a} | {b for b in uses if b in reach[a] and a in reach[b]}) for a in uses}
    return [sorted(group) for group in groups if len(group) > 1]


def check(module):
    texts = {path: NOISE.sub(" ", path.read_text()) for path in sorted(module.rglob("*.swift"))}
    homes = {}
    for path, text in texts.items():
        for name in DECLARATION.findall(text):
            homes.setdefault(name, path.parent)
    uses = {path.parent: {} for path in texts}
    for path, text in texts.items():
        for name in set(NAME.findall(text)):
            home = homes.get(name, path.parent)
            if home != path.parent:
                uses[path.parent].setdefault(home, set()).add(name)
    # What lies at the top of a module is for all of its folders, and may put them together.
    uses.pop(module, None)
    for others in uses.values():
        others.pop(module, None)
    for group in circles(uses):
        yield f"{module.name}: {', '.join(folder.name for folder in group)} form a circle:"
        for a in group:
            for b in group:
                if b in uses[a]:
                    yield f"  {a.name} uses {b.name}: {', '.join(sorted(uses[a][b]))}"


problems = [line for module in sorted(SOURCES.iterdir()) if module.is_dir() for line in check(module)]
for folder in sorted(path for path in SOURCES.rglob("*") if path.is_dir()):
    count = sum(path.suffix in (".swift", ".cpp", ".h", ".c") for path in folder.iterdir())
    if count > MOST_FILES:
        problems.append(f"{folder.relative_to(SOURCES)} has {count} files side by side, at most {MOST_FILES} are easy to see")
if problems:
    sys.exit("\n".join(problems))
