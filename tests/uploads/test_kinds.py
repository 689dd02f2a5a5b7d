import pytest

from tests.uploads import drawing
from uploads.kinds import Kind, allowed_kinds, kind_of, type_sentence


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
        (b"PK\x03\x04", None),
        (b"\x00" + drawing.jpeg(), None),
        (b"<html>" + drawing.pdf(), None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_first_bytes_tell_the_kind(data: bytes, kind: Kind | None) -> None:
    assert kind_of(data[:16]) is kind


def test_webp_goes_where_jpg_goes_and_png_does_not() -> None:
    assert allowed_kinds(["jpg"]) == {Kind.JPEG, Kind.WEBP}
    assert allowed_kinds(["png", "PDF"]) == {Kind.PNG, Kind.PDF}
    assert allowed_kinds(["ofd", "exe"]) == frozenset()


def test_the_sentence_names_what_is_taken() -> None:
    sentence = type_sentence(allowed_kinds(["jpg", "pdf"]))
    assert sentence == "不支持这种文件格式,请上传JPG、PDF文件。"
    assert type_sentence([]) is None
