"""OFD: packages that unpack without end, leave their folder, or carry what is no page."""

import io
import struct
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial

from tests.uploads.drawing import ofd, ofd_parts, zipped
from tests.uploads.hostile.case import Hostile

MEGABYTE = 1024 * 1024
DTD = '<!DOCTYPE a [<!ENTITY a0 "lol">{}]>'


def bombs() -> Iterator[Hostile]:
    for megabytes in (10, 65, 200):
        yield Hostile(f"entry of {megabytes} MB", partial(_entry_of, bytes(megabytes * MEGABYTE)))
    yield Hostile("many large entries", _many_large)
    for number in (4001, 20_000, 65_000):
        yield Hostile(f"{number} entries", partial(_entries, number))
    for depth in (1, 3, 10):
        yield Hostile(f"packages {depth} deep", partial(_packages_deep, depth))
    for name in (
        *("../a.xml", "/a.xml", "a/../../b", "..\\a", "C:\\a", "a//b", "./a", "a/./b", "a\0b"),
        *("a\nb", "\u202ea", "x" * 256, "a/" * 130 + "b", " ", "con:", "~/.ssh/\x7f"),
    ):
        yield Hostile(f"entry {name[:20]!r}", partial(_named, name), name not in (" ",))
    for lie in (0, 1, 2**31, 2**32 - 1):
        for place in (16, 20, 24, 42):
            make = partial(_lying, place, lie)
            yield Hostile(f"entry with {lie} at {place}", make, lie > 1)
    yield Hostile("entries that share their bytes", _sharing)
    yield Hostile("one name twice", _twice)
    yield Hostile("encrypted entries", _encrypted)
    for method in (1, 12, 14, 93, 99):
        yield Hostile(f"packed by method {method}", partial(_packed_by, method))
    yield Hostile("something before", lambda: b"#!/bin/sh\n" + ofd())
    yield Hostile("something behind", lambda: ofd() + b"<script>alert(1)</script>")
    yield Hostile("a comment that is a page", _commented)
    for depth in (1000, 100_000):
        yield Hostile(f"elements {depth} deep", partial(_deep, depth), False)
    yield Hostile("ten million attributes", _wide, False)
    for entities in (3, 10, 30):
        yield Hostile(f"entities {entities} deep", partial(_entities, entities))
    for outside in ("file:///etc/passwd", "http://127.0.0.1:1/a.dtd", "//x.invalid/a"):
        dtd = f'<!DOCTYPE a SYSTEM "{outside}">'
        yield Hostile(f"definitions from {outside}", partial(_prefixed, dtd))


def _with(more: Mapping[str, bytes]) -> bytes:
    return zipped({**ofd_parts(), **more})


def _entry_of(data: bytes) -> bytes:
    return _with({"Doc_0/Res/a.bmp": data})


def _many_large() -> bytes:
    """Return 300 MB in entries that are each small enough: their bytes do not shrink too well."""
    piece = bytes(range(256)) * 3 + bytes(3 * 1024 * 1024)
    return _with({f"Doc_0/Res/{number}.bmp": piece for number in range(100)})


def _entries(number: int) -> bytes:
    return _with({f"Doc_0/Res/{each}": b"" for each in range(number)})


def _packages_deep(depth: int) -> bytes:
    inner = zipped({"a.txt": b"a"})
    for _ in range(depth):
        inner = _with({"Doc_0/Res/inner.zip": inner})
    return inner


def _named(name: str) -> bytes:
    # The library that packs would cut the name off at a NUL.
    written = name.replace("\0", "~0~")
    return _with({written: b"x"}).replace(b"~0~", b"\0_\0") if "\0" in name else _with({name: b"x"})


def _lying(place: int, value: int) -> bytes:
    """Return a package whose list of contents says another number of its first entry."""
    data = bytearray(zipped(ofd_parts(), zipfile.ZIP_STORED))
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + place, value)
    return bytes(data)


def _sharing() -> bytes:
    data = bytearray(zipped(ofd_parts(5)))
    first = data.index(b"PK\x01\x02")
    place = first
    while (place := data.find(b"PK\x01\x02", place + 1)) > 0:
        data[place + 42 : place + 46] = data[first + 42 : first + 46]
    return bytes(data)


def _twice() -> bytes:
    return _with({"ofd.XML": b"<a/>"})


def _encrypted() -> bytes:
    data = bytearray(zipped(ofd_parts()))
    place = 0
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.index(mark)
        data[place + offset] |= 1
    return bytes(data)


def _packed_by(method: int) -> bytes:
    data = bytearray(zipped(ofd_parts()))
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", data, data.index(mark) + offset, method)
    return bytes(data)


def _commented() -> bytes:
    target = io.BytesIO(ofd())
    with zipfile.ZipFile(target, "a") as package:
        package.comment = b"<html><script>alert(1)</script>"
    return target.getvalue()


def _deep(depth: int) -> bytes:
    return _with({"Doc_0/a.xml": b"<a>" * depth + b"</a>" * depth})


def _wide() -> bytes:
    names = b" ".join(b"a%d=''" % number for number in range(200_000))
    return _with({"Doc_0/a.xml": b"<a %b/>" % names})


def _entities(depth: int) -> bytes:
    made = "".join(f'<!ENTITY a{number + 1} "{f"&a{number};" * 10}">' for number in range(depth))
    return _prefixed(DTD.format(made))


def _prefixed(definition: str) -> bytes:
    parts = ofd_parts()
    return zipped({**parts, "OFD.xml": definition.encode() + parts["OFD.xml"]})


def actions() -> Iterator[Hostile]:
    for event in ("DO", "PO", "CLICK"):
        for inner in (
            '<ofd:GotoA AttachID="9"/>',
            '<ofd:Sound ResourceID="3"/>',
            '<ofd:Movie ResourceID="3"/>',
            '<ofd:Launch File="cmd.exe"/>',
            '<ofd:URI URI="http://x.invalid/"/>',
        ):
            acts = f'<ofd:Actions><ofd:Action Event="{event}">{inner}</ofd:Action></ofd:Actions>'
            harmless = event == "CLICK" and "URI" in inner
            yield Hostile(f"{event} {inner}", partial(ofd, 1, acts), not harmless)
            yield Hostile(f"page {event} {inner}", partial(ofd, 1, "", acts), not harmless)
    for alien in (b"MZ\x90\0", b"\x7fELF", b"%PDF-1.7", b"#!/bin/sh", b"PK\x03\x04"):
        make = partial(_with, {"Doc_0/Res/logo.png": alien + bytes(100)})
        yield Hostile(f"file within {alien!r}", make)
    for pages in (0, 201, 5000):
        yield Hostile(f"ofd of {pages} pages", partial(ofd, pages))
    for name in ("word/document.xml", "META-INF/MANIFEST.MF", "AndroidManifest.xml", "mimetype"):
        yield Hostile(f"package of {name}", partial(zipped, {name: b"<a/>"}))
