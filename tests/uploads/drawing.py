"""Files that the tests draw themselves: good ones, and ones that are built to do harm."""

import io
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pillow_heif
from PIL import ExifTags, Image, ImageCms, ImageDraw
from PIL.PngImagePlugin import PngInfo
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    PdfObject,
    TextStringObject,
)

CANARY = "CANARY-511499"


async def chunked(data: bytes, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def tree(directory: Path) -> list[str]:
    """Return every file under the directory, by relative path."""
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


def document(size: tuple[int, int] = (320, 200), mode: str = "RGB") -> Image.Image:
    """Draw something like a form: a dark block in the top left corner, lines below."""
    picture = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, size[0] // 4, size[1] // 4), fill="black")
    for y in range(size[1] // 2, size[1], max(1, size[1] // 20)):
        draw.line((0, y, size[0], y), fill="gray")
    return picture.convert(mode)


def saved(picture: Image.Image, name: str, **options: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, name, **options)
    return target.getvalue()


def jpeg(size: tuple[int, int] = (320, 200), **options: object) -> bytes:
    return saved(document(size), "JPEG", **options)


def png(size: tuple[int, int] = (320, 200), mode: str = "RGB", **options: object) -> bytes:
    return saved(document(size, mode), "PNG", **options)


def canary_exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.ImageDescription] = CANARY
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAreaInformation] = CANARY
    return exif


def canary_profile() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile + CANARY.encode()


def talkative(name: str) -> bytes:
    """Return a picture that carries the canary in every place its format has."""
    options: dict[str, object] = {
        "exif": canary_exif(),
        "icc_profile": canary_profile(),
        "xmp": f"<x:xmpmeta>{CANARY}</x:xmpmeta>".encode(),
    }
    if name == "JPEG":
        options["comment"] = CANARY.encode()
    if name == "PNG":
        options.pop("xmp")
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_text("Comment", CANARY)  # type: ignore[attr-defined]
    return saved(document(), name, **options)


def animated(name: str) -> bytes:
    frames = [document().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    return saved(document(), name, save_all=True, append_images=frames, duration=100)


def huge_canvas(width: int, height: int) -> bytes:
    """Return a JPEG of a few hundred bytes whose header claims another size."""
    small = saved(Image.new("L", (8, 8)), "JPEG")
    frame = small.index(b"\xff\xc0") + 5
    return small[:frame] + struct.pack(">HH", height, width) + small[frame + 4 :]


def scan_bomb(scans: int, size: tuple[int, int] = (320, 200)) -> bytes:
    """Return a progressive JPEG whose last scan is repeated."""
    good = jpeg(size, progressive=True)
    last, end = good.rindex(b"\xff\xda"), good.rindex(b"\xff\xd9")
    return good[:end] + good[last:end] * scans + good[end:]


def pdf(pages: int = 1, change: Callable[[PdfWriter], object] = lambda _: None) -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 280)
    change(writer)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def action(kind: str, **entries: PdfObject) -> DictionaryObject:
    """Return an action of that kind (``Launch``)."""
    made = DictionaryObject({NameObject("/S"): NameObject(f"/{kind}")})
    made.update({NameObject(f"/{key}"): value for key, value in entries.items()})
    return made


def opening_with(act: PdfObject) -> Callable[[PdfWriter], object]:
    return lambda writer: writer.root_object.update({NameObject("/OpenAction"): act})


def link_with(act: DictionaryObject, by_reference: bool = False) -> Callable[[PdfWriter], object]:
    """Return what puts a link with that action on the first page."""

    def change(writer: PdfWriter) -> None:
        if by_reference:
            act[NameObject("/S")] = writer._add_object(act.raw_get("/S"))
        corners = ArrayObject(NumberObject(number) for number in (0, 0, 50, 50))
        link = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Annot"),
                NameObject("/Subtype"): NameObject("/Link"),
                NameObject("/Rect"): corners,
                NameObject("/A"): writer._add_object(act),
            }
        )
        writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(link)])

    return change


def uri(target: str = "https://example.invalid/") -> DictionaryObject:
    return action("URI", URI=TextStringObject(target))


def packed_pdf(catalog: bytes = b"", extra: bytes = b"null") -> bytes:
    """Return a PDF whose objects lie in one compressed stream, as printers write them.

    ``catalog`` is added to the root; ``extra`` becomes object 5.
    """
    objects = [
        b"<</Type/Catalog/Pages 3 0 R" + catalog + b">>",
        b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
        b"<</Type/Page/Parent 3 0 R/MediaBox[0 0 200 280]>>",
        extra,
    ]
    offsets = [sum(len(o) + 1 for o in objects[:i]) for i in range(len(objects))]
    index = b" ".join(b"%d %d" % (i + 2, offset) for i, offset in enumerate(offsets)) + b" "
    body = zlib.compress(index + b" ".join(objects))
    start = b"%PDF-1.5\n"
    packed = b"1 0 obj<</Type/ObjStm/N 4/First %d/Filter/FlateDecode/Length %d>>stream\n" % (
        len(index),
        len(body),
    )
    packed += body + b"\nendstream endobj\n"
    places = struct.pack(">BIB", 0, 0, 255) + struct.pack(">BIB", 1, len(start), 0)
    places += b"".join(struct.pack(">BIB", 2, 1, i) for i in range(4))
    place = len(start) + len(packed)
    places += struct.pack(">BIB", 1, place, 0)
    table = b"6 0 obj<</Type/XRef/Size 7/W[1 4 1]/Root 2 0 R/Length %d>>stream\n" % len(places)
    ending = b"\nendstream endobj\nstartxref\n%d\n%%%%EOF\n" % place
    return start + packed + table + places + ending


def heic(size: tuple[int, int] = (320, 200), picture: Image.Image | None = None) -> bytes:
    """Return a HEIC as an iPhone writes it, with the canary in its metadata."""
    made = pillow_heif.from_pillow(picture or document(size))
    target = io.BytesIO()
    xmp = f"<x:xmpmeta>{CANARY}</x:xmpmeta>".encode()
    quick = {"preset": "ultrafast"}
    made.save(target, quality=70, exif=canary_exif().tobytes(), xmp=xmp, enc_params=quick)
    return target.getvalue()


def heic_claiming(width: int, height: int) -> bytes:
    """Return a HEIC whose header (ispe) claims another size."""
    good = heic((320, 200))
    place = good.index(b"ispe") + 8
    return good[:place] + struct.pack(">II", width, height) + good[place + 8 :]


def zipped(entries: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as package:
        for name, content in entries.items():
            package.writestr(zipfile.ZipInfo(name, (2026, 3, 2, 9, 0, 0)), content, method)
    return target.getvalue()


def ofd_parts(pages: int = 1, document: str = "", page: str = "") -> dict[str, bytes]:
    """Return the parts of an OFD; ``document`` and ``page`` are added to those parts."""
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    listed = "".join(
        f'<ofd:Page ID="{number + 10}" BaseLoc="Pages/Page_{number}/Content.xml"/>'
        for number in range(pages)
    )
    parts = {
        "OFD.xml": f'<ofd:OFD {space} Version="1.1" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        "<ofd:DocID>0123456789abcdef0123456789abcdef</ofd:DocID></ofd:DocInfo>"
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"<ofd:Document {space}><ofd:CommonData>"
        "<ofd:MaxUnitID>99</ofd:MaxUnitID><ofd:PageArea>"
        "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages>{document}</ofd:Document>",
    }
    for number in range(pages):
        parts[f"Doc_0/Pages/Page_{number}/Content.xml"] = (
            f'<ofd:Page {space}><ofd:Content><ofd:Layer ID="{number + 50}"/></ofd:Content>'
            f"{page}</ofd:Page>"
        )
    return {name: text.encode() for name, text in parts.items()}


def ofd(pages: int = 1, document: str = "", page: str = "") -> bytes:
    return zipped(ofd_parts(pages, document, page))
