#!/usr/bin/env python3
"""Type-checks the Swift examples of the README, the doc comments and the reference pages, against the modules that
`make build` or `make test` left in .build. Each example is the body of a function of its own; what it does not make
itself (`glow`, `images`, `labels`, ...) comes in as an argument."""

import glob
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build" / (sys.argv[1] if len(sys.argv) > 1 else "release")
MODULES = [page.stem for page in ROOT.glob("Sources/*/Documentation.docc/*.md") if page.stem == page.parts[-3]]
ARGUMENTS = "glow: Glow, images: Tensor, labels: Tensor, picture: PixelImage, generator: Generator"


def examples(path):
    """The blocks of a file, as (line, code)."""
    lines = path.read_text().split("\n")
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


def main():
    pages = [ROOT / "README.md", *ROOT.glob("Sources/**/*.swift"), *ROOT.glob("Sources/*/Documentation.docc/*.md")]
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
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
