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
    check_place(watch)
    check_maps(watch)
    check_sizes(watch)
    check_address(watch, files)
    check_folder(watch, files)


def rows(watch: Watched) -> list[list[str]]:
    """The cells of the table; of the first one the name alone."""
    return watch.page.eval_on_selector_all(
        "#score-rows tr:has(.open-row)",
        "rows => rows.map((row) => [...row.cells].map((cell, index) => "
        "(index ? cell : cell.querySelector('button > span').firstChild).textContent))")


def wait_until_scored(watch: Watched, count: int) -> None:
    watch.wait(
        "count => document.querySelectorAll('#score-rows .open-row').length === count"
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
    require(json.loads(listed.stdout)["images"] == scored, f"the archive holds: {listed.stdout}")


def check_csv(watch: Watched) -> None:
    download = watch.downloaded("#score-csv")
    require(download.suggested_filename == "scores.csv", f"the scores download as {download.suggested_filename}")
    with open(download.path(), newline="") as file:
        table = {row["image"]: row for row in csv.DictReader(file)}
    require(list(table) == FILES, f"the CSV file has the rows {', '.join(table)}")
    for name, row in table.items():
        if name in REFUSED:
            is_refused = REFUSED[name] in row["error"] and not row["bits_per_dim"]
            require(is_refused, f"the CSV file says of {name}: {row}")
            continue
        corrected = float(row["bits_per_dim"]) - float(row["png_bits_per_dim"])
        require(abs(corrected - float(row["corrected"])) < 1e-6, f"the corrected score of {name} is not the difference")
        for percentile in ("percentile", "corrected_percentile"):
            require(0 <= float(row[percentile]) <= 100, f"a percentile of {name} is {row[percentile]}")
    require((table["large.jpg"]["width"], table["large.jpg"]["height"]) == ("1000", "700"), "a file's size is wrong")


def check_data(watch: Watched) -> None:
    watch.page.click("#score-data")
    wait_until_scored(watch, len(FILES) + 16)
    watch.page.click("#score-clear")
    require(watch.page.is_visible("#score-empty"), "rows stay when they are cleared")
    watch.page.click("#score-data")
    wait_until_scored(watch, 16)


def check_place(watch: Watched) -> None:
    """The histogram of the reference, and the marks of the images in it."""
    page = watch.page
    for field in ("#score-by-corrected", "#score-by-bits"):
        page.check(field)
        told = page.get_attribute("#score-histogram [role=img]", "aria-label")
        require("Half of the" in told and "lie between" in told, f"the histogram says: {told}")
        bars = page.get_attribute("#score-histogram .bars", "d").count("Z")
        require(bars > 4, f"the histogram has {bars} bars")
        marks = page.get_attribute("#score-histogram .marks", "d").count("M")
        require(marks == 16, f"there are {marks} marks of 16 images")
    ordered = sorted(float(row[1]) for row in rows(watch))
    page.focus("#score-histogram [role=slider]")
    for key, place in [("Home", 0), ("ArrowRight", 1), ("End", 15)]:
        page.keyboard.press(key)
        watch.wait_for_text("#score-mark", f"{ordered[place]:.3f} bits/dim, percentile ")
    named = watch.text("#score-mark").partition(":")[0]
    page.keyboard.press("Enter")
    watch.wait_for_text("#score-rows .is-open .open-row", named)
    page.keyboard.press("Home")
    page.locator("#score-histogram").scroll_into_view_if_needed()
    box = page.locator("#score-histogram .is-open").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    watch.wait_for_text("#score-mark", named)
    page.mouse.move(0, 0)
    page.click("#score-rows .is-open .open-row")
    watch.wait("!document.querySelector('#score-rows .is-open')")


def check_maps(watch: Watched) -> None:
    """Where in an image its bits are, asked when a row is opened: by keyboard."""
    page = watch.page
    asked = watch.requests_to("/v1/score")
    second = rows(watch)[1]
    page.focus("#score-rows .open-row")
    page.keyboard.press("ArrowDown")
    require(second[0] in page.evaluate("document.activeElement.textContent"), "an arrow key does not move to the next row")
    page.keyboard.press("Enter")
    page.wait_for_selector("#score-stage.has-map")
    require([body.get("map") for body in asked] == [True], f"the map is asked for by {asked}")
    # A model with classes scores an image as any of them, and maps it as the likeliest.
    watch.wait_for_text("#score-said", "Mean: ")
    saved = float(second[1]) - float(watch.text("#score-said").split()[1])
    require(-0.0011 < saved < (0.03 if "class" in watch.text("#score-said") else 0.0011), f"the map lacks {saved} bits/dim")
    least, most = number_of(watch, "#score-least"), number_of(watch, "#score-most")
    require(least < most, f"the scale goes from {least} to {most}")
    page.focus("#score-probe")
    page.keyboard.press("ArrowRight")
    watch.wait_for_text("#score-said", "Row ")
    require(watch.text("#score-said") == page.get_attribute("#score-probe", "aria-valuetext"), "a place has two values")
    levels = page.locator("#score-levels button")
    sizes = [levels.nth(place).locator("canvas").evaluate("map => map.width") for place in range(levels.count())]
    require(sizes == sorted(sizes, reverse=True) and len(set(sizes)) == len(sizes), f"the maps are {sizes} wide")
    before = page.locator("#score-heat").evaluate("map => map.toDataURL()")
    levels.nth(1).click()
    watch.wait("before => document.querySelector('#score-heat').toDataURL() !== before", before)
    page.focus("#score-strength")
    page.keyboard.press("Home")
    require(page.locator("#score-heat").evaluate("map => getComputedStyle(map).opacity") == "0", "the overlay can not be taken off")
    watch.require_accessible("Score with a map")
    page.keyboard.press("End")
    page.locator("#score-rows .open-row").last.click()
    watch.wait_for_text("#score-rows .is-open .open-row", rows(watch)[-1][0])
    watch.wait("document.querySelector('#score-stage.has-map') !== null")
    require(len(asked) == 2, f"two maps take {len(asked)} requests")


def number_of(watch: Watched, selector: str) -> float:
    return float(watch.text(selector).replace("−", "-"))


def check_sizes(watch: Watched) -> None:
    """What images take in files: of one in the detail, of all in columns and in the CSV file, and only when asked for."""
    page = watch.page
    asked = watch.requests_to("/v1/compress")
    page.click("#score-measure")
    page.wait_for_selector("#score-detail-sizes:not([hidden])")
    require(len(asked) == 1 and page.locator("#score-detail-sizes dd").count() == 4, "one image has not four sizes")
    page.click("#score-sizes")
    watch.wait("[...document.querySelectorAll('#score-rows [data-name$=kB]')].filter((cell) => cell.textContent > 0).length === 16 * 4")
    require(len(asked) == 16, f"the sizes of 16 images take {len(asked)} requests")
    watch.require_accessible("Score with sizes")
    with open(watch.downloaded("#score-csv").path(), newline="") as file:
        table = list(csv.DictReader(file))
    for row in table:
        sizes = [int(row[f"{name}_bytes"]) for name in ("archived", "png", "webp", "jpeg_xl")]
        require(all(size > 0 for size in sizes), f"the sizes of {row['image']} are {sizes}")


def check_address(watch: Watched, files: Path) -> None:
    """A reload and Back bring back the images of the data set, the open one and all settings; of pictures that were sent it is said."""
    page = watch.page
    page.check("#score-by-corrected")
    page.click("#score-sort-3")
    opened = watch.text("#score-rows .is-open .open-row")
    watch.wait("['images=0-15', 'open=image-', 'by=corrected', 'sort=corrected', 'sizes=1', 'level=1', 'overlay=1']"
        ".every((field) => location.hash.includes(field))")
    page.reload()
    watch.wait("document.querySelectorAll('#score-rows td.number').length === 16 * 8")
    watch.wait_for_text("#score-rows .is-open .open-row", opened.split("\n")[0])
    page.wait_for_selector("#score-stage.has-map")
    require(page.is_checked("#score-by-corrected"), "a reload forgets which score is shown")
    require(page.get_attribute("#score-head th:nth-child(4)", "aria-sort") == "ascending", "a reload forgets the order")
    require(page.input_value("#score-strength") == "1", "a reload forgets the overlay")
    page.click("#score-sizes")
    page.set_input_files("#score-file", [files / "small.png", files / "again.png"])
    wait_until_scored(watch, 18)
    watch.wait("location.hash.includes('sent=') && !location.hash.includes('sizes')")
    page.click("#undo")
    watch.wait("[...document.querySelectorAll('#score-rows .open-row')].length === 16")
    page.click("#redo")
    wait_until_scored(watch, 18)
    page.reload()
    wait_until_scored(watch, 16)
    watch.wait_for_text("#score-added", "2 of the pictures were sent on an earlier visit")
    page.click("#score-clear")
    watch.wait("location.hash.includes('#score') && !location.hash.includes('images')")


def check_folder(watch: Watched, files: Path) -> None:
    """A folder, chosen and dropped: its pictures by their paths, drawn as far as somebody scrolls, and the number of the others."""
    page = watch.page
    album = files / "album"
    for number in range(150):
        place = album / ("deep/er" if number % 2 else "")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.png").write_bytes((files / "small.png").read_bytes())
    for name in ("notes.txt", "deep/list.csv"):
        (album / name).write_text("words\n")
    page.set_input_files("#score-folder", album)
    watch.wait("document.querySelector('#score-progress-text').textContent === 'Scored 150 of 150'")
    watch.wait_for_text("#score-added", "2 files are not PNG, JPEG or WebP and are left out.")
    drawn = page.locator("#score-rows .open-row").count()
    require(drawn < 150, f"{drawn} rows of 150 are drawn at once")
    require(rows(watch)[1][0] == "album/2.png", f"the second row is {rows(watch)[1][0]}")
    watch.wait(
        "() => { scrollTo(0, document.body.scrollHeight);"
        " return document.querySelectorAll('#score-rows .open-row').length === 150; }")
    require(rows(watch)[-1][0] == "album/deep/er/149.png", f"the last row is {rows(watch)[-1][0]}")
    page.click("#score-clear")
    drop(watch, "#score-drop", album / "deep")
    watch.wait("document.querySelector('#score-progress-text').textContent === 'Scored 75 of 75'")
    watch.wait_for_text("#score-added", "1 file is not PNG, JPEG or WebP and is left out.")
    require(rows(watch)[0][0] == "deep/er/1.png", f"the first row is {rows(watch)[0][0]}")
    page.click("#score-clear")


def drop(watch: Watched, selector: str, path: Path) -> None:
    """As from the desktop: what a page makes itself has no folders."""
    page = watch.page
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {
            "type": kind, "x": box["x"] + 5, "y": box["y"] + 5,
            "data": {"items": [], "files": [str(path)], "dragOperationsMask": 1},
        })
    session.detach()
