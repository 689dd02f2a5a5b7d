"""A faint text over what is handed out (仅供办理××事项使用), drawn in a child process.

It names the one purpose that a copy is for, so that a copy that went astray is of little use. The
original stays as it is: it is evidence.
"""

import io
from functools import lru_cache
from typing import BinaryIO

from PIL import Image, ImageDraw, ImageFont
from pylopdf_fonts_zh_cn import serif_path
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
)

from services.errors import MaterialUnreadable

GREY = 128
STRENGTH = 62
"""Of 255: seen when one looks for it, and what is under it can still be read."""
QUALITY = 88
ANGLE = 24
DOTS_PER_POINT = 1.5
MOST_PIXELS = 25_000_000
_SHARE = 30  # the side of a page is that many letters
_LEAST, _MOST = 14, 96


def stamp(source: BinaryIO, target: BinaryIO, mime: str, text: str) -> None:
    """Write a copy of a picture or PDF with a text all over it.

    ``source`` is a working copy of ours: checked, upright, without metadata. Raises
    ``MaterialUnreadable`` for what it is not, and whatever the decoder raises.
    """
    if mime == "application/pdf":
        _stamp_document(source, target, text)
    else:
        _stamp_picture(source, target, text)


def _stamp_picture(source: BinaryIO, target: BinaryIO, text: str) -> None:
    opened = Image.open(source, formats=("JPEG", "PNG"))
    if opened.width * opened.height > MOST_PIXELS:
        raise MaterialUnreadable
    picture = opened if opened.mode in ("L", "RGB") else opened.convert("RGB")
    picture.paste(GREY if picture.mode == "L" else (GREY,) * 3, mask=mask(picture.size, text))
    picture.info = {}
    picture.save(target, opened.format, quality=QUALITY)


def mask(size: tuple[int, int], text: str) -> Image.Image:
    """Return how strongly each pixel of a page is covered: lines of the text, aslant, apart."""
    letter = min(max(min(size) // _SHARE, _LEAST), _MOST)
    tile = _tile(text, letter)
    paper = Image.new("L", size)
    for row, top in enumerate(range(-tile.height // 2, size[1], tile.height)):
        # Every other row begins half a text further on: no corner stays free.
        for left in range(-(row % 2) * tile.width // 2, size[0], tile.width):
            paper.paste(STRENGTH, (left, top), tile)
    return paper


@lru_cache(maxsize=8)
def _tile(text: str, letter: int) -> Image.Image:
    font = ImageFont.truetype(str(serif_path()), letter)
    left, top, right, bottom = font.getbbox(text)
    line = Image.new("L", (int(right - left) + 3 * letter, int(bottom - top) + 2 * letter))
    ImageDraw.Draw(line).text((letter - left, letter - top), text, fill=255, font=font)
    return line.rotate(ANGLE, Image.Resampling.BICUBIC, expand=True)


def _stamp_document(source: BinaryIO, target: BinaryIO, text: str) -> None:
    writer = PdfWriter(clone_from=PdfReader(source, strict=False))
    overlays: dict[tuple[float, float, int], PdfReader] = {}
    for page in writer.pages:
        box = page.mediabox
        shape = (float(box.width), float(box.height), page.rotation % 360)
        overlay = overlays.get(shape) or _overlay(*shape, text)
        overlays[shape] = overlay
        page.merge_translated_page(overlay.pages[0], float(box.left), float(box.bottom))
    writer.compress_identical_objects()
    writer.write(target)


def _overlay(width: float, height: float, turned: int, text: str) -> PdfReader:
    """Return a document of one page that is nothing but the text."""
    if width * height * DOTS_PER_POINT**2 > MOST_PIXELS or min(width, height) < 1:
        raise MaterialUnreadable
    size = round(width * DOTS_PER_POINT) or 1, round(height * DOTS_PER_POINT) or 1
    # Turned pages are shown turned: their text is written the other way round before.
    across = turned in (90, 270)
    covered = mask(size[::-1] if across else size, text).rotate(turned, expand=True)
    writer = PdfWriter()
    page = writer.add_blank_page(width, height)
    shade = writer._add_object(_image(covered))
    drawn = _image(Image.new("L", covered.size, GREY))
    drawn[NameObject("/SMask")] = shade
    images = DictionaryObject({NameObject("/Over"): writer._add_object(drawn)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): images})
    content = StreamObject()
    content.set_data(f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /Over Do Q".encode())
    page[NameObject("/Contents")] = writer._add_object(content)
    whole = io.BytesIO()
    writer.write(whole)
    return PdfReader(whole)


def _image(picture: Image.Image) -> StreamObject:
    stream = StreamObject()
    stream.set_data(picture.tobytes())
    packed = stream.flate_encode()
    packed.update(
        {
            NameObject("/Type"): NameObject("/XObject"),
            NameObject("/Subtype"): NameObject("/Image"),
            NameObject("/ColorSpace"): NameObject("/DeviceGray"),
            NameObject("/BitsPerComponent"): NumberObject(8),
            NameObject("/Width"): NumberObject(picture.width),
            NameObject("/Height"): NumberObject(picture.height),
        }
    )
    return packed
