#!/usr/bin/env python3
"""Checks that every link and picture in the Markdown and HTML files under version control leads somewhere: to a file of the
repository, and where the link names a heading of a Markdown file, to that heading. Links to other sites are not followed.

Prints one line for each that does not, with its file and line; exit status 1 if there are any.
"""
import html.parser
import pathlib
import re
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)")


def blanked(match):
    return re.sub(r"[^\n]", " ", match.group())


class Attributes(html.parser.HTMLParser):
    """The places of `href` and `src` in a page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.found.append((value, self.getpos()[0]))

    handle_startendtag = handle_starttag


def links(path, text):
    """Pairs of a target and its line."""
    parser = Attributes()
    if path.suffix == ".md":
        text = CODE.sub(blanked, FENCE.sub(blanked, text))
        for match in LINK.finditer(text):
            yield match.group(1), text.count("\n", 0, match.start()) + 1
    parser.feed(text)
    yield from parser.found


def anchors(text):
    """The names of a page's headings, as GitHub makes them."""
    names, counts = set(), {}
    for line in FENCE.sub(blanked, text).splitlines():
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if not heading:
            continue
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
        name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        seen = counts.get(name, 0)
        counts[name] = seen + 1
        names.add(f"{name}-{seen}" if seen else name)
    return names


def problem(path, target):
    """Why a link leads nowhere; None if it leads somewhere."""
    url = urllib.parse.urlsplit(target)
    if url.scheme or url.netloc:
        return None
    place = path if not url.path else (path.parent / urllib.parse.unquote(url.path)).resolve()
    if not place.exists():
        return "there is no such file"
    if not place.is_relative_to(ROOT):
        return "it leads out of the repository"
    if url.fragment and place.suffix == ".md" and url.fragment not in anchors(place.read_text()):
        return f"{place.relative_to(ROOT)} has no such heading"
    return None


def main():
    files = subprocess.check_output(["git", "ls-files", "-z", "*.md", "docs/*.html"], cwd=ROOT, text=True).split("\0")
    failures = 0
    for name in sorted(filter(None, files)):
        path = ROOT / name
        if not path.exists():
            continue
        for target, line in links(path, path.read_text()):
            reason = problem(path, target)
            if reason:
                failures += 1
                print(f"{name}:{line}: {target}: {reason}", file=sys.stderr)
    if failures:
        sys.exit(f"{failures} broken {'link' if failures == 1 else 'links'}")


main()
