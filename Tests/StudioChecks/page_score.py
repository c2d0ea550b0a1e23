"""The tab "Score"."""

import csv
import json
import subprocess
from pathlib import Path

from browser import Watched, require
from server import GLOW

FILES = ["small.png", "damaged.png", "large.jpg", "same.webp", "words.txt", "again.png"]
REFUSED = {"damaged.png": "not a picture", "words.txt": "is not a PNG, JPEG or WebP image"}


def check_many(watch: Watched, files: Path) -> None:
    """Bad files among many, more than a request may hold; and photographs, one too many for its pixels."""
    names = ["small.png", "damaged.png", "words.txt", "again.png"] * 9 + [f"photograph-{i}.jpg" for i in range(3)]
    refused = [number for number, name in enumerate(names) if name in REFUSED]
    watch.open("score")
    with watch.refused():
        watch.page.set_input_files("#score-file", [files / name for name in names])
        wait_until_scored(watch, len(names))
    for number, (row, name) in enumerate(zip(rows(watch), names, strict=True)):
        if number in refused:
            require(REFUSED[name] in row[1], f"of {name} it is said: {row[1]}")
        else:
            require(all(is_number(cell) for cell in row[1:]), f"the scores of file {number} are {row[1:]}")
    watch.wait_for_text("#score-status", f"{len(refused)} of {len(names)} images have no score")
    require(not watch.page.is_visible("#score-status .retry"), "bad files can be tried again")


def check_stalled(watch: Watched, files: Path) -> None:
    """Images without an answer, as of a server that breaks off or gives up, do not keep others from theirs."""
    problem = '{"title": "Service Unavailable", "status": 503, "detail": "it took too long"}'
    asked = []

    def answer(route) -> None:
        asked.append(route)
        if len(asked) % 2:
            route.abort()
        else:
            route.fulfill(status=503, body=problem, content_type="application/problem+json")

    watch.open("score")
    watch.page.route("**/v1/score", answer)
    with watch.refused():
        watch.page.set_input_files("#score-file", [files / "small.png", files / "again.png"])
        wait_until_scored(watch, 2)
    watch.wait_for_text("#score-status", "2 of 2 images have no score")
    watch.page.unroute("**/v1/score")
    watch.page.click("#score-status .retry")
    watch.wait("document.querySelectorAll('#score-rows td.number').length === 2 * 4")
    require(watch.text("#score-status") == "", "an error stays after it has passed")


def check(watch: Watched, files: Path) -> None:
    watch.open("score")
    check_rows(watch, files)
    check_sorting(watch)
    watch.require_accessible("Score")
    check_csv(watch)
    check_packing(watch)
    check_data(watch)


def rows(watch: Watched) -> list[list[str]]:
    """The cells of the table; of the first one the name alone."""
    return watch.page.eval_on_selector_all(
        "#score-rows tr",
        "rows => rows.map((row) => [...row.cells].map((cell, index) => "
        "(index ? cell : cell.querySelector('span > span').firstChild).textContent))")


def wait_until_scored(watch: Watched, count: int) -> None:
    watch.wait(
        "count => document.querySelectorAll('#score-rows tr').length === count"
        " && document.querySelector('#score-progress-field').hidden", count)


def check_rows(watch: Watched, files: Path) -> None:
    with watch.refused():
        watch.page.set_input_files("#score-file", [files / name for name in FILES])
        wait_until_scored(watch, len(FILES))
    found = {row[0]: row[1:] for row in rows(watch)}
    require(list(found) == FILES, f"the rows are {', '.join(found)}")
    for name, cells in found.items():
        if name in REFUSED:
            require(REFUSED[name] in cells[0], f"of {name} it is said: {cells[0]}")
        else:
            require(len(cells) == 4 and all(is_number(cell) for cell in cells), f"the scores of {name} are {cells}")
    require(found["small.png"] == found["again.png"], "one image has two scores")


def is_number(text: str) -> bool:
    try:
        float(text.replace("−", "-"))
    except ValueError:
        return False
    return True


def check_sorting(watch: Watched) -> None:
    for direction in ("ascending", "descending"):
        watch.page.click("#score-sort-1")
        told = watch.page.get_attribute("#score-head th:nth-child(2)", "aria-sort")
        require(told == direction, f"a column that is sorted {direction} says {told}")
        table = rows(watch)
        values = [float(row[1].replace("−", "-")) for row in table if row[0] not in REFUSED]
        require(values == sorted(values, reverse=direction == "descending"), f"{values} are not {direction}")
        require({row[0] for row in table[-2:]} == set(REFUSED), "rows without a score do not come last")


def check_packing(watch: Watched) -> None:
    """The images that have a score, in one archive that the program lists."""
    download = watch.downloaded("#score-pack")
    require(download.suggested_filename == "images.glz", f"the archive downloads as {download.suggested_filename}")
    scored = len(FILES) - len(REFUSED)
    watch.wait_for_text("#score-packed", f"{scored} images in ")
    require(all(name in watch.text("#score-packed") for name in ("PNG", "WebP", "JPEG XL")), "a format has no size")
    listed = subprocess.run(
        [GLOW, "decompress", download.path(), "-l", "--json"], capture_output=True, text=True, check=True)
    require(json.loads(listed.stdout)["pictures"] == scored, f"the archive holds: {listed.stdout}")


def check_csv(watch: Watched) -> None:
    download = watch.downloaded("#score-csv")
    require(download.suggested_filename == "scores.csv", f"the scores download as {download.suggested_filename}")
    with open(download.path(), newline="") as file:
        table = {row["file"]: row for row in csv.DictReader(file)}
    require(list(table) == FILES, f"the CSV file has the rows {', '.join(table)}")
    for name, row in table.items():
        if name in REFUSED:
            is_refused = REFUSED[name] in row["error"] and not row["bitsPerDimension"]
            require(is_refused, f"the CSV file says of {name}: {row}")
            continue
        corrected = float(row["bitsPerDimension"]) - float(row["pngBitsPerDimension"])
        require(abs(corrected - float(row["corrected"])) < 1e-6, f"the corrected score of {name} is not the difference")
        for percentile in ("percentile", "correctedPercentile"):
            require(0 <= float(row[percentile]) <= 100, f"a percentile of {name} is {row[percentile]}")
    require((table["large.jpg"]["width"], table["large.jpg"]["height"]) == ("1000", "700"), "a file's size is wrong")


def check_data(watch: Watched) -> None:
    watch.page.click("#score-data")
    wait_until_scored(watch, len(FILES) + 16)
    watch.page.click("#score-clear")
    require(watch.page.is_visible("#score-empty"), "rows stay when they are cleared")
