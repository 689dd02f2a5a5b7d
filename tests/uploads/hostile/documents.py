"""PDF: streams that unpack without end, structures that lead into themselves, things that act."""

import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial

from pypdf import PdfWriter

from tests.uploads import drawing
from tests.uploads.hostile.case import Hostile
from tests.uploads.test_documents import ACTIVE

HEAD = b"%PDF-1.7\n"
MEGABYTE = 1024 * 1024


def written(*objects: bytes, root: int = 1, trailer: bytes = b"") -> bytes:
    """Return a PDF of these objects, numbered from 1."""
    data, places = HEAD, []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<</Size %d/Root %d 0 R%b>>\n" % (len(objects) + 1, root, trailer)
    return data + table + end + b"startxref\n%d\n%%%%EOF\n" % len(data)


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
BOX = b"/MediaBox[0 0 200 280]"


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(data), data)


def page(entries: bytes) -> bytes:
    return b"<</Type/Page/Parent 2 0 R" + BOX + entries + b">>"


@cache
def flated(megabytes: int, times: int = 1) -> bytes:
    packing = zlib.compressobj(9)
    data = b"".join(packing.compress(bytes(MEGABYTE)) for _ in range(megabytes)) + packing.flush()
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


def bombs() -> Iterator[Hostile]:
    for megabytes in (65, 150, 300):
        yield Hostile(f"page of {megabytes} MB", partial(_page_of, megabytes))
    for times in (2, 3, 5):
        yield Hostile(f"page packed {times} times", partial(_packed_often, times))
    for times in (100, 5000, 99_000):
        yield Hostile(f"piece drawn {times} times", partial(_drawn_often, times))
    for name, data in (
        ("runs", b"\x81\x00" * 700_000),
        ("hex", b"00" * 100),
        ("letters", b"z" * 200_000),
    ):
        kind = {"runs": b"RunLengthDecode", "hex": b"ASCIIHexDecode", "letters": b"ASCII85Decode"}
        make = partial(_filtered, b"/Filter/" + kind[name], data)
        yield Hostile(f"page of {name}", make, name == "runs")
    yield Hostile(
        "16 filters", partial(_filtered, b"/Filter[%b]" % (b"/FlateDecode " * 16), b"x"), False
    )
    yield Hostile("a thousand filters", partial(_filtered, b"/Filter[%b]" % (b"/Fl " * 1000), b"x"))
    for side in (20_001, 10**7, 10**12):
        yield Hostile(f"page of {side} points", partial(_page_sized, side))
    for side in (20_000, 10**6, 2**31):
        yield Hostile(f"picture of {side} pixels", partial(_picture_sized, side))
    yield Hostile("object stream of 200 MB", _object_stream)
    yield Hostile("a million pages that are one", _million_pages)
    yield Hostile("201 pages", partial(drawing.pdf, 201))
    yield Hostile("no page", partial(drawing.pdf, 0))
    for user in ("", "secret"):
        for algorithm in ("RC4-40", "RC4-128", "AES-128", "AES-256"):
            yield Hostile(f"locked by {algorithm}{user}", partial(_locked, user, algorithm))


def _page_of(megabytes: int) -> bytes:
    packed = stream(flated(megabytes), b"/Filter/FlateDecode")
    return written(CATALOG, PAGES, page(b"/Contents 4 0 R"), packed)


def _packed_often(times: int) -> bytes:
    names = b"/Filter[%b]" % (b"/FlateDecode " * times)
    content = stream(flated(300, times), names)
    return written(CATALOG, PAGES, page(b"/Contents 4 0 R"), content)


def _drawn_often(times: int) -> bytes:
    packed = stream(zlib.compress(b"0 0 m 9 9 l S\n" * 60_000, 9), b"/Filter/FlateDecode")
    contents = b"/Contents[%b]" % (b"4 0 R " * times)
    return written(CATALOG, PAGES, page(contents), packed)


def _filtered(names: bytes, data: bytes) -> bytes:
    return written(CATALOG, PAGES, page(b"/Contents 4 0 R"), stream(data, names))


def _page_sized(side: int) -> bytes:
    box = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d 280]>>" % side
    return written(CATALOG, PAGES, box)


def _picture_sized(side: int) -> bytes:
    measures = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8" % (side, side)
    picture = stream(flated(1), measures + b"/ColorSpace/DeviceGray/Filter/FlateDecode")
    return written(CATALOG, PAGES, page(b"/Resources<</XObject<</P 4 0 R>>>>"), picture)


def _object_stream() -> bytes:
    return drawing.packed_pdf(extra=b"(" + bytes(200 * MEGABYTE) + b")")


def _million_pages() -> bytes:
    kids = b"[%b]" % (b"3 0 R " * 1_000_000)
    return written(CATALOG, b"<</Type/Pages/Kids%b/Count 1000000>>" % kids, page(b""))


def _locked(user: str, algorithm: str) -> bytes:
    return drawing.pdf(1, lambda writer: writer.encrypt(user, "owner", algorithm=algorithm))


def recursion() -> Iterator[Hostile]:
    """Yield structures that lead into themselves or so deep that nobody comes back."""
    own = b"<</Type/Pages/Kids[2 0 R]/Count 1>>"
    yield Hostile("pages in a circle", partial(written, CATALOG, own))
    for depth in (99, 500, 20_000):
        yield Hostile(f"pages {depth} deep", partial(_deep_pages, depth), depth > 100)
        for opening, closing in ((b"[", b"]"), (b"<</A ", b">>")):
            make = partial(_deep_value, depth, opening, closing)
            yield Hostile(f"{opening.decode()} {depth} deep", make, False)
    for loop in (b"/Prev 9", b"/Prev 0", b"/Prev 99999999999", b"/Prev -1", b"/XRefStm 9"):
        make = partial(written, CATALOG, PAGES, page(b""), trailer=loop)
        yield Hostile(f"table that goes on at {loop.decode()}", make, False)
    yield Hostile("length that is itself", _own_length, False)
    yield Hostile("filter that is itself", _own_filter, False)
    yield Hostile("catalog that is a page", partial(written, page(b"")))
    yield Hostile("root that is nothing", partial(written, CATALOG, PAGES, root=99))
    yield Hostile("parent that is a child", _own_parent, False)
    yield Hostile("outlines in a circle", _outlines, False)
    for size in (0, 2**31, 2**63):
        yield Hostile(f"table of {size}", partial(_sized_table, size), False)
    for width in (b"[0 0 0]", b"[9 9 9]", b"[1 99999999 1]", b"[-1 2 1]"):
        yield Hostile(f"table in widths {width.decode()}", partial(_table_widths, width), False)
    for claimed in (0, 1, 10**9, -5):
        yield Hostile(f"stream that claims {claimed}", partial(_claimed, claimed), False)


def _deep_pages(depth: int) -> bytes:
    middle = [
        b"<</Type/Pages/Kids[%d 0 R]/Count 1/Parent %d 0 R>>" % (number + 1, max(number - 1, 2))
        for number in range(2, depth + 2)
    ]
    return written(CATALOG, *middle, page(b""))


def _deep_value(depth: int, opening: bytes, closing: bytes) -> bytes:
    return written(CATALOG, PAGES, page(b""), opening * depth + b"0 " + closing * depth)


def _own_length() -> bytes:
    content = b"<</Length 4 0 R>>stream\n0 0 m\nendstream"
    return written(CATALOG, PAGES, page(b"/Contents 4 0 R"), content)


def _own_filter() -> bytes:
    content = b"<</Length 5/Filter 4 0 R>>stream\n0 0 m\nendstream"
    return written(CATALOG, PAGES, page(b"/Contents 4 0 R"), content)


def _own_parent() -> bytes:
    return written(CATALOG, b"<</Type/Pages/Kids[3 0 R]/Count 1/Parent 3 0 R>>", page(b""))


def _outlines() -> bytes:
    catalog = b"<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R>>"
    return written(catalog, PAGES, page(b""), b"<</First 4 0 R/Last 4 0 R/Next 4 0 R>>")


def _sized_table(size: int) -> bytes:
    return written(CATALOG, PAGES, page(b"")).replace(b"/Size 4", b"/Size %d" % size)


def _table_widths(width: bytes) -> bytes:
    return drawing.packed_pdf().replace(b"/W[1 4 1]", b"/W" + width)


def _claimed(length: int) -> bytes:
    content = b"<</Length %d>>stream\n0 0 m 9 9 l S\nendstream" % length
    return written(CATALOG, PAGES, page(b"/Contents 4 0 R"), content)


def active() -> Iterator[Hostile]:
    for name, change in ACTIVE.items():
        yield Hostile(name, partial(_changed, change))
    for act in (b"/S/JavaScript/JS(a)", b"/S/Launch/F(cmd.exe)", b"/S/GoToE", b"/S/Rendition"):
        yield Hostile(f"packed {act.decode()}", partial(drawing.packed_pdf, b"", b"<<%b>>" % act))
        for spelled in _spellings(act):
            yield Hostile(f"spelled {spelled!r}", partial(_with_action, spelled))
    for key in (b"/EmbeddedFiles", b"/XFA", b"/JavaScript", b"/JS", b"/EF"):
        yield Hostile(f"names {key.decode()}", partial(_with_action, key + b" 3 0 R"))
    yield Hostile("a program attached", partial(_changed, _attached))


def _spellings(act: bytes) -> Iterator[bytes]:
    """Yield the same names with their letters as numbers (7.3.5), and with odd blanks."""
    head, slash, rest = act.partition(b"/S/")
    word = rest.split(b"/")[0]
    tail = rest[len(word) :]
    yield head + slash + b"".join(b"#%02x" % letter for letter in word) + tail
    for blank in (b"\0", b"\t", b"\n", b"\f", b"\r", b"\r\n \0", b""):
        yield head + b"/S" + blank + b"/" + word + blank + tail
    yield head + b"/S%a comment\n/" + word + tail


def _with_action(act: bytes) -> bytes:
    return written(CATALOG, PAGES, page(b""), b"<<%b>>" % act)


def _changed(change: Callable[[PdfWriter], object]) -> bytes:
    return drawing.pdf(1, change)


def _attached(writer: PdfWriter) -> None:
    writer.add_attachment("a.exe", struct.pack("<2sI", b"MZ", 0))
