import io

import pytest
from PIL import Image

from services.errors import MaterialUnreadable
from tests.uploads import drawing
from uploads.blocks import Blocks
from uploads.jpeg import MAX_COEFFICIENT_BYTES, MAX_SEGMENTS, Survey, opened, survey
from uploads.refusals import PictureTooManyPixels


def seen(data: bytes, at_most: int = 100) -> Survey:
    return survey(Blocks(io.BytesIO(data)), at_most)


def test_baseline_has_one_scan() -> None:
    data = drawing.jpeg()
    scans = seen(data)
    assert (scans.scans, scans.in_parts, scans.end) == (1, False, len(data))
    assert 0 < scans.size < len(data)


def test_progressive_scans_are_counted() -> None:
    good = drawing.jpeg(progressive=True)
    number = good.count(b"\xff\xda")
    assert number > 1
    assert (seen(good).scans, seen(good).in_parts) == (number, True)
    assert seen(drawing.scan_bomb(50), 1000).scans == number + 50
    assert seen(drawing.scan_bomb(5000)).scans == 101


def test_what_is_no_scan_does_not_count() -> None:
    fake = b"\xff\xda" * 500
    commented = drawing.jpeg(comment=fake)
    there, plain = seen(commented + fake), seen(drawing.jpeg())
    assert (there.scans, there.size, there.end) == (plain.scans, plain.size, len(commented))


def test_nothing_to_see() -> None:
    assert seen(b"") == Survey()
    assert seen(b"\xff\xd8\xff\xe0").scans == 0


@pytest.mark.parametrize("cut", [1, 2, 100])
def test_a_photo_without_its_end_is_cut_off(cut: int) -> None:
    data = drawing.jpeg()[:-cut]
    assert seen(data).end is None
    with pytest.raises(MaterialUnreadable):
        opened(io.BytesIO(data))


def test_what_decoding_in_parts_takes_is_told_by_the_header() -> None:
    """T.81, A.2.4: colour at half the size is padded to whole blocks, two bytes a coefficient."""
    data = drawing.saved(Image.new("RGB", (1001, 500)), "JPEG", progressive=True, subsampling=2)
    grey, colour = 126 * 63, 63 * 32
    assert seen(data).coefficients == (grey + 2 * colour) * 64 * 2
    full = drawing.saved(Image.new("RGB", (1001, 500)), "JPEG", progressive=True, subsampling=0)
    assert seen(full).coefficients == 3 * 126 * 63 * 64 * 2


def test_a_picture_in_parts_must_fit_into_memory_and_a_plain_one_need_not() -> None:
    noise = Image.effect_noise((64, 64), 60).convert("RGB").resize((8000, 8000))
    parts = drawing.saved(noise, "JPEG", progressive=True, subsampling=2)
    assert seen(parts).coefficients == 8000 * 8000 * 3 > MAX_COEFFICIENT_BYTES
    with pytest.raises(PictureTooManyPixels):
        opened(io.BytesIO(parts))
    plain = drawing.saved(noise, "JPEG", subsampling=2)
    assert opened(io.BytesIO(plain)).rows.size == (4000, 4000)


def test_more_segments_than_a_photo_has_are_refused() -> None:
    data = drawing.jpeg()
    padded = data[:2] + b"\xff\xfe\x00\x02" * MAX_SEGMENTS + data[2:]
    with pytest.raises(MaterialUnreadable):
        opened(io.BytesIO(padded))
