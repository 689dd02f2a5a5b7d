import struct

import pytest

from tests.uploads import drawing
from uploads.kinds import HEAD_BYTES, Kind, allowed_kinds, kind_of, type_sentence


def ftyp(*brands: bytes) -> bytes:
    """Return the first box of a media file: a major brand, its version, what it is like."""
    content = brands[0] + bytes(4) + b"".join(brands[1:])
    return struct.pack(">I4s", 8 + len(content), b"ftyp") + content


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (drawing.jpeg(), Kind.JPEG),
        (drawing.png(), Kind.PNG),
        (drawing.saved(drawing.document(), "WEBP"), Kind.WEBP),
        (drawing.pdf(), Kind.PDF),
        (drawing.saved(drawing.document(), "GIF"), None),
        (drawing.saved(drawing.document(), "BMP"), None),
        (drawing.saved(drawing.document(), "TIFF"), None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<!doctype html><script>", None),
        (drawing.heic(), Kind.HEIC),
        (drawing.ofd(), Kind.OFD),
        (ftyp(b"mif1", b"mif1", b"heic"), Kind.HEIF),
        (ftyp(b"heix", b"mif1", b"heix"), Kind.HEIC),
        (ftyp(b"mif1", b"mif1", b"avif"), None),
        (ftyp(b"avif", b"mif1", b"miaf"), None),
        (ftyp(b"mif1"), None),
        (ftyp(b"isom", b"mp42"), None),
        (ftyp(b"hevc", b"heic"), None),
        (b"\x00\x00\x00\x0cftypmif1heic", None),
        (b"\x00" + drawing.jpeg(), None),
        (b"<html>" + drawing.pdf(), None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_first_bytes_tell_the_kind(data: bytes, kind: Kind | None) -> None:
    assert kind_of(data[:HEAD_BYTES]) is kind


def test_phones_and_offices_choose_between_sisters() -> None:
    assert allowed_kinds(["jpg"]) == {Kind.JPEG, Kind.WEBP, Kind.HEIC, Kind.HEIF}
    assert allowed_kinds(["png", "PDF"]) == {Kind.PNG, Kind.PDF, Kind.OFD}
    assert allowed_kinds(["docx", "exe"]) == frozenset()


def test_the_sentence_names_what_is_taken() -> None:
    sentence = type_sentence(allowed_kinds(["jpg", "pdf"]))
    assert sentence == "不支持这种文件格式,请上传JPG、PDF文件。"
    only = type_sentence(allowed_kinds(["ofd", "png"]))
    assert only == "不支持这种文件格式,请上传PNG、OFD文件。"
    assert type_sentence([]) is None
