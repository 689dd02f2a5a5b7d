"""PDF streams that unpack to far more than they are worth."""

import io
import zlib
from collections.abc import Callable

import pytest
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    EncodedStreamObject,
    FloatObject,
    NameObject,
    NumberObject,
    RectangleObject,
    StreamObject,
)

from services.errors import MaterialUnreadable
from tests.uploads import drawing
from uploads import expansion, pdf
from uploads.refusals import FileInFile, PdfTooHeavy

MEGABYTE = 1024 * 1024


def stream(data: bytes, *filters: str, **entries: object) -> StreamObject:
    made: StreamObject = EncodedStreamObject() if filters else DecodedStreamObject()
    made._data = data
    names = [NameObject(f"/{name}") for name in filters]
    if names:
        made[NameObject("/Filter")] = names[0] if len(names) == 1 else ArrayObject(names)
    made[NameObject("/Length")] = NumberObject(len(data))
    for key, value in entries.items():
        made[NameObject(f"/{key}")] = value
    return made


def drawn_with(*streams: StreamObject, times: int = 1) -> Callable[[PdfWriter], object]:
    def change(writer: PdfWriter) -> None:
        placed = [writer._add_object(each) for each in streams]
        writer.pages[0][NameObject("/Contents")] = ArrayObject(placed * times)

    return change


def check(change: Callable[[PdfWriter], object]) -> int:
    return pdf.check(io.BytesIO(drawing.pdf(1, change)))


def bomb(size: int) -> bytes:
    packing = zlib.compressobj(9)
    whole = b"".join(packing.compress(bytes(MEGABYTE)) for _ in range(size // MEGABYTE))
    return whole + packing.flush()


def test_a_usual_page_is_taken() -> None:
    assert (
        check(drawn_with(stream(zlib.compress(b"0 0 m 9 9 l S\n" * 100_000), "FlateDecode"))) == 1
    )


def test_a_page_that_unpacks_to_hundreds_of_megabytes_is_refused() -> None:
    data = bomb(300 * MEGABYTE)
    assert len(data) < MEGABYTE
    with pytest.raises(PdfTooHeavy):
        check(drawn_with(stream(data, "FlateDecode")))


def test_a_bomb_within_a_bomb_is_refused() -> None:
    twice = zlib.compress(bomb(300 * MEGABYTE), 9)
    assert len(twice) < 10_000
    with pytest.raises(PdfTooHeavy):
        check(drawn_with(stream(twice, "FlateDecode", "FlateDecode")))
    runs = b"\x81\x00" * MEGABYTE  # 128 times the same byte, a million times
    with pytest.raises(PdfTooHeavy):
        check(drawn_with(stream(runs, "RunLengthDecode")))


def test_a_small_piece_drawn_a_thousand_times_is_refused() -> None:
    piece = stream(zlib.compress(b"0 0 m 9 9 l S\n" * 10_000), "FlateDecode")
    assert check(drawn_with(piece, times=10)) == 1
    with pytest.raises(PdfTooHeavy):
        check(drawn_with(piece, times=1000))


def test_many_streams_are_added_up() -> None:
    each = bomb(60 * MEGABYTE)

    def change(writer: PdfWriter) -> None:
        for _ in range(5):
            writer._add_object(stream(each, "FlateDecode"))

    with pytest.raises(PdfTooHeavy):
        check(change)


def test_a_damaged_stream_counts_as_far_as_it_goes() -> None:
    cut = zlib.compress(b"0 0 m 9 9 l S\n" * 1000)[:-20]
    assert check(drawn_with(stream(cut, "FlateDecode"))) == 1
    assert expansion.unpacked_size(stream(b"no zlib at all", "FlateDecode")) == 0


def picture(width: object, height: object) -> StreamObject:
    return stream(
        bomb(MEGABYTE),
        "FlateDecode",
        Subtype=NameObject("/Image"),
        Width=width,
        Height=height,
    )


@pytest.mark.parametrize(
    ("size", "refusal"),
    [
        ((NumberObject(2480), NumberObject(3508)), None),
        ((NumberObject(100_000), NumberObject(100_000)), PdfTooHeavy),
        ((NumberObject(0), NumberObject(100)), MaterialUnreadable),
        ((NameObject("/Wide"), NumberObject(100)), MaterialUnreadable),
    ],
)
def test_pictures_are_told_by_their_measures(
    size: tuple[object, object], refusal: type[Exception] | None
) -> None:
    def change(writer: PdfWriter) -> None:
        writer._add_object(picture(*size))

    if refusal is None:
        assert check(change) == 1
    else:
        with pytest.raises(refusal):
            check(change)


def test_a_page_that_calls_itself_a_picture_is_weighed_all_the_same() -> None:
    lie = stream(
        bomb(300 * MEGABYTE),
        "FlateDecode",
        Subtype=NameObject("/Image"),
        Width=NumberObject(1),
        Height=NumberObject(1),
    )
    with pytest.raises(PdfTooHeavy):
        check(drawn_with(lie))


def test_a_page_as_large_as_a_field_is_refused() -> None:
    def sized(side: float, unit: float | None = None) -> Callable[[PdfWriter], object]:
        def change(writer: PdfWriter) -> None:
            writer.pages[0].mediabox = RectangleObject((0, 0, side, 280))
            if unit is not None:
                writer.pages[0][NameObject("/UserUnit")] = FloatObject(unit)

        return change

    assert check(sized(14_400)) == 1
    for change in (sized(1_000_000), sized(14_400, 10)):
        with pytest.raises(PdfTooHeavy):
            check(change)


def test_a_document_without_its_end_was_cut_off() -> None:
    whole = drawing.pdf(3)
    for padding in (b"\r\n" * 100, bytes(1_000_000)):
        assert pdf.check(io.BytesIO(whole + padding)) == 3
    for cut in (whole[:-8], whole + b"x" * 5000, whole[: len(whole) // 2], bytes(600_000)):
        with pytest.raises(MaterialUnreadable):
            pdf.check(io.BytesIO(cut))


def test_a_document_that_is_something_else_as_well_is_refused() -> None:
    whole = drawing.pdf()
    archive = drawing.zipped({"a.class": b"x"})
    for second in (archive, b"<html><script>alert(1)</script>", b"\nMZ\x90"):
        with pytest.raises(FileInFile):
            pdf.check(io.BytesIO(whole + second))
    with pytest.raises(FileInFile):
        pdf.check(io.BytesIO(whole.replace(b"\n", b"\n%<script >\n", 1)))
