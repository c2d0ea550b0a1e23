#!/usr/bin/env python3
"""Writes the manual pages of a program, one for each verb, from what it says of itself: manpages.py PROGRAM VERSION FOLDER."""
import json
import pathlib
import subprocess
import sys


def roff(text):
    """Text as it is, for troff: dashes stay dashes, and no line begins a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.splitlines())


def paragraphs(text):
    """Paragraphs of prose, and lines that stay as they are where they are indented, as those of examples."""
    parts = []
    for part in text.split("\n\n"):
        lines, block = part.splitlines(), []
        for line in lines:
            if line.startswith(" "):
                block += [] if block and block[-1].startswith(" ") else [".nf"]
            elif block and block[-1].startswith(" "):
                block.append(".fi")
            block.append(line)
        if block and block[-1].startswith(" "):
            block.append(".fi")
        parts.append("\n".join(line if line in (".nf", ".fi") else roff(line) for line in block))
    return "\n.PP\n".join(parts)


def spelled(name):
    return ("--" if name["kind"] == "long" else "-") + name["name"]


def argument(entry):
    value = f"\\fI{roff(entry['valueName'])}\\fR"
    if entry["kind"] == "positional":
        head = value
    else:
        head = ", ".join(f"\\fB{roff(spelled(name))}\\fR" for name in entry["names"])
        if entry["kind"] == "option":
            head += " " + value
    text = " ".join(part for part in (entry.get("abstract"), entry.get("discussion")) if part)
    if entry.get("allValues") and "values:" not in text:
        text += f" (values: {', '.join(entry['allValues'])})"
    if entry.get("defaultValue"):
        text += f" (default: {entry['defaultValue']})"
    return f".TP\n{head}\n{roff(text)}"


def synopsis(entries):
    required = [f" \\fB{roff(spelled(one['preferredName']))}\\fR \\fI{roff(one['valueName'])}\\fR" for one in entries
                if one["kind"] == "option" and not one["isOptional"]]
    words = []
    for one in entries:
        if one["kind"] == "positional":
            word = f"\\fI{roff(one['valueName'])}\\fR" + (" ..." if one["isRepeating"] else "")
            if one.get("parsingStrategy") == "postTerminator":
                word = "\\-\\- " + word
            words.append(f" [{word}]" if one["isOptional"] else " " + word)
    return "[\\fIoptions\\fR]" + "".join(required + words)


def pages(command, above, version):
    names = above + [command["commandName"]]
    title = "-".join(names)
    children = [one for one in command.get("subcommands", []) if one.get("shouldDisplay", True) and one["commandName"] != "help"]
    entries = [one for one in command.get("arguments", []) if one.get("shouldDisplay", True)]
    lines = [f".TH {roff(title.upper())} 1 \"\" \"glow {version}\" \"Glow\"", ".SH NAME",
             f"{roff(title)} \\- {roff(command.get('abstract', '').rstrip('.'))}", ".SH SYNOPSIS",
             f"\\fB{roff(' '.join(names))}\\fR " + ("\\fIverb\\fR" if children else synopsis(entries))]
    if command.get("discussion"):
        lines += [".SH DESCRIPTION", paragraphs(command["discussion"])]
    if children:
        lines.append(".SH VERBS")
        lines += [f".TP\n\\fB{roff(one['commandName'])}\\fR\n{roff(one.get('abstract', ''))}" for one in children]
    if entries:
        lines.append(".SH OPTIONS")
        lines += [argument(one) for one in entries]
    others = ["-".join(names + [one["commandName"]]) for one in children] or ["glow"]
    lines += [".SH SEE ALSO", ", ".join(f"\\fB{roff(one)}\\fR(1)" for one in others if one != title)]
    yield title, "\n".join(lines) + "\n"
    for one in children:
        yield from pages(one, names, version)


program, version, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
found = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True, text=True).stdout
folder.mkdir(parents=True, exist_ok=True)
for title, text in pages(json.loads(found)["command"], [], version):
    (folder / f"{title}.1").write_text(text)
