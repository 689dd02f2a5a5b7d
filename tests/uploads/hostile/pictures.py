"""Pictures: huge canvases in tiny files, scans without end, chunks and boxes that lie."""

import struct
import zlib
from collections.abc import Iterator
from functools import cache, partial

from PIL import Image

from tests.uploads import drawing
from tests.uploads.hostile.case import Hostile

SIDES = (1, 2, 255, 6_300, 12_000, 16_384, 32_767, 65_000, 65_535)


@cache
def photo() -> bytes:
    return drawing.jpeg((320, 200))


@cache
def heic() -> bytes:
    return drawing.heic((320, 200))


def canvases() -> Iterator[Hostile]:
    """Yield files of a few hundred bytes whose headers claim other sizes."""
    for width in SIDES:
        for height in SIDES:
            absurd = width * height > 1_000_000
            make = partial(drawing.huge_canvas, width, height)
            yield Hostile(f"jpeg of {width} by {height}", make, absurd)
    for width, height in (
        *((5001, 5000), (10_000, 10_000), (2**31 - 1, 1), (1, 2**31 - 1)),
        *((2**31 - 1, 2**31 - 1), (0, 0), (0, 5), (320, 201), (4000, 3000)),
    ):
        # A row too few is a picture with a row too few.
        whole = (width, height) != (320, 201)
        yield Hostile(f"png of {width} by {height}", partial(_png_claiming, width, height), whole)
        yield Hostile(f"heic of {width} by {height}", partial(_heic_claiming, width, height))
    for width, height in ((16_383, 16_383), (5001, 5001), (16_383, 1), (4000, 3000)):
        yield Hostile(f"webp of {width} by {height}", partial(_webp_claiming, width, height))


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def _png(width: int, height: int, rows: bytes, *, depth: int = 8, extra: bytes = b"") -> bytes:
    """Return a grey PNG of packed rows, with further chunks before them."""
    size = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", size) + extra
    return start + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _png_claiming(width: int, height: int) -> bytes:
    return _png(width, height, zlib.compress(bytes(321 * 200)))


def _heic_claiming(width: int, height: int) -> bytes:
    return drawing.heic_claiming(width, height)


def _webp_claiming(width: int, height: int) -> bytes:
    good = drawing.saved(drawing.document(), "WEBP", lossless=True)
    place = good.index(b"VP8L") + 9
    bits = int.from_bytes(good[place : place + 4], "little") & ~0xFFFFFFF
    bits |= (width - 1) | (height - 1) << 14
    return good[:place] + bits.to_bytes(4, "little") + good[place + 4 :]


def scans() -> Iterator[Hostile]:
    """Yield progressive pictures whose every scan costs a pass over all pixels."""
    for number in (95, 100, 101, 150, 200, 500, 1000, 2000, 5000, 10_000):
        make = partial(drawing.scan_bomb, number)
        yield Hostile(f"{number} scans", make, number >= 95)
    for side in (3000, 5000, 7000, 8000):
        yield Hostile(f"80 scans of {side}", partial(_scans_of, 80, side), side > 7000)


def _scans_of(number: int, side: int) -> bytes:
    return drawing.scan_bomb(number, (side, side))


def bombs() -> Iterator[Hostile]:
    """Yield files that unpack to far more than they are."""
    for side in (5001, 8000, 12_000, 20_000):
        yield Hostile(f"empty png of {side}", partial(_empty_png, side))
    yield Hostile("empty png of 4900", partial(_empty_png, 4900), False)
    for name in (b"zTXt", b"iTXt", b"iCCP"):
        for megabytes in (1, 70, 300):
            make = partial(_png_with_text, name, megabytes)
            yield Hostile(f"png with {megabytes} MB in {name.decode()}", make, False)
    for number in (1000, 60_000, 300_000):
        yield Hostile(f"png of {number} chunks", partial(_png_of_chunks, number), number > 50_000)
    yield Hostile("png with too much behind its rows", _png_with_tail, False)
    yield Hostile("png that ends amid its rows", partial(_png, 320, 200, zlib.compress(bytes(999))))
    for number in (100, 30_000, 200_000):
        yield Hostile(f"jpeg of {number} comments", partial(_comments, number), number > 20_000)
    yield Hostile("jpeg of tables", _tables, False)
    yield Hostile("jpeg cut and closed again", lambda: photo()[:3000] + b"\xff\xd9", False)
    yield Hostile("jpeg without a scan", lambda: photo()[:20] + b"\xff\xd9")
    yield Hostile("jpeg in 12 MP of one colour", _one_colour, False)
    yield Hostile("grey jpeg of 200 MP", _grey)
    yield Hostile("webp of 25 MP of one colour", _webp_of_one_colour, False)


def _empty_png(side: int) -> bytes:
    return _png(side, side, zlib.compress(bytes((side // 8 + 2) * side), 9), depth=1)


def _png_with_text(name: bytes, megabytes: int) -> bytes:
    packed = zlib.compress(bytes(megabytes * 1024 * 1024), 9)
    between = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}[name]
    rows = zlib.compress(bytes(321 * 200))
    return _png(320, 200, rows, extra=_chunk(name, between + packed))


def _png_of_chunks(number: int) -> bytes:
    return _png(320, 200, zlib.compress(bytes(321 * 200)), extra=_chunk(b"teSt", b"") * number)


def _png_with_tail() -> bytes:
    return _png(320, 200, zlib.compress(bytes(40_000_000), 9))


def _comments(number: int) -> bytes:
    good = photo()
    return good[:2] + b"\xff\xfe\x00\x02" * number + good[2:]


def _tables() -> bytes:
    """Return a picture that defines its tables ten thousand times."""
    good = photo()
    start = good.index(b"\xff\xdb")
    size = 2 + int.from_bytes(good[start + 2 : start + 4], "big")
    return good[:start] + good[start : start + size] * 10_000 + good[start:]


def _one_colour() -> bytes:
    return drawing.saved(Image.new("RGB", (4000, 3000), "white"), "JPEG")


def _grey() -> bytes:
    return drawing.saved(Image.new("L", (20_000, 10_000)), "JPEG")


def _webp_of_one_colour() -> bytes:
    return drawing.saved(Image.new("RGB", (5000, 5000), "white"), "WEBP", method=0)


def animations() -> Iterator[Hostile]:
    for name in ("PNG", "WEBP", "GIF"):
        yield Hostile(f"animated {name}", partial(drawing.animated, name))
    yield Hostile("a webp that says animation and has none", _webp_flagged, False)


def _webp_flagged() -> bytes:
    good = drawing.saved(drawing.document(), "WEBP", exif=drawing.canary_exif().tobytes())
    place = good.index(b"VP8X") + 8
    return good[:place] + bytes((good[place] | 2,)) + good[place + 1 :]


def boxes() -> Iterator[Hostile]:
    """Yield HEIC files whose boxes lie about how long they are, or are boxes of boxes of boxes."""
    names = (b"ftyp", b"meta", b"hdlr", b"pitm", b"iloc", b"iinf", b"iprp", b"ipco", b"ipma")
    for name in (*names, b"hvcC", b"ispe", b"mdat"):
        for size in (0, 1, 7, 8, 2**31, 2**32 - 1):
            certain = name in (b"ftyp", b"meta", b"mdat") and size != 0
            make = partial(_box_of, name, size)
            yield Hostile(f"heic with a box {name.decode()} of {size}", make, certain)
    for depth in (10, 1000, 50_000):
        yield Hostile(f"heic of {depth} boxes in each other", partial(_nested, depth))
    yield Hostile("heic of a thousand boxes", lambda: heic() + b"\0\0\0\x08free" * 1000)
    for number in (2, 1000, 65_535):
        yield Hostile(f"heic that counts {number} items", partial(_items, number), False)


def _box_of(name: bytes, size: int) -> bytes:
    good = heic()
    place = good.index(name) - 4
    return good[:place] + struct.pack(">I", size) + good[place + 4 :]


def _nested(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        inner = struct.pack(">I4s", len(inner) + 8, b"meta") + inner
    head = heic()
    return head[: int.from_bytes(head[:4], "big")] + inner


def _items(number: int) -> bytes:
    good = heic()
    place = good.index(b"iinf") + 8
    return good[:place] + struct.pack(">H", number) + good[place + 2 :]
