import io

import pytest
from PIL import Image, ImageChops

from services.errors import MaterialUnreadable
from tests.uploads import drawing
from uploads import copies, png, webp
from uploads.blocks import Blocks
from uploads.opening import Drawn, Raw, fitted
from uploads.refusals import PictureAnimated


def noise(size: tuple[int, int]) -> Image.Image:
    return Image.effect_noise((size[0] // 10, size[1] // 10), 60).convert("RGB").resize(size)


@pytest.mark.parametrize("size", [(5000, 900), (900, 5000), (4097, 4096)])
def test_bands_give_what_the_whole_would_give(size: tuple[int, int]) -> None:
    picture = noise(size)
    made = copies.clean(Drawn(picture))
    whole = picture.resize(fitted(*size, 4096), Image.Resampling.BICUBIC)
    assert made.size == whole.size
    apart = ImageChops.difference(made.convert("L"), whole.convert("L")).getextrema()
    # Rounding differs where a band begins; a seam would differ by ten times that.
    assert apart[1] <= 2  # type: ignore[operator]


def test_rows_of_another_decoder_are_the_same_rows() -> None:
    picture = noise((5000, 700))
    raw = Raw("RGB", picture.size, bytearray(picture.tobytes()), 5000 * 3)
    assert copies.clean(raw).tobytes() == copies.clean(Drawn(picture)).tobytes()


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA", "P"])
def test_transparency_is_paper_in_every_band(mode: str) -> None:
    clear = Image.new("RGBA", (300, 1500), (0, 0, 0, 0)).convert(mode)
    if mode == "P":
        clear.info["transparency"] = clear.getpixel((0, 0))
    assert copies.clean(Drawn(clear)).convert("L").getextrema() == (255, 255)


def test_a_webp_tells_its_orientation_and_its_end() -> None:
    data = drawing.saved(drawing.document(), "WEBP", exif=drawing.canary_exif(6).tobytes())
    assert webp.survey(Blocks(io.BytesIO(data + b"tail"))) == (len(data), 6)


@pytest.mark.parametrize("lossless", [False, True])
def test_a_webp_is_decoded_as_pillow_would(lossless: bool) -> None:
    picture = noise((640, 480)).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((640, 480)))
    data = drawing.saved(picture, "WEBP", lossless=lossless, exact=True)
    rows = webp.opened(io.BytesIO(data)).rows
    with Image.open(io.BytesIO(data)) as seen:
        assert rows.band(0, 480).convert("RGBA").tobytes() == seen.convert("RGBA").tobytes()


def test_a_webp_that_lies_is_refused() -> None:
    good = drawing.saved(drawing.document(), "WEBP")
    for place, value in ((4, 2**32 - 1), (4, 4), (4, len(good) - 40), (16, 2**31)):
        bad = good[:place] + value.to_bytes(4, "little") + good[place + 4 :]
        with pytest.raises(MaterialUnreadable):
            webp.opened(io.BytesIO(bad))
    with pytest.raises(PictureAnimated):
        webp.opened(io.BytesIO(drawing.animated("WEBP")))


def test_a_png_ends_with_its_end() -> None:
    good = drawing.png()
    assert png.end_of(Blocks(io.BytesIO(good + b"tail"))) == len(good)
    for bad in (good[:-1], good[:-12], good[:100], good[:8] + b"\xff" * 8 + good[16:]):
        with pytest.raises(MaterialUnreadable):
            png.end_of(Blocks(io.BytesIO(bad)))
    chunk = bytes(4) + b"teSt" + bytes(4)
    with pytest.raises(MaterialUnreadable):
        png.end_of(Blocks(io.BytesIO(good[:33] + chunk * png.MAX_CHUNKS + good[33:])))
