"""The tab "Mix"."""

import re
import struct
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Route

from browser import PHONE, Watched, largest_difference, pixels, require
from page_address import fields, wait_for_field
from page_crop import use_middle
from page_edit import ROUND_TRIP

PATH = "/v1/interpolate"
# The pictures of a square's lattice, a triangle's and a line's, beside their corners.
LATTICES = {4: 65, 3: 25, 2: 5}
LEG = 9  # pictures from corner to corner
CORNER_TIME, LEG_TIME = 500, 1200  # milliseconds


def check(watch: Watched, model: dict, files: Path) -> None:
    bodies = watch.requests_to(PATH)
    watch.open("mix")
    watch.page.wait_for_selector("#mix-picture[src]")
    check_lattice(watch, model, bodies)
    check_layout(watch)
    check_four(watch)
    check_giving_up(watch)
    check_edits(watch, bodies)
    check_three(watch)
    watch.require_accessible("Mix")
    check_two(watch, files)
    check_files(watch, model)
    watch.require_accessible("Mix of two")


def wait_for_lattice(watch: Watched, corners: int) -> None:
    """Until all its pictures are there, and those of the way, which come last."""
    watch.wait(
        "number => document.getElementById('mix-lattice').dataset.pictures == number", LATTICES[corners])
    watch.page.wait_for_selector("#mix-legs img")


def check_lattice(watch: Watched, model: dict, bodies: list[dict]) -> None:
    """It is filled coarsely first, in requests that the server takes, and its middle is the mix."""
    wait_for_lattice(watch, 4)
    rows = [len(body["weights"]) for body in bodies]
    require(rows == [1, 5, 16, 44, 3 * (LEG - 1) + 1], f"the page asks for mixes in requests of {rows}")
    require(max(rows) <= model["limits"]["count"], f"the page asks for {max(rows)} mixes at a time")
    middle = watch.page.eval_on_selector("#mix-lattice", """canvas => {
        const [width, height] = [canvas.width / 9, canvas.height / 9];
        return [...canvas.getContext("2d").getImageData(4 * width, 4 * height, width, height).data];
    }""")
    mix = pixels(watch.source("#mix-picture"))
    shown = Image.frombytes("RGBA", mix.size, bytes(middle)).convert("RGB")
    require(shown.tobytes() == mix.tobytes(), "the middle of the lattice is not the mix")


def check_layout(watch: Watched) -> None:
    """The mix is as large as the lattice: beside it, or above it on a phone, where it stays in view."""
    page = watch.page
    lattice, mix = (page.locator(selector).bounding_box() for selector in ("#mix-stage", "#mix-picture"))
    require(mix["width"] >= lattice["width"] - 1, f"the mix is {mix['width']} wide, the lattice {lattice['width']}")
    if page.viewport_size != PHONE:
        require(abs(mix["y"] - lattice["y"]) <= 1, "the mix does not begin beside the lattice")
        return
    require(mix["y"] + mix["height"] <= lattice["y"], "the mix is not above the lattice")
    page.evaluate("document.getElementById('mix-stage').scrollIntoView({ block: 'end' })")
    lattice, mix = (page.locator(selector).bounding_box() for selector in ("#mix-stage", "#mix-picture"))
    require(mix["y"] >= 0 and mix["y"] + mix["height"] <= lattice["y"], "the mix leaves the view of who drags")


def check_giving_up(watch: Watched) -> None:
    """A move of the handle does not wait for the lattice, whose requests are given up."""
    page = watch.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        if len(route.request.post_data_json["weights"]) == 1:
            route.continue_()
        else:
            held.append(route)

    given_up = []
    page.on("requestfailed", lambda request: given_up.append(request) if PATH in request.url else None)
    page.route(f"**{PATH}*", hold)
    page.select_option("#mix-path", "straight")
    watch.eventually(lambda: held, "the lattice is not asked for")
    press(watch, "Home")
    weights(watch, "A 100%, B 0%, C 0%, D 0%")
    watch.eventually(lambda: held[0].request in given_up, "the lattice's request goes on beside a drag")
    for route in held:
        route.continue_()
    page.unroute(f"**{PATH}*")
    press(watch, "End")
    page.select_option("#mix-path", "spherical")
    wait_for_lattice(watch, 4)


def check_edits(watch: Watched, bodies: list[dict]) -> None:
    """An edit changes the mix, the lattice and the way; the address holds it."""
    page = watch.page
    plain = watch.source("#mix-picture")
    way = watch.sources("#mix-legs img")
    slider = page.locator("#mix-attributes input[type=range]").first
    name = slider.get_attribute("data-attribute")
    del bodies[:]
    slider.press("End")
    edited = watch.wait_for_other("#mix-picture", plain)
    watch.eventually(lambda: watch.sources("#mix-legs img") != way, "the way is not edited")
    asked = {(str(body.get("edits")), body.get("direction")) for body in bodies}
    require(asked == {(str({name: 1.5}), page.input_value("#mix-direction"))}, f"the page asks for {asked}")
    wait_for_field(watch, f"by.{name}", "1.5")
    swift = page.eval_on_selector("#mix-recipe pre:last-of-type", "pre => pre.textContent")
    change = f'changing: .init(by: ["{name}": 1.5], along: .{page.input_value("#mix-direction")})'
    require(change in swift, f"the recipe does not say {change}: {swift}")
    page.reload()
    watch.wait_for_source("#mix-picture", edited)
    page.click("#mix-reset")
    watch.wait_for_source("#mix-picture", plain)
    require(page.is_disabled("#mix-reset"), "there is something to reset where nothing is edited")
    watch.eventually(lambda: f"by.{name}" not in fields(watch), "the address goes on to hold an edit")


def weights(watch: Watched, words: str) -> None:
    """Waits for the mix of these weights."""
    watch.wait_for_text("#mix-weights", words)
    told = watch.page.get_attribute("#mix-handle", "aria-valuetext")
    require(told == words, f"the handle says {told}, the mix {words}")


def press(watch: Watched, key: str, times: int = 1) -> None:
    watch.page.focus("#mix-handle")
    for _ in range(times):
        watch.page.keyboard.press(key)


def require_corner(watch: Watched, number: int) -> None:
    """The mix is the image of one corner."""
    difference = largest_difference(watch.source("#mix-picture"), watch.source(f"#mix-corner-{number} img"))
    require(difference <= ROUND_TRIP, f"all of corner {number} is {difference} off its image")


def check_four(watch: Watched) -> None:
    page = watch.page
    weights(watch, "A 25%, B 25%, C 25%, D 25%")
    press(watch, "Home")
    weights(watch, "A 100%, B 0%, C 0%, D 0%")
    require_corner(watch, 1)
    press(watch, "End")
    weights(watch, "A 0%, B 0%, C 0%, D 100%")
    require_corner(watch, 4)
    press(watch, "ArrowLeft", 4)
    weights(watch, "A 0%, B 0%, C 20%, D 80%")
    press(watch, "Shift+ArrowUp", 10)
    weights(watch, "A 2%, B 8%, C 18%, D 72%")
    page.locator("#mix-track").scroll_into_view_if_needed()
    track = page.locator("#mix-track").bounding_box()
    page.mouse.move(track["x"] + track["width"] / 2, track["y"] + track["height"] / 2)
    page.mouse.down()
    page.mouse.move(track["x"] + track["width"] * 0.75, track["y"] + track["height"] * 0.75, steps=10)
    page.mouse.up()
    weights(watch, "A 6%, B 19%, C 19%, D 56%")


def check_three(watch: Watched) -> None:
    watch.page.check("#mix-count-3")
    weights(watch, "A 33%, B 33%, C 33%")
    press(watch, "ArrowUp", 30)
    weights(watch, "A 100%, B 0%, C 0%")
    require_corner(watch, 1)
    press(watch, "ArrowDown", 30)
    press(watch, "ArrowLeft", 30)
    weights(watch, "A 0%, B 100%, C 0%")
    require_corner(watch, 2)


def check_two(watch: Watched, files: Path) -> None:
    page = watch.page
    page.check("#mix-count-2")
    weights(watch, "A 50%, B 50%")
    page.click("#mix-corner-2")
    require(watch.text("#mix-choose-title") == "Image for corner B", "choosing a corner does not say which")
    page.set_input_files("#mix-file", files / "large.jpg")
    use_middle(watch)
    watch.wait_for_text("#mix-corner-note", "large.jpg · 1000×700: cropped")
    with watch.refused():
        page.set_input_files("#mix-file", files / "damaged.png")
        watch.wait_for_text("#mix-choose-status", "not a picture")
    require("large.jpg" in watch.text("#mix-corner-note"), "a file that is refused replaces a corner")
    spherical = watch.source("#mix-picture")
    page.select_option("#mix-path", "straight")
    watch.wait_for_other("#mix-picture", spherical)
    watch.wait_for_text("#mix-weights", "A 50%")
    wait_for_lattice(watch, 2)
    strip = watch.sources("#mix-legs img")
    require(len(strip) == LEG, f"the way has {len(strip)} pictures, expected {LEG}")
    for end, corner in ((0, 1), (-1, 2)):
        difference = largest_difference(strip[end], watch.source(f"#mix-corner-{corner} img"))
        require(difference <= ROUND_TRIP, f"an end of the way is {difference} off corner {corner}")
    download = watch.downloaded("#mix-download")
    require(download.suggested_filename == "glow-mix.png", f"a mix downloads as {download.suggested_filename}")
    mixed = watch.source("#mix-picture")
    page.click("#mix-to-edit")
    watch.wait_for_source("#edit-before", mixed)
    watch.show("mix")


def check_files(watch: Watched, model: dict) -> None:
    """The way as a strip, an animation and a film, in the model's size and enlarged with hard pixels."""
    page = watch.page
    wait_for_lattice(watch, 2)
    way = [pixels(source) for source in watch.sources("#mix-legs img")]
    there_and_back = [*range(LEG), *range(LEG - 2, 0, -1)]
    for scale in (1, 4):
        page.select_option("#mix-size", str(scale))
        frames = [picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST) for picture in way]
        size = frames[0].size
        strip = Image.open(watch.downloaded("#mix-strip").path()).convert("RGB")
        require(strip.size == (LEG * size[0], size[1]), f"the strip is of {strip.size}")
        for number, frame in enumerate(frames):
            left = number * size[0]
            require_same(strip.crop((left, 0, left + size[0], size[1])), frame, f"picture {number} of the strip, x{scale}")
        watch.eventually(lambda: page.is_enabled("#mix-animation"), "an animation can not be saved after a strip")
        animation = Image.open(watch.downloaded("#mix-animation").path())
        require(animation.n_frames == len(there_and_back), f"the animation has {animation.n_frames} frames")
        require(animation.info.get("loop") == 0, "the animation does not go on and on")
        for number, index in enumerate(there_and_back):
            animation.seek(number)
            require_same(animation.convert("RGB"), frames[index], f"frame {number} of the animation, x{scale}")
            expected = CORNER_TIME if index % (LEG - 1) == 0 else LEG_TIME / (LEG - 1)
            require(animation.info["duration"] == expected, f"frame {number} is shown for {animation.info['duration']} ms")
        watch.eventually(lambda: page.is_enabled("#mix-strip"), "nothing can be saved after an animation")
    check_film(watch, size, len(there_and_back) + 1)
    wait_for_field(watch, "scale", "4")


def require_same(shown: Image.Image, expected: Image.Image, what: str) -> None:
    require(ImageChops.difference(shown, expected).getbbox() is None, f"{what} is another picture")


def check_film(watch: Watched, size: tuple[int, int], count: int) -> None:
    """An MP4 file where the browser encodes films: whole boxes, of that size and of so many pictures."""
    if not watch.page.is_visible("#mix-film"):
        return
    download = watch.downloaded("#mix-film")
    require(download.suggested_filename == "glow-mix-way.mp4", f"a film downloads as {download.suggested_filename}")
    film = download.path().read_bytes()
    boxes, start = [], 0
    while start < len(film):
        length, kind = struct.unpack(">I4s", film[start:start + 8])
        boxes.append(kind)
        start += length
    require(boxes == [b"ftyp", b"moov", b"mdat"] and start == len(film), f"the film is of the boxes {boxes}")
    track = re.search(rb"avc1.{24}(....)", film[film.index(b"stsd"):], re.DOTALL)
    require(struct.unpack(">2H", track[1]) == size, f"the film is of {struct.unpack('>2H', track[1])}, expected {size}")
    samples = film.index(b"stsz") + 12
    require(struct.unpack(">I", film[samples:samples + 4])[0] == count, "the film leaves pictures out")
