"""Choosing the part of a picture that a model is given, and taking a picture with the camera."""

from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Playwright

from browser import Watched, largest_difference, launch, pixels, require, watched

BOX = "#crop-box"
# What a browser's smoothing may change of an even part, and of the way to the model's size.
SMOOTHING = 6
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


def use_middle(watch: Watched) -> None:
    """Of the picture that was just given to the page."""
    watch.page.wait_for_selector("#crop[open]")
    watch.page.keyboard.press("Enter")
    require(not watch.page.is_visible("#crop"), "the middle is not one key away")


def check(watch: Watched, model: dict, files: Path) -> None:
    _write_quarters(files / "quarters.png")
    watch.open("edit")
    watch.wait_for_text("#edit-note", "Image 0")
    check_middle(watch, files)
    check_keys(watch, model, files)
    check_pointer(watch, files)
    check_upright(watch, files)
    check_paste(watch, files)
    check_sizes(watch, model, files)


def _write_quarters(file: Path) -> None:
    """One color a quarter, 400 by 200: the middle square has all four."""
    image = Image.new("RGB", (400, 200))
    for place, color in {(0, 0): "red", (200, 0): "lime", (0, 100): "blue", (200, 100): "white"}.items():
        image.paste(color, (*place, place[0] + 200, place[1] + 100))
    image.save(file)


def give(watch: Watched, file: Path) -> None:
    watch.page.set_input_files("#edit-file", file)
    watch.page.wait_for_selector("#crop[open]")


def part(watch: Watched) -> str:
    return watch.page.get_attribute(BOX, "aria-valuetext")


def check_middle(watch: Watched, files: Path) -> None:
    """The box begins where the server would crop; nothing is taken when the dialog is closed."""
    page = watch.page
    bodies = watch.requests_to("/v1/edit")
    give(watch, files / "quarters.png")
    require(part(watch) == "200×200 pixels, 100 from the left and 0 from the top", f"the box begins with {part(watch)}")
    require(page.evaluate("document.activeElement.id") == "crop-box", "the box has no focus")
    watch.require_accessible("The part of a picture")
    page.keyboard.press("Escape")
    require(not page.is_visible("#crop"), "Escape leaves the dialog open")
    give(watch, files / "quarters.png")
    page.click("#crop-cancel")
    require(bodies == [], "a picture of which no part was chosen is sent")
    give(watch, files / "quarters.png")
    page.keyboard.press("ArrowLeft")
    page.click("#crop-middle")
    watch.wait_for_text("#edit-note", "quarters.png · 400×200: cropped in the middle and resized")
    wide, high = pixels(watch.source("#edit-before")).size
    colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
    _require_colors(watch, dict(zip([(0, 0), (wide - 1, 0), (0, high - 1), (wide - 1, high - 1)], colors, strict=True)))


def _require_colors(watch: Watched, wanted: dict) -> None:
    image = pixels(watch.source("#edit-before"))
    channels = 1 if all(len({*color}) == 1 for color in image.getdata()) else 3
    for place, color in wanted.items():
        color = (*Image.new("RGB", (1, 1), color).convert("L").convert("RGB").getpixel((0, 0)),) if channels == 1 else color
        found = image.getpixel(place)
        require(max(abs(a - b) for a, b in zip(found, color, strict=True)) <= SMOOTHING, f"at {place} there is {found}, not {color}")


def check_keys(watch: Watched, model: dict, files: Path) -> None:
    page = watch.page
    give(watch, files / "quarters.png")
    preview = page.evaluate("document.querySelector('.crop-preview canvas').toDataURL()")
    require(pixels(preview).size == (model["width"], model["height"]), "the preview is not of the model's size")
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    require("200 from the left" in part(watch), f"the box leaves the picture: {part(watch)}")
    page.keyboard.press("Shift+ArrowLeft")
    require("199 from the left" in part(watch), f"Shift moves the box elsewhere: {part(watch)}")
    page.keyboard.press("+")
    require(part(watch).startswith("200×200"), f"the box grows beyond the picture: {part(watch)}")
    for _ in range(60):
        page.keyboard.press("-")
    require(part(watch).startswith(f"{model['width']}×"), f"the box shrinks below the model's size: {part(watch)}")
    page.keyboard.press("Home")
    require("200×200 pixels, 100 from" in part(watch), f"Home does not take the middle: {part(watch)}")
    for _ in range(8):
        page.keyboard.press("-")
    for key in ("ArrowRight", "ArrowDown"):
        for _ in range(60):
            page.keyboard.press(key)
    moved = page.evaluate("document.querySelector('.crop-preview canvas').toDataURL()")
    require(moved != preview, "the preview does not follow the box")
    side = int(part(watch).split("×")[0])
    bodies = watch.requests_to("/v1/edit")
    page.keyboard.press("Enter")
    watch.wait_for_text("#edit-note", f"quarters.png · 400×200: cropped to {side}×{side} and resized")
    _require_colors(watch, {(0, 0): (255, 255, 255)})
    sent = pixels("data:," + bodies[0]["images"][0]["data"]).size
    require(sent[0] <= 4 * model["width"], f"a part of {sent} goes to the server")


def check_pointer(watch: Watched, files: Path) -> None:
    """A box is dragged, and pulled by a corner."""
    page = watch.page
    give(watch, files / "quarters.png")
    stage = page.locator(".crop-stage").bounding_box()
    scale = stage["width"] / 400

    def drag(start: tuple, end: tuple) -> None:
        (x, y), (to_x, to_y) = [(stage["x"] + x * scale, stage["y"] + y * scale) for x, y in (start, end)]
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(to_x, to_y, steps=5)
        page.mouse.up()

    drag((200, 100), (120, 100))
    require(" 20 from the left" in part(watch), f"dragging leaves the box at {part(watch)}")
    drag((219, 199), (119, 99))
    side = int(part(watch).split("×")[0])
    require(abs(side - 100) <= 2 and "20 from the left and 0 from the top" in part(watch), f"a corner leaves {part(watch)}")
    page.click("#crop-use")
    watch.wait_for_text("#edit-note", f"cropped to {side}×{side}")
    _require_colors(watch, {(0, 0): (255, 0, 0)})


def check_upright(watch: Watched, files: Path) -> None:
    """A picture that is stored on its side stands in the dialog as the server sees it."""
    turned = Image.Exif()
    turned[0x0112] = 6
    for name in ("turned.jpg", "turned.webp"):
        Image.open(files / "quarters.png").save(files / name, exif=turned, quality=95)
        give(watch, files / name)
        require(part(watch) == "200×200 pixels, 0 from the left and 100 from the top", f"{name} lies on its side: {part(watch)}")
        for key in ("-", "ArrowLeft", "ArrowUp"):
            for _ in range(5):
                watch.page.keyboard.press(key)
        preview = watch.page.evaluate("document.querySelector('.crop-preview canvas').toDataURL()")
        watch.page.keyboard.press("Enter")
        watch.wait_for_text("#edit-note", f"{name} · 200×400: cropped to")
        found, seen = (image.convert("L").getpixel((0, 0)) for image in (pixels(preview), pixels(watch.source("#edit-before"))))
        require(abs(found - seen) <= SMOOTHING, f"of {name} the dialog shows {found} where the model sees {seen}")


def check_paste(watch: Watched, files: Path) -> None:
    """Of several pictures at once the first is taken, and the page says so."""
    page = watch.page
    data = (files / "quarters.png").read_bytes()
    page.evaluate(
        """bytes => {
          const transfer = new DataTransfer();
          for (const name of ["pasted.png", "other.png"])
            transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
          document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
        }""", list(data))
    use_middle(watch)
    watch.wait_for_text("#edit-note", "pasted.png")
    watch.wait_for_text("#edit-drop-hint", "One image at a time: the first of 2 was taken.")


def check_sizes(watch: Watched, model: dict, files: Path) -> None:
    """A picture of the model's size is taken as it is."""
    shown = watch.source("#edit-before")
    file = files / "fitting.png"
    Image.new("RGB", (model["width"], model["height"]), "gray").save(file)
    watch.page.set_input_files("#edit-file", file)
    watch.wait_for_text("#edit-note", "fitting.png")
    require(not watch.page.is_visible("#crop"), "the page asks for a part of a picture that fits")
    require(largest_difference(shown, watch.source("#edit-before")) > 0, "the picture that fits is not shown")


def check_camera(playwright: Playwright, address: str) -> None:
    """In a browser with a camera that needs no permission."""
    browser = launch(playwright, *CAMERA)
    with watched(browser, address) as watch:
        page = watch.page
        page.add_init_script("""
          const open = MediaDevices.prototype.getUserMedia;
          MediaDevices.prototype.getUserMedia = async function (...wanted) {
            const stream = await open.apply(this, wanted);
            (window.tracks ??= []).push(...stream.getTracks());
            return stream;
          };""")
        watch.open("edit")
        watch.wait_for_text("#edit-note", "Image 0")
        for end in ("#camera-cancel", "#camera-take"):
            page.click("#edit-camera")
            page.wait_for_selector("#camera-take:not([disabled])")
            watch.require_accessible("The camera")
            page.click(end)
            watch.wait("window.tracks.every(track => track.readyState === 'ended')")
        use_middle(watch)
        watch.wait_for_text("#edit-note", "Camera · ")
    browser.close()


def check_no_camera(watch: Watched) -> None:
    """Where the browser has none, the page says so."""
    watch.open("edit")
    watch.wait_for_text("#edit-note", "Image 0")
    watch.page.click("#edit-camera")
    watch.wait_for_text("#edit-choose-status", "This device has no camera.")
