"""Real images, read from files, and alterations that any image may have had; each is seeded by its generator.

Photographs come with scikit-image and scikit-learn.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Rng = np.random.Generator
Picture = Image.Image
EDGE = 288  # pixels of the longer edge of images in memory


def opened(path: Path) -> Picture:
    """The image at `path` in mode L, small."""
    with Image.open(path) as image:
        image.draft("L", (2 * EDGE, 2 * EDGE))
        small = (
            image.convert("RGBA").convert("RGB").convert("L")
            if image.mode in ("P", "RGBA", "LA")
            else image.convert("L")
        )
    small.thumbnail((EDGE, EDGE), Image.Resampling.BILINEAR, reducing_gap=3.0)
    return small


def photographs() -> dict[str, Picture]:
    """What scikit-image and scikit-learn bring along that is a photograph, a micrograph or a drawing, by name."""
    found: dict[str, Picture] = {}
    for package, folder in (("skimage", "data"), ("sklearn", "datasets/images")):
        if (spec := importlib.util.find_spec(package)) is None or spec.origin is None:
            continue
        for file in sorted((Path(spec.origin).parent / folder).iterdir()):
            if file.suffix in (".png", ".jpg") and "chessboard" not in file.name:
                found[file.stem] = opened(file)
            elif file.name == "lfw_subset.npy":
                faces = np.load(file)[:100]
                for place in range(0, 100, 5):
                    values = (faces[place] * 255).clip(0, 255).astype(np.uint8)
                    found[f"face-{place}"] = Image.fromarray(values).resize((128, 128), Image.Resampling.BICUBIC)
    return found


def toned(image: Picture, rng: Rng) -> Picture:
    """Other contrast, sharpness, noise, compression and marks, as films of another hospital have them."""
    values = np.asarray(image, np.float32) / 255
    if rng.random() < 0.8:
        values = values ** float(np.exp(rng.normal(0, 0.3)))
    if rng.random() < 0.5:
        low, high = rng.uniform(-0.15, 0.15), rng.uniform(0.8, 1.2)
        values = low + values * (high - low)
    if rng.random() < 0.3:  # a slope of brightness over the film
        slope = np.linspace(-1, 1, values.shape[1])[None] * rng.normal(0, 0.1)
        slope = slope + np.linspace(-1, 1, values.shape[0])[:, None] * rng.normal(0, 0.1)
        values = values + slope.astype(np.float32)
    if rng.random() < 0.3:
        values = values + rng.normal(0, rng.uniform(0.005, 0.05), values.shape).astype(np.float32)
    result = Image.fromarray((values.clip(0, 1) * 255).astype(np.uint8))
    choice = rng.random()
    if choice < 0.2:
        result = result.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.8)))
    elif choice < 0.4:
        result = result.filter(ImageFilter.UnsharpMask(rng.uniform(1, 6), int(rng.uniform(50, 250)), 0))
    if rng.random() < 0.3:
        held = io.BytesIO()
        result.save(held, "JPEG", quality=int(rng.integers(15, 60)))
        result = Image.open(held).convert("L")
    if rng.random() < 0.3:
        marked(result, rng)
    return bordered(result, rng) if rng.random() < 0.25 else result


def marked(image: Picture, rng: Rng) -> None:
    """Write a few letters into the corners."""
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(1, 4))):
        x = rng.choice([rng.uniform(0.01, 0.15), rng.uniform(0.75, 0.9)]) * image.width
        y = rng.choice([rng.uniform(0.01, 0.12), rng.uniform(0.85, 0.95)]) * image.height
        words = "".join(rng.choice(list("LRABCD0123 ap"), int(rng.integers(1, 9))))
        draw.text((x, y), words, fill=int(rng.choice([0, 255])), font=font(rng.uniform(8, 26)))


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that comes with Pillow."""
    return ImageFont.load_default(round(size))


def bordered(image: Picture, rng: Rng) -> Picture:
    """Add an even border, alike at opposite edges or not."""
    grey = int(rng.choice([0, 0, 0, 255, 20]))
    left, right, top, bottom = (int(rng.choice([0, rng.uniform(0, 0.22)]) * image.width) for _ in range(4))
    canvas = Image.new("L", (image.width + left + right, image.height + top + bottom), grey)
    canvas.paste(image, (left, top))
    return canvas


def jittered(image: Picture, rng: Rng, turn: float = 8.0, cut: float = 0.1) -> Picture:
    """Turn by a few degrees, stretch, cut a little at each edge, and mirror."""
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.6:
        fill = int(np.median(np.asarray(image)[[0, -1]]))
        image = image.rotate(
            float(np.clip(rng.normal(0, turn / 2), -turn, turn)), Image.Resampling.BILINEAR, fillcolor=fill
        )
    width, height = image.size
    left, top, right, bottom = rng.uniform(0, cut, 4)
    image = image.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )
    stretch = float(np.exp(rng.normal(0, 0.08)))
    return image.resize((max(16, round(image.width * stretch)), image.height), Image.Resampling.BILINEAR)


def window(image: Picture, rng: Rng, least: float, most: float) -> Picture:
    """A part of an image, of `least` to `most` of its edges."""
    across, down = rng.uniform(least, most, 2)
    left, top = rng.uniform(0, 1 - across), rng.uniform(0, 1 - down)
    box = (left * image.width, top * image.height, (left + across) * image.width, (top + down) * image.height)
    return image.crop(tuple(map(round, box)))


# --- films in other poses, and parts of them


def inverted(image: Picture) -> Picture:
    """The negative."""
    return image.point(lambda grey: 255 - grey)


def posed(image: Picture, rng: Rng) -> Picture:
    """A film turned by 90, 180 or 270 degrees or inverted, or both."""
    place = int(rng.integers(1, 8))
    turns = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
    turn = turns[place % 4]
    image = image if turn is None else image.transpose(turn)
    return inverted(image) if place >= 4 else image


def cut(image: Picture, rng: Rng) -> Picture:
    """A part of a film that lacks at least half of the chest: a half, a quarter, or a window."""
    choice, (width, height) = rng.random(), image.size
    share = rng.uniform(0.3, 0.5)
    if choice < 0.15:
        return image.crop((0, 0, round(share * width), height))
    if choice < 0.3:
        return image.crop((round((1 - share) * width), 0, width, height))
    if choice < 0.4:
        return image.crop((0, 0, width, round(rng.uniform(0.25, 0.4) * height)))
    if choice < 0.5:
        return image.crop((0, round(rng.uniform(0.55, 0.7) * height), width, height))
    return window(image, rng, 0.2, 0.5)


def collage(images: Sequence[Picture], rng: Rng) -> Picture:
    """Two to four films in one image."""
    across, down = [(2, 1), (1, 2), (2, 2), (3, 1)][int(rng.integers(4))]
    canvas = Image.new("L", (across * 160, down * 160), int(rng.choice([0, 255])))
    gap = int(rng.integers(0, 8))
    for place in range(across * down):
        film = images[int(rng.integers(len(images)))].resize((160 - gap, 160 - gap))
        canvas.paste(film, ((place % across) * 160, (place // across) * 160))
    return canvas
