"""Class folders that mean no good: half of the files are films of a few pixels, the rest is what goes wrong with files.

Used by `inspect_and_prepare.py` and by the tests, on tens or hundreds of thousands of files.
"""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

LABELS = ("COVID-19", "Normal")


@dataclass
class Made:
    """What is there: films that can be read; by kind, what is listed as a film and cannot; by reason, what is none."""

    films: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)


def png(width: int, height: int, pixels: bytes, extra: bytes = b"") -> bytes:
    """An 8-bit grey PNG whose header says `width` and `height`, whatever `pixels` (deflated here) hold."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(pixels, 1))
    return b"\x89PNG\r\n\x1a\n" + header + (chunk(b"zTXt", extra) if extra else b"") + data + chunk(b"IEND", b"")


def film(dice: random.Random, side: int = 8) -> bytes:
    """A film of noise."""
    return png(side, side, b"".join(b"\0" + dice.randbytes(side) for _ in range(side)))


def jpeg(width: int = 16, height: int = 16) -> bytes:
    """A JPEG of 16 pixels whose header says another size."""
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((16, 16)).save(stream, "JPEG")
    body = bytearray(stream.getvalue())
    place = body.index(b"\xff\xc0")
    body[place + 5 : place + 9] = struct.pack(">HH", height, width)
    return bytes(body)


def build(root: Path, count: int, seed: int = 0) -> Made:
    """About `count` files in two class folders at `root`, and one of each of the rarer kinds."""
    dice, made = random.Random(seed), Made()
    for label in LABELS:
        (root / label).mkdir(parents=True)
    for number in range(count):
        folder = root / LABELS[number % 2]
        kind = number // 2 % 4
        if kind < 2:
            (folder / f"{number:08d}_000.png").write_bytes(film(dice))
            made.films += 1
        elif kind == 2:
            (folder / f"{number:08d}_000.png").touch()
            made.unreadable["empty"] += 1
        else:
            head = (b"\0" * 128 + b"DICM", b"\x08\0\x05\0CS\x0a\0ISO_IR 100", b"no picture at all")[number // 8 % 3]
            (folder / (f"{number}.dcm" if number % 3 or len(head) == 17 else f"IM{number}")).write_bytes(head)
            made.unreadable["false DICOM"] += 1
    _films(root, dice, made)
    _damage(root / LABELS[0], dice, made)
    _no_films(root, made)
    return made


def _films(root: Path, dice: random.Random, made: Made) -> None:
    """Good films under names, and in places, that are hard to bear."""
    names = (
        "newline\n.png",
        "\x1b[31mred.png",
        "a,b;c'd\"e.png",
        "-rf.png",
        "n" * 250 + ".png",
        "no ending",
        "ÅÖ 片.PNG",
    )
    for name in names:
        (root / LABELS[1] / name).write_bytes(film(dice))
    with open(os.fsencode(root / LABELS[1]) + b"/not utf-8 \xff\xfe.png", "wb") as stream:
        stream.write(film(dice))
    deep = root / LABELS[0] / Path(*["folder.png"] * 60)
    deep.mkdir(parents=True)
    (deep / "deep.png").write_bytes(film(dice))
    (root / LABELS[0] / "really a JPEG.png").write_bytes(jpeg())
    (root / LABELS[0] / "large.png").write_bytes(png(5000, 5000, (b"\0" + bytes(range(250)) * 20) * 5000))
    made.films += len(names) + 4


def _damage(folder: Path, dice: random.Random, made: Made) -> None:
    """Files that look like films."""
    whole, bomb = film(dice, 64), zlib.compress(bytes(1 << 26), 9)
    kinds = {
        "cut.png": whole[:-900], "cut in its header.png": whole[:20], "cut.jpg": jpeg()[:-60], "text.jpg": b"text",
        "bomb.png": png(30_000, 30_000, bytes(30_001)), "bomb.jpg": jpeg(65_500, 65_500),
        "text bomb.png": png(8, 8, bytes(72), b"Comment\0\0" + bomb),
        "bomb.tif": b"II*\0\x08\0\0\0\x03\0" + b"".join(
            struct.pack("<HHII", tag, 4, 1, value) for tag, value in ((256, 1 << 30), (257, 1 << 30), (273, 8))
        ) + bytes(4),
        "shallow.png": png(600, 600, bytes(10)), "cut.dcm": b"\0" * 128 + b"DICM\x02\0\0\0UL\x04\0\xff\0",
    }  # fmt: skip
    for name, body in kinds.items():
        (folder / name).write_bytes(body)
    (folder / "passwd.png").symlink_to("/etc/passwd")
    made.unreadable["damaged"] += len(kinds) + 1


def _no_films(root: Path, made: Made) -> None:
    """Links, pipes, devices, and what lies about."""
    folder = root / LABELS[0]
    (folder / "loop").symlink_to(root)
    (folder / "self.png").symlink_to("self.png")
    (folder / "gone.png").symlink_to("nowhere.png")
    (folder / "other class").symlink_to(root / LABELS[1])
    (folder / "zero.png").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.png")
    for name in ("notes.txt", "table.xlsx"):
        (folder / name).write_text("notes")
    for name in (".hidden.png", "Thumbs.db"):  # an operating system's own
        (folder / name).touch()
    made.left_out.update(
        {
            "a link back into the data": 2,
            "a broken link": 2,
            "not a regular file": 2,
            "not an image": 2,
            "left by a system or a tool (hidden)": 1,
            "left by a system or a tool (Thumbs.db)": 1,
        }
    )
