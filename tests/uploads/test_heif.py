import io
import struct

import pytest
from PIL import Image

from services.errors import MaterialUnreadable
from tests.uploads import drawing
from uploads import pictures
from uploads.blocks import Blocks
from uploads.heif import end_of, opened
from uploads.refusals import PictureTooManyPixels


def test_a_photo_loses_what_it_tells_and_keeps_what_it_shows() -> None:
    data = drawing.heic((1000, 600))
    assert drawing.CANARY.encode() in data
    working, thumbnail = io.BytesIO(), io.BytesIO()
    found = pictures.inspect(io.BytesIO(data), "image/heic", working, thumbnail)
    assert found == {"pages": 1, "width": 1000, "height": 600, "working_mime": "image/jpeg"}
    for copy in (working, thumbnail):
        assert drawing.CANARY.encode() not in copy.getvalue()
        with Image.open(copy) as seen:
            assert not seen.getexif()
            assert "icc_profile" not in seen.info
    with Image.open(working) as seen:
        corner = seen.convert("L")
        assert seen.size == (1000, 600)
        dark, bright = corner.getpixel((10, 10)), corner.getpixel((900, 50))
        assert isinstance(dark, int | float) and isinstance(bright, int | float)
        assert dark < 60 and bright > 200


def test_transparency_becomes_paper() -> None:
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    working = io.BytesIO()
    data = drawing.heic(picture=clear)
    pictures.inspect(io.BytesIO(data), "image/heic", working, io.BytesIO())
    with Image.open(working) as seen:
        assert seen.convert("L").getextrema()[0] > 250  # type: ignore[operator]


def test_a_header_that_claims_too_much_is_refused_before_decoding() -> None:
    for size in ((5001, 5000), (65_000, 65_000), (2**31 - 1, 1)):
        with pytest.raises((PictureTooManyPixels, MaterialUnreadable, ValueError)):
            opened(io.BytesIO(drawing.heic_claiming(*size)))


def boxes(data: bytes) -> list[tuple[bytes, int, int]]:
    found, position = [], 0
    while position < len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        found.append((data[position + 4 : position + 8], position, size))
        position += size
    return found


@pytest.mark.parametrize("size", [2**32 - 1, 2**31, 7, 2])
def test_absurd_lengths_are_refused(size: int) -> None:
    good = drawing.heic()
    for _name, place, _size in boxes(good):
        bad = good[:place] + struct.pack(">I", size) + good[place + 4 :]
        with pytest.raises(MaterialUnreadable):
            opened(io.BytesIO(bad))


def test_a_length_of_64_bits_is_read() -> None:
    good = drawing.heic()
    name, place, size = boxes(good)[-1]
    assert name == b"mdat"
    content = good[place + 8 :]
    long = struct.pack(">I4sQ", 1, b"mdat", size + 8) + content
    assert end_of(Blocks(io.BytesIO(good[:place] + long))) == len(good) + 8
    absurd = struct.pack(">I4sQ", 1, b"mdat", 2**63) + content
    with pytest.raises(MaterialUnreadable):
        end_of(Blocks(io.BytesIO(good[:place] + absurd)))


def test_a_cut_is_refused() -> None:
    good = drawing.heic()
    for length in range(16, len(good), len(good) // 12):
        with pytest.raises((MaterialUnreadable, ValueError, EOFError, OSError)):
            opened(io.BytesIO(good[:length]))


def test_a_video_behind_the_photo_is_no_part_of_it() -> None:
    good = drawing.heic()
    video = struct.pack(">I4s", 8 + 4000, b"mpvd") + bytes(4000)
    assert opened(io.BytesIO(good + video + b"SEFH\x00\x00SEFT")).width == 320
    assert end_of(Blocks(io.BytesIO(good + video + b"SEFH\xff\xff\xff\xff"))) == len(good + video)
