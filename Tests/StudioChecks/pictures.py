"""Pictures to send, made with Pillow: always the same ones of the same arguments."""

import io
import random

from PIL import Image, ImageDraw

# The modes of Pillow that each type holds.
MODES = {
    "image/png": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "image/jpeg": ["L", "RGB", "CMYK"],
    "image/webp": ["RGB", "RGBA"],
}


def picture(width: int, height: int, mode: str = "RGB", seed: int = 0) -> Image.Image:
    """A slanted gradient with a disc and a box on it."""
    dice = random.Random(seed)

    def color() -> tuple[int, ...]:
        return tuple(dice.randrange(256) for _ in range(3))

    image = Image.blend(
        Image.new("RGB", (width, height), color()),
        Image.linear_gradient("L").rotate(dice.choice([0, 90, 180, 270])).resize((width, height)).convert("RGB"), 0.5)
    drawing = ImageDraw.Draw(image)
    for shape in (drawing.ellipse, drawing.rectangle):
        left, top = dice.randrange(width), dice.randrange(height)
        shape([left, top, left + width // 3, top + height // 3], fill=color())
    if mode == "I;16":
        return image.convert("L").convert("I;16")
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize((width, height)))
    return image.convert(mode)


def encoded(image: Image.Image, media_type: str = "image/png", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, media_type.removeprefix("image/").upper(), **options)
    return file.getvalue()
