#!/usr/bin/env python3
"""Type-checks the Swift examples of the README, the guides, the doc comments and the reference pages, against the modules that
`make build` or `make test` left in .build. Each example is the body of a function of its own; what it does not make
itself (`glow`, `images`, `labels`, ...) comes in as an argument. An example below a line that is a link to a file of Examples
is that file, which a package compiles: it has to have the same text. With --fix, it gets it."""

import glob
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFIGURATIONS = [word for word in sys.argv[1:] if word != "--fix"]
BUILD = ROOT / ".build" / (CONFIGURATIONS[0] if CONFIGURATIONS else "release")
GUIDES = sorted(ROOT.glob("docs/*.md"))
QUOTED = re.compile(r"^\[Examples/[^\]\n]*\]\((\S+\.swift)\):\n\n```swift\n(.*?)```$", re.MULTILINE | re.DOTALL)
MODULES = [page.stem for page in ROOT.glob("Sources/*/Documentation.docc/*.md") if page.stem == page.parts[-3]]
ARGUMENTS = "glow: Glow, images: Tensor, labels: Tensor, picture: PixelImage, generator: Generator"


def examples(path):
    """The blocks of a file, as (line, code)."""
    # Quoted files are compiled elsewhere.
    text = QUOTED.sub(lambda match: re.sub(r"[^\n]", "", match[0]), path.read_text())
    lines = text.split("\n")
    if path.suffix == ".swift":
        lines = [re.sub(r"^\s*/// ?", "", line) if line.lstrip().startswith("///") else "" for line in lines]
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and line.strip() == "```swift":
            start, code = number, []
        elif start is not None and line.strip() == "```":
            yield start, code
            start = None
        elif start is not None:
            code.append(line)


def unlike(page):
    """The files that a guide quotes otherwise than they are; with --fix, none."""
    text = page.read_text()
    files = [page.parent / path for path, code in QUOTED.findall(text) if code != (page.parent / path).read_text()]
    if files and "--fix" in sys.argv:
        page.write_text(QUOTED.sub(lambda match: match[0].removesuffix(match[2] + "```")
                                   + (page.parent / match[1]).read_text() + "```", text))
        return []
    return [f"{page.relative_to(ROOT)} does not quote {file.resolve().relative_to(ROOT)} as it is: run with --fix"
            for file in files]


def main():
    differences = [line for page in GUIDES for line in unlike(page)]
    print(*differences, sep="\n", end="\n" if differences else "")
    pages = [ROOT / "README.md", *GUIDES, *ROOT.glob("Sources/**/*.swift"), *ROOT.glob("Sources/*/Documentation.docc/*.md")]
    found = [(path, start, code) for path in sorted(pages) for start, code in examples(path)]
    imports = "".join(f"import {module}\n" for module in sorted(MODULES + ["Foundation", "Logging"]))
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number, (path, start, code) in enumerate(found):
            file = Path(folder) / f"example{number}.swift"
            # Compiler messages name the example's own place.
            place = f'#sourceLocation(file: "{path.relative_to(ROOT)}", line: {start + 1})\n'
            body = "\n".join("" if line.startswith("import ") else line for line in code)
            file.write_text(f"{imports}func example{number}({ARGUMENTS}) async throws {{\n{place}{body}\n}}\n")
            files.append(str(file))
        places = [f"{BUILD}/*.build", f"{ROOT}/Sources/**", f"{ROOT}/.build/checkouts/*/Sources/*/include"]
        maps = [path for place in places for path in glob.glob(f"{place}/module.modulemap", recursive=True)]
        flags = [flag for path in maps for flag in ("-Xcc", f"-fmodule-map-file={path}")]
        command = ["swiftc", "-typecheck", "-swift-version", "6", "-suppress-warnings", "-parse-as-library"]
        result = subprocess.run([*command, "-I", str(BUILD / "Modules"), *flags, *files], cwd=ROOT)
    print(f"{len(found)} examples" + ("" if result.returncode == 0 else ": not all compile"))
    return result.returncode or int(bool(differences))


if __name__ == "__main__":
    sys.exit(main())
