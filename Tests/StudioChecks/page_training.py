"""The tab "Training"."""

import json
from pathlib import Path

from browser import Watched, require
from make_model import Models, write_run

CURVE = "document.querySelector('#training-bits svg[role=img] .curve.color-0')"
PICTURE = "document.querySelector('#training-film-picture')"
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
    written = max(models.runs.rglob("metrics.jsonl"), key=lambda file: file.stat().st_mtime)
    newest = written.parent
    require_shown(watch, newest.name)
    other = models.gray if newest == models.color else models.color
    page.select_option("#training-run", other.name)
    open_anew(watch)
    require_shown(watch, other.name)
    page.evaluate("localStorage.setItem('glow-studio-run', 'a-run-that-is-gone')")
    open_anew(watch)
    require_shown(watch, newest.name)


def open_anew(watch: Watched) -> None:
    """Without what the address holds."""
    watch.page.goto("about:blank")
    watch.open("training")


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
        dots = page.locator("#training-bits svg[role=img] .dot").count()
        require(dots == (1 if len(bits) == 1 else 0), f"the chart of {name} has {dots} dots")
        for chart in ("bits", "gradient"):
            labels = page.locator(f"#training-{chart} .tick[text-anchor=end]").all_text_contents()
            require(len(labels) > 1 and len(set(labels)) == len(labels), f"the ticks of {name} are {', '.join(labels)}")
        inside = page.eval_on_selector_all(
            "#training-bits .plot .curve, #training-bits .plot .dot",
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
    watch.wait("count => document.querySelectorAll('#training-bits svg[role=img] .dot').length === count", validations)
    watch.wait("count => document.querySelectorAll('#training-log li').length === count", len(log))
    newest = watch.text("#training-log li")
    require(log[-1]["message"] in newest, f"the newest event is {newest}")
    page.wait_for_selector("#training-film:not([hidden])")
    watch.wait(f"{PICTURE}.naturalWidth > 0")
    check_film(watch, [line["images"] for line in metrics if "validationBitsPerDimension" in line])
    watch.wait("document.querySelectorAll('#training-invertibility .dot').length >= 1")
    last = f"{metrics[-1]['images']:,} of {metrics[-1]['images']:,} (100%)"
    require(last in watch.text("#training-facts"), f"the facts do not tell of {last}")


def check_film(watch: Watched, validations: list[int]) -> None:
    """The newest of the samples is shown first; the slider, the pictures and a film show the others."""
    page, caption = watch.page, "#training-film-caption"
    watch.wait("count => document.querySelectorAll('#training-film-thumbs button').length === count", len(validations))
    watch.wait_for_text(caption, f"{validations[-1]:,} images · validation")
    newest = watch.source("#training-film-picture")
    page.focus("#training-film-slider")
    page.keyboard.press("Home")
    watch.wait_for_text(caption, f"{validations[0]:,} images")
    watch.wait_for_other("#training-film-picture", newest)
    require(f"{validations[0]:,} images" in page.get_attribute("#training-film-slider", "aria-valuetext"), "the slider tells no place")
    watch.wait("images => location.hash.includes(`frame=${images}`)", validations[0])
    page.click("#training-film-thumbs button:nth-child(2)")
    watch.wait_for_text(caption, f"{validations[1]:,} images")
    page.focus("#training-film-play")
    page.keyboard.press("Space")
    watch.wait_for_text("#training-film-play", "Pause")
    watch.wait_for_text(caption, f"{validations[-1]:,} images")
    watch.wait_for_text("#training-film-play", "Play")
    watch.wait("!location.hash.includes('frame=')")


def check_compared(watch: Watched, models: Models) -> None:
    """Runs over each other, of colors and dashes of their own, which the address holds."""
    page = watch.page
    for number in range(9):
        write_run(models.runs / f"study/run-{number}", [3 + number / 10] * (5 + number))
    watch.open("training?run=study~1run-0")
    watch.wait_for_text("#training-bits .legend", "3.000")
    page.click("#training-compare summary")
    page.fill("#training-filter", "run-7")
    visible = page.locator("#training-others li:not([hidden])")
    require(visible.count() == 1, f"the filter leaves {visible.count()} runs")
    page.fill("#training-filter", "run-")
    for number in (3, 7):
        page.check(f"#training-others input[value='study~1run-{number}']")
    watch.wait("document.querySelectorAll('#training-bits .plot .curve').length === 3")
    watch.wait_for_text("#training-bits .legend li:nth-child(3)", "3.700")
    names = page.locator("#training-bits .legend .name").all_text_contents()
    require(names == ["run-0", "run-3", "run-7"], f"the legend names {', '.join(names)}")
    looks = page.eval_on_selector_all(
        "#training-bits .plot .curve", "all => all.map(one => getComputedStyle(one).stroke + getComputedStyle(one).strokeDasharray)")
    require(len(set(looks)) == 3, "runs look the same")
    # The crosshair reads all that have a value there.
    box = page.locator("#training-bits .plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 15, box["y"] + 60)
    watch.wait_for_text("#training-bits .legend li:nth-child(1)", "–")
    watch.wait_for_text("#training-bits .legend li:nth-child(3)", "3.700")
    watch.wait("location.hash.includes('with=')")
    watch.require_accessible("Runs over each other")
    page.reload()
    watch.wait("document.querySelectorAll('#training-bits .plot .curve').length === 3")
    page.click("#training-none")
    watch.wait("document.querySelectorAll('#training-bits .plot .curve').length === 1")
    check_connections(watch)


def check_connections(watch: Watched) -> None:
    """However many runs lie over each other, few are read at a time."""
    page, asked, answered = watch.page, [], []
    most = 0

    def note(request) -> None:
        nonlocal most
        if request.url.endswith("/metrics"):
            asked.append(request)
            most = max(most, len(asked) - len(answered))

    page.on("request", note)
    for over in ("requestfinished", "requestfailed"):
        page.on(over, lambda request: request.url.endswith("/metrics") and answered.append(request))
    watch.open("sample")
    others = "/".join(f"study~1run-{number}" for number in range(1, 9))
    watch.open(f"training?run=study~1run-0&with={others}")
    watch.wait("document.querySelectorAll('#training-bits .plot .curve').length === 9")
    require(most <= 3, f"{most} runs were read at a time")


def check_curves(watch: Watched, models: Models) -> None:
    """Reading, smoothing and zooming, by pointer and by keyboard; the address holds it."""
    page = watch.page
    bits = [4 + (-1) ** number for number in range(40)]
    events = [{"level": "warning", "message": "something odd", "images": "2000", "time": "2026-11-30T00:00:00Z"}]
    write_run(models.runs / "zigzag", bits, events)
    watch.open("training?run=zigzag")
    watch.wait(f"{CURVE} && {POINTS} === 40")
    place, plot = "#training-bits .place", "#training-bits .plot"
    page.focus(plot)
    page.keyboard.press("Home")
    watch.wait_for_text(place, "100 images")
    watch.wait_for_text("#training-bits .read", "5.000")
    page.keyboard.press("ArrowRight")
    watch.wait_for_text("#training-bits .read", "3.000")
    require("200 images" in page.get_attribute(plot, "aria-valuetext"), "what the crosshair reads is not said")
    # The mark of an event names it.
    page.locator("#training-bits .mark").hover()
    watch.wait_for_text(place, "something odd")

    box = page.locator(plot).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=4)
    page.mouse.up()
    watch.wait(f"{POINTS} < 15")
    watch.wait("location.hash.includes('zoom=')")
    page.reload()
    watch.wait(f"{CURVE} && {POINTS} < 15")
    for reset in (lambda: page.dblclick(plot), lambda: page.press(plot, "Escape"), lambda: page.click("#training-zoom-all")):
        page.click("#training-zoom-in")
        watch.wait(f"{POINTS} < 30")
        reset()
        watch.wait(f"{POINTS} === 40")

    # The first of a debiased average is the first value; the curve itself stays visible.
    page.focus("#training-smoothing")
    page.keyboard.press("End")
    watch.wait("document.querySelectorAll('#training-bits .plot .raw').length === 1")
    watch.wait("document.querySelectorAll('#training-gradient .plot .raw').length === 1")
    page.focus(plot)
    page.keyboard.press("Home")
    watch.wait_for_text("#training-bits .read", "5.000")
    page.keyboard.press("ArrowRight")
    watch.wait_for_text("#training-bits .read", "3.995")
    page.select_option("#training-x", "seconds")
    watch.wait_for_text(plot, "Time trained (s)")
    page.click("#training-more-curves summary")
    page.wait_for_selector("#training-rate svg[role=img]")
    for field in ("x=seconds", "smoothing=0.99", "more=yes"):
        watch.wait("field => location.hash.includes(field)", field)
    watch.require_accessible("Curves")
    page.reload()
    watch.wait_for_text(plot, "Time trained (s)")
    page.wait_for_selector("#training-rate svg[role=img]")
    require(page.input_value("#training-smoothing") == "0.99", "the smoothing is lost")


def check_backwards(watch: Watched, models: Models) -> None:
    """Of a run that rolled back, of values that are not finite, and of one validation."""
    page = watch.page
    events = [
        {"level": "error", "message": "step refused after 500 images: the loss is not finite", "images": "500"},
        {"level": "error", "message": "rolled back to images-200", "images": "200", "rollBacks": "1"},
    ]
    validation = [None, None, 3.5, None, None]
    write_run(
        models.runs / "odd", [3.3, "nan", 3.2, "inf", 3.1], events, images=[100, 200, 300, 200, 300],
        validationBitsPerDimension=validation, roundTripError=validation)
    watch.open("training?run=odd")
    watch.wait_for_text("#training-went-back", "Rolled back once, last to 200 images")
    watch.wait(f"{CURVE} && {POINTS} === 2")
    watch.wait_for_text("#training-bits .place", "1 value is left out: not finite")
    watch.wait("document.querySelectorAll('#training-bits .mark').length === 1")
    page.wait_for_selector("#training-invertibility", state="hidden")
    write_run(models.runs / "measured-once", [3.3, 3.2], roundTripError=[None, 1e-6], validationBitsPerDimension=[None, 3.25])
    page.click("#training-refresh")
    watch.eventually(lambda: page.locator("#training-run option[value=measured-once]").count(), "a new run is not listed")
    page.select_option("#training-run", "measured-once")
    watch.wait("document.querySelectorAll('#training-invertibility .plot .dot').length === 1")
    watch.wait("document.querySelectorAll('#training-bits .plot .dot').length === 1")
    require(watch.text("#training-went-back") == "", "a run that went on is said to have gone back")
    watch.require_accessible("A run that went back")


def check_live(watch: Watched, models: Models) -> None:
    """A run that is being trained opens by itself; what it writes appears by itself, and so does its end."""
    page = watch.page
    watch.open("training")
    with models.training("live"):
        watch.eventually(lambda: is_listed(watch, "live (training)"), "a run that is being trained is not listed")
        open_anew(watch)
        require_shown(watch, "live")
        listed = watch.text("#training-run option:first-child")
        require(listed == "live (training)", f"the first run is {listed}")
        watch.wait_for_text("#training-status", "Live")
        watch.wait(f"{CURVE} && {POINTS} >= 1")
        seen = page.evaluate(POINTS)
        watch.wait(f"seen => {POINTS} >= seen + 3", seen)
        # Samples appear with the validations.
        thumbs = page.locator("#training-film-thumbs button")
        watch.eventually(lambda: thumbs.count() >= 1, "a run in training shows no samples")
        frames = thumbs.count()
        watch.eventually(lambda: thumbs.count() > frames, "a validation adds no samples")
        require(watch.text("#training-state") == "Being trained now", "a run in training does not say so")
    watch.wait_for_text("#training-state", "Stopped before its end")
    require(watch.text("#training-status") == "", "a run that has stopped is called live")


def is_listed(watch: Watched, name: str) -> bool:
    """After another look."""
    with watch.page.expect_response("**/v1/runs"):
        watch.page.click("#training-refresh")
    return watch.page.locator("#training-run option", has_text=name).count() == 1
