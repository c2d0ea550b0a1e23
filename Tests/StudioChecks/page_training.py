"""The tab "Training"."""

import json
from pathlib import Path

from browser import Watched, require
from make_model import Models

CURVE = "document.querySelector('#training-bits svg[role=img] .curve-0')"
POINTS = f"{CURVE}.getAttribute('points').split(' ').length"


def check(watch: Watched, models: Models) -> None:
    watch.open("training")
    for run in (models.color, models.gray):
        check_run(watch, run)
    watch.require_accessible("Training")


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def check_run(watch: Watched, run: Path) -> None:
    """One that has ended: its curves have a point a line of metrics, and its log a row a line."""
    page = watch.page
    watch.wait("id => document.querySelector('#training-run').options.length > 0")
    listed = page.locator("#training-run option").all_text_contents()
    require(f"{run.name} (finished)" in listed, f"the runs are {', '.join(listed)}")
    page.select_option("#training-run", run.name)
    watch.wait_for_text("#training-state", "Finished")
    metrics, log = lines(run / "metrics.jsonl"), lines(run / "log.jsonl")
    watch.wait(f"count => {CURVE} && {POINTS} === count", len(metrics))
    validations = sum("validationBitsPerDimension" in line for line in metrics)
    watch.wait("count => document.querySelectorAll('#training-bits svg[role=img] .dot-1').length === count", validations)
    watch.wait("count => document.querySelectorAll('#training-log li').length === count", len(log))
    newest = watch.text("#training-log li")
    require(log[-1]["message"] in newest, f"the newest event is {newest}")
    page.wait_for_selector("#training-samples:not([hidden])")
    watch.wait("document.querySelector('#training-samples').naturalWidth > 0")
    last = f"{metrics[-1]['images']:,} of {metrics[-1]['images']:,} (100%)"
    require(last in watch.text("#training-facts"), f"the facts do not tell of {last}")


def check_live(watch: Watched, models: Models) -> None:
    """A run that is being trained: what it writes appears by itself, and so does its end."""
    page = watch.page
    watch.open("training")
    with models.training("live"):
        watch.eventually(lambda: is_listed(watch, "live (training)"), "a run that is being trained is not listed")
        page.select_option("#training-run", "live")
        watch.wait_for_text("#training-status", "Live")
        watch.wait(f"{CURVE} && {POINTS} >= 1")
        seen = page.evaluate(POINTS)
        watch.wait(f"seen => {POINTS} >= seen + 3", seen)
        require(watch.text("#training-state") == "Being trained now", "a run in training does not say so")
    watch.wait_for_text("#training-state", "Stopped before its end")
    require(watch.text("#training-status") == "", "a run that has stopped is called live")


def is_listed(watch: Watched, name: str) -> bool:
    """After another look."""
    with watch.page.expect_response("**/v1/runs"):
        watch.page.click("#training-refresh")
    return watch.page.locator("#training-run option", has_text=name).count() == 1
