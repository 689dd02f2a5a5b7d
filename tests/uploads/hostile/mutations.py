"""Good files that are cut, that lie about what they are, that are two things, or are damaged."""

import random
from collections.abc import Callable, Iterator
from functools import cache, partial

from PIL import Image

from tests.uploads import drawing
from tests.uploads.hostile.case import Hostile

KILOBYTE = 1024


def noisy(name: str, **options: object) -> bytes:
    """Return a picture that does not pack well: 40 KB and more."""
    noise = Image.frombytes("RGB", (160, 120), random.Random(511499).randbytes(160 * 120 * 3))
    return drawing.saved(noise, name, **options)


def long_pdf() -> bytes:
    picture = noisy("JPEG", quality=95)
    with_picture = Image.frombytes("L", (200, 200), random.Random(1).randbytes(40_000))
    assert picture
    return drawing.saved(with_picture, "PDF")


def long_ofd() -> bytes:
    parts = drawing.ofd_parts(3)
    parts["Doc_0/Res/seal.png"] = noisy("PNG")[: 30 * KILOBYTE]
    return drawing.zipped(parts)


@cache
def good() -> dict[str, bytes]:
    """Return a file of each kind, all of them harmless."""
    noise = Image.frombytes("RGB", (200, 160), random.Random(2).randbytes(200 * 160 * 3))
    return {
        "jpeg": noisy("JPEG", quality=95),
        "progressive": noisy("JPEG", quality=95, progressive=True),
        "png": noisy("PNG"),
        "webp": noisy("WEBP", lossless=True),
        "heic": drawing.heic(picture=noise),
        "pdf": long_pdf(),
        "ofd": long_ofd(),
    }


def cuts() -> Iterator[Hostile]:
    """Yield every good file cut off at every kilobyte."""
    for name, data in good().items():
        for length in range(KILOBYTE, len(data), KILOBYTE):
            yield Hostile(f"{name} cut at {length}", partial(_cut, name, length))


def _cut(name: str, length: int) -> bytes:
    return good()[name][:length]


MAGIC = {
    "jpeg": b"\xff\xd8\xff\xe0",
    "png": b"\x89PNG\r\n\x1a\n",
    "webp": b"RIFF\x00\x10\x00\x00WEBPVP8 ",
    "heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04",
    "gif": b"GIF89a",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "html": b"<!doctype html><script>alert(1)</script>",
    "program": b"MZ\x90\x00",
    "nothing": b"",
}


def lies() -> Iterator[Hostile]:
    """Yield files that begin as one kind and go on as another."""
    bodies: dict[str, Callable[[], bytes]] = {
        "png": drawing.png,
        "gif": partial(drawing.saved, drawing.document(), "GIF"),
        "tiff": partial(drawing.saved, drawing.document(), "TIFF"),
        "zeros": partial(bytes, 5000),
        "chance": partial(random.Random(3).randbytes, 5000),
        "text": lambda: b"<script>alert(1)</script>" * 50,
    }
    for first, magic in MAGIC.items():
        for second, body in bodies.items():
            if first == "nothing" and second == "png":
                continue
            yield Hostile(f"{second} that says {first}", partial(_lie, magic, body))


def _lie(magic: bytes, body: Callable[[], bytes]) -> bytes:
    return magic + body()


SECOND: dict[str, Callable[[], bytes]] = {
    "zip": lambda: drawing.zipped({"a.class": b"\xca\xfe\xba\xbe"}),
    "ofd": drawing.ofd,
    "pdf": drawing.pdf,
    "page": lambda: b"<html><script>alert(1)</script></html>",
    "vector": lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "php": lambda: b"<?php system($_GET['c']); ?>",
    "phar": lambda: bytes(64) + b"<?php __HALT_COMPILER(); ?>",
    "program": lambda: b"MZ\x90\x00" + bytes(200),
    "script": lambda: b"#!/bin/sh\nid\n",
    "rar": lambda: b"Rar!\x1a\x07\x00" + bytes(50),
}


def polyglots() -> Iterator[Hostile]:
    for first in ("jpeg", "progressive", "png", "webp", "heic", "pdf"):
        for second, make in SECOND.items():
            if (first, second) != ("pdf", "pdf"):
                yield Hostile(f"{first} and {second}", partial(_both, first, make))
    for second, make in SECOND.items():
        # A pair of bytes means something at the beginning of a file only.
        hidden = second in ("program", "script", "rar")
        yield Hostile(f"jpeg around {second}", partial(_around, make), not hidden)


def _both(first: str, second: Callable[[], bytes]) -> bytes:
    return good()[first] + second()


def _around(inner: Callable[[], bytes]) -> bytes:
    return drawing.jpeg(comment=inner()[:60_000])


def damaged(seed: int) -> Hostile:
    """Return a good file with some of its bytes changed, moved, doubled or taken out."""
    return Hostile(f"damaged {seed}", partial(_damaged, seed), False)


def _damaged(seed: int) -> bytes:
    chance = random.Random(seed)
    data = bytearray(good()[sorted(good())[seed % len(good())]])
    for _ in range(chance.choice((1, 2, 5, 20, 100))):
        # Headers are where a byte means most.
        reach = chance.choice((64, 1024, len(data)))
        place = chance.randrange(min(reach, len(data)))
        length = chance.choice((1, 1, 1, 4, 64))
        act = chance.randrange(5)
        if act == 0:
            data[place] ^= 1 << chance.randrange(8)
        elif act == 1:
            data[place : place + length] = chance.randbytes(length)
        elif act == 2:
            data[place : place + length] = b"\xff" * length
        elif act == 3:
            data[place:place] = data[place : place + length]
        else:
            del data[place : place + length]
    return bytes(data)
