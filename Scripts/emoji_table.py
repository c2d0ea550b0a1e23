"""Prints how many pictures of each split have each attribute, as a Markdown table: "has it / has it or lacks it"."""

import csv
import sys
from pathlib import Path

SPLITS = ("train", "validation", "test")


def read(folder, split):
    file = Path(folder) / split / "attributes.csv"
    if not file.is_file():
        raise SystemExit(f"emoji_table: there is no {file}: run make emoji, or name another folder")
    with open(file, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def main():
    if len(sys.argv) != 2:
        raise SystemExit("emoji_table: name one folder, such as .data/emoji-32")
    rows = {split: read(sys.argv[1], split) for split in SPLITS}
    print(f"| attribute | {' | '.join(f'{split} ({len(rows[split])})' for split in SPLITS)} |")
    print("|---|" + "---|" * len(SPLITS))
    for column in [name for name in rows["train"][0] if name != "file"]:
        cells = []
        for split in SPLITS:
            values = [row[column] for row in rows[split] if row[column]]
            cells.append(f"{values.count('1')} / {len(values)}")
        print(f"| {column} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
