"""Names without a space, as long as people give them, on a phone."""

from pathlib import Path

from browser import Watched, require
from page_crop import use_middle
from page_edit import open_gallery
from page_score import wait_until_scored
from pictures import encoded, picture


def check(watch: Watched, folder: Path) -> None:
    """Nothing is wider than the window, whatever a model, its classes and attributes, a run or a file is called."""
    page = watch.page
    watch.open("sample")
    page.wait_for_selector("#sample-grid img")
    page.click("#sample-grid button")
    page.wait_for_selector("#sample-variations img")
    watch.require_accessible("Sample with long names")

    watch.show("edit")
    watch.wait_for_text("#edit-note", "Image 0")
    open_gallery(watch, "edit")
    page.wait_for_selector("#edit-data img")
    page.set_input_files("#edit-file", _file(folder, "edited"))
    page.wait_for_selector("#crop[open]")
    watch.require_accessible("The part of a picture with a long name")
    use_middle(watch)
    watch.wait_for_text("#edit-note", "edited")
    watch.require_accessible("Edit with long names")

    watch.show("mix")
    page.wait_for_selector("#mix-picture[src]")
    page.set_input_files("#mix-file", _file(folder, "mixed"))
    use_middle(watch)
    watch.wait_for_text("#mix-corner-note", "mixed")
    watch.require_accessible("Mix with long names")

    watch.show("score")
    page.set_input_files("#score-file", [_file(folder, "scored"), _damaged(folder)])
    with watch.refused():
        wait_until_scored(watch, 2)
    watch.require_accessible("Score with long names")
    overflow = page.eval_on_selector("#score-frame", "frame => frame.scrollWidth - frame.clientWidth")
    require(overflow <= 0, f"the table of scores is {overflow} pixels too wide")

    watch.show("training")
    page.wait_for_selector("#training-bits svg[role=img]")
    watch.require_accessible("Training with long names")


def _file(folder: Path, word: str) -> Path:
    file = folder / f"{word}{'x' * (60 - len(word))}.png"
    file.write_bytes(encoded(picture(24, 24, seed=3)))
    return file


def _damaged(folder: Path) -> Path:
    file = folder / f"damaged{'x' * 53}.png"
    file.write_bytes(b"not a picture")
    return file
