"""The tab "Training"."""

import json
from pathlib import Path

from browser import Watched, require
from make_model import Models, write_run

CURVE = "document.querySelector('#training-bits svg[role=img] .curve-0')"
POINTS = f"{CURVE}.getAttribute('points').split(' ').length"


def check(watch: Watched, models: Models) -> None:
    watch.open("training")
    check_first(watch, models)
    for run in (models.color, models.gray):
        check_run(watch, run)
    watch.require_accessible("Training")


def check_first(watch: Watched, models: Models) -> None:
    """Where no run is in training, the one written last opens; then the one that was chosen, for as long as it is there."""
    page = watch.page
    page.wait_for_selector("#training-run option", state="attached")
    newest = max(models.runs.iterdir(), key=lambda run: (run / "metrics.jsonl").stat().st_mtime)
    require_shown(watch, newest.name)
    other = models.gray if newest == models.color else models.color
    page.select_option("#training-run", other.name)
    page.reload()
    require_shown(watch, other.name)
    page.evaluate("localStorage.setItem('glow-studio-run', 'a-run-that-is-gone')")
    page.reload()
    require_shown(watch, newest.name)


def require_shown(watch: Watched, run: str) -> None:
    watch.page.wait_for_selector("#training-run option", state="attached")
    shown = watch.page.input_value("#training-run")
    require(shown == run, f"the run {shown} opens, expected {run}")


def check_charts(watch: Watched, models: Models) -> None:
    """Of runs of one line, and of lines that hardly differ."""
    page = watch.page
    runs = {
        "one-point": [3.3], "constant": [3.3] * 20, "nearly-constant": [3.3001, 3.3002, 3.3004, 3.3003],
        "closer-than-labels-tell": [3.3, 3.3 + 1e-14],
    }
    for name, bits in runs.items():
        write_run(models.runs / name, bits)
    watch.open("training")
    for name, bits in runs.items():
        watch.eventually(lambda: page.locator(f"#training-run option[value={name}]").count(), f"{name} is not listed")
        page.select_option("#training-run", name)
        watch.wait(f"count => {CURVE} && {POINTS} === count", len(bits))
        dots = page.locator("#training-bits svg[role=img] .dot-0").count()
        require(dots == (1 if len(bits) == 1 else 0), f"the chart of {name} has {dots} dots")
        for chart in ("bits", "gradient"):
            labels = page.locator(f"#training-{chart} .tick[text-anchor=end]").all_text_contents()
            require(len(labels) > 1 and len(set(labels)) == len(labels), f"the ticks of {name} are {', '.join(labels)}")
        inside = page.eval_on_selector_all(
            "#training-bits .curve-0, #training-bits .dot-0",
            "all => all.every(one => one.getBoundingClientRect().left >= 0)")
        require(inside, f"the curve of {name} is outside the chart")
    watch.require_accessible("Charts of little")


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
    """A run that is being trained opens by itself; what it writes appears by itself, and so does its end."""
    page = watch.page
    watch.open("training")
    with models.training("live"):
        watch.eventually(lambda: is_listed(watch, "live (training)"), "a run that is being trained is not listed")
        page.reload()
        require_shown(watch, "live")
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
