"""The rules for pictures. Files that could do harm are left to the child (test_inspect.py)."""

import io
from typing import Any

import pytest
from PIL import Image

from services.errors import MaterialUnreadable
from tests.uploads import drawing
from uploads import pictures
from uploads.kinds import HEAD_BYTES, Kind, kind_of
from uploads.refusals import PictureAnimated, PictureTooManyPixels

DARK, BRIGHT = 60, 200


class Copies:
    """What an inspection found and wrote."""

    def __init__(self, data: bytes) -> None:
        kind = kind_of(data[:HEAD_BYTES])
        assert kind is not None
        working, thumbnail = io.BytesIO(), io.BytesIO()
        self.found: dict[str, Any] = pictures.inspect(
            io.BytesIO(data), kind.value, working, thumbnail
        )
        self.working, self.thumbnail = working.getvalue(), thumbnail.getvalue()

    def pixels(self) -> Image.Image:
        return Image.open(io.BytesIO(self.working)).convert("L")


def test_a_photo() -> None:
    copies = Copies(drawing.jpeg((1000, 600)))
    assert copies.found == {"pages": 1, "width": 1000, "height": 600, "working_mime": "image/jpeg"}
    with Image.open(io.BytesIO(copies.thumbnail)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("JPEG", (480, 288))
    assert copies.pixels().size == (1000, 600)


# Where the black corner must be on a picture that is 300 wide and 200 high before it is turned.
@pytest.mark.parametrize(
    ("orientation", "size", "dark"),
    [
        (1, (300, 200), (10, 10)),
        (2, (300, 200), (290, 10)),
        (3, (300, 200), (290, 190)),
        (4, (300, 200), (10, 190)),
        (5, (200, 300), (10, 10)),
        (6, (200, 300), (190, 10)),
        (7, (200, 300), (190, 290)),
        (8, (200, 300), (10, 290)),
        (77, (300, 200), (10, 10)),
    ],
)
def test_orientation_is_applied(
    orientation: int, size: tuple[int, int], dark: tuple[int, int]
) -> None:
    data = drawing.jpeg((300, 200), exif=drawing.canary_exif(orientation))
    copies = Copies(data)
    assert (copies.found["width"], copies.found["height"]) == size
    pixels = copies.pixels()
    assert pixels.size == size
    corners = [(x, y) for x in (10, size[0] - 10) for y in (10, size[1] - 10)]
    for corner in corners:
        value = pixels.getpixel(corner)
        assert isinstance(value, int | float)
        assert (value < DARK) == (corner == dark)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_no_metadata_in_the_copies(name: str) -> None:
    data = drawing.talkative(name)
    canary = drawing.CANARY.encode()
    assert canary in data
    copies = Copies(data)
    for copy in (copies.working, copies.thumbnail):
        assert canary not in copy
        with Image.open(io.BytesIO(copy)) as image:
            image.load()
            # What is left is what the JPEG header itself says.
            assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
            assert not image.getexif()


def test_a_small_png_stays_png_and_a_large_one_does_not() -> None:
    assert Copies(drawing.png()).found["working_mime"] == "image/png"
    large = Copies(drawing.png((2000, 1500)))
    assert large.found["working_mime"] == "image/jpeg"
    assert kind_of(large.working) is Kind.JPEG


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png_is_still_seen(mode: str) -> None:
    picture = drawing.document(mode="L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = picture.convert("I").point(lambda value: value * 256).convert("I;16")
    pixels = Copies(drawing.saved(picture, "PNG")).pixels()
    dark, bright = pixels.getpixel((5, 5)), pixels.getpixel((300, 60))
    assert isinstance(dark, int | float) and isinstance(bright, int | float)
    assert dark < DARK and bright > BRIGHT


def test_transparency_becomes_paper() -> None:
    clear = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    assert Copies(drawing.saved(clear, "PNG")).pixels().getextrema() == (255, 255)


def test_cmyk() -> None:
    data = drawing.saved(drawing.document(mode="CMYK"), "JPEG")
    pixels = Copies(data).pixels()
    bright = pixels.getpixel((300, 60))
    assert isinstance(bright, int | float) and bright > BRIGHT


def test_a_long_picture_is_reduced() -> None:
    copies = Copies(drawing.jpeg((9000, 300)))
    assert (copies.found["width"], copies.found["height"]) == (9000, 300)
    assert copies.pixels().size == (4096, 137)


@pytest.mark.parametrize("name", ["PNG", "WEBP"])
def test_animations_are_refused(name: str) -> None:
    with pytest.raises(PictureAnimated):
        Copies(drawing.animated(name))


def test_of_a_photo_with_a_preview_the_first_counts() -> None:
    data = drawing.animated("MPO")
    copies = Copies(data)
    assert copies.pixels().size == (320, 200)
    dark = copies.pixels().getpixel((10, 10))
    assert isinstance(dark, int | float) and dark < DARK


@pytest.mark.parametrize(
    "data",
    [
        drawing.huge_canvas(6300, 6300),
        drawing.huge_canvas(65_000, 65_000),
        drawing.huge_canvas(6300, 6300) + bytes(1_000_000),
        drawing.heic_claiming(5001, 5000),
        drawing.png((5010, 5010), "1"),
        drawing.saved(Image.new("L", (20_000, 10_000), "white"), "JPEG"),
    ],
    ids=[
        "tiny file",
        "largest canvas",
        "tiny file with a tail",
        "25.005 MP HEIC",
        "25.1 MP PNG",
        "200 MP JPEG",
    ],
)
def test_too_many_pixels(data: bytes) -> None:
    with pytest.raises(PictureTooManyPixels):
        Copies(data)


def test_too_many_scans() -> None:
    with pytest.raises(MaterialUnreadable):
        Copies(drawing.scan_bomb(200))


def test_a_usual_progressive_photo_is_taken() -> None:
    assert Copies(drawing.jpeg(progressive=True)).found["pages"] == 1


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_metadata_does_not_spoil_a_photo() -> None:
    data = drawing.jpeg(exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert Copies(data).found["width"] == 320
