"""Files that phones, scanners and offices make must be taken, within what a child may use."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from services.ports import TakenIn
from tests.uploads import drawing
from tests.uploads.drawing import chunked
from tests.uploads.register import MemoryRegister
from uploads.pipeline import LocalMaterialFiles

LIMIT = 64 * 1024 * 1024
ANY = ("jpg", "png", "pdf")


def photo(width: int, height: int) -> Image.Image:
    """Return a picture that is as hard to pack as a photo is."""
    coarse = Image.effect_noise((width // 16, height // 16), 60).resize((width, height))
    fine = Image.effect_noise((1000, 1000), 12).filter(ImageFilter.BoxBlur(1))
    fine = fine.resize((width, height), Image.Resampling.NEAREST)
    return Image.merge("RGB", (coarse, Image.blend(coarse, fine, 0.3), fine))


def with_alpha(width: int, height: int) -> Image.Image:
    made = photo(width, height).convert("RGBA")
    made.putalpha(Image.linear_gradient("L").resize((width, height)))
    return made


def palette_with_transparency() -> bytes:
    picture = drawing.document((1240, 1754)).quantize(16)
    return drawing.saved(picture, "PNG", transparency=0)


def sixteen_bits() -> bytes:
    picture = drawing.document((1240, 1754), "L").convert("I").point(lambda value: value * 256)
    return drawing.saved(picture.convert("I;16"), "PNG")


def scanned(mode: str, pages: int) -> bytes:
    """Return pages of A4 at 150 dpi as a scanner writes them: a picture to a page."""
    sheets = [drawing.document((1240, 1754), mode) for _ in range(pages)]
    target = io.BytesIO()
    sheets[0].save(target, "PDF", save_all=True, append_images=sheets[1:], resolution=150)
    return target.getvalue()


def motion_photo() -> bytes:
    video = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(range(256)) * 8000
    note = b"MotionPhoto_Data" + video + b"SEFH\x6b\x00\x00\x00\x01\x00\x00\x00SEFT"
    return drawing.saved(photo(4000, 3000), "JPEG", quality=90) + note


def burst() -> bytes:
    preview = photo(640, 480)
    return drawing.saved(photo(4000, 3000), "MPO", save_all=True, append_images=[preview])


GOOD: dict[str, tuple[Callable[[], bytes], tuple[int, int | None, int | None]]] = {
    "12 MP": (lambda: drawing.saved(photo(4000, 3000), "JPEG", quality=90), (1, 4000, 3000)),
    "48 MP": (lambda: drawing.saved(photo(8000, 6000), "JPEG"), (1, 8000, 6000)),
    "108 MP": (lambda: drawing.saved(photo(12000, 9000), "JPEG"), (1, 12000, 9000)),
    "12 MP progressive": (
        lambda: drawing.saved(photo(4000, 3000), "JPEG", progressive=True),
        (1, 4000, 3000),
    ),
    "48 MP progressive": (
        lambda: drawing.saved(photo(8000, 6000), "JPEG", progressive=True),
        (1, 8000, 6000),
    ),
    "12 MP HEIC": (lambda: drawing.heic(picture=photo(4032, 3024)), (1, 4032, 3024)),
    "24 MP HEIC": (lambda: drawing.heic(picture=photo(5712, 4284)), (1, 5712, 4284)),
    "25 MP WebP": (
        lambda: drawing.saved(with_alpha(5000, 5000), "WEBP", method=0),
        (1, 5000, 5000),
    ),
    "25 MP PNG": (
        lambda: drawing.saved(photo(5000, 5000), "PNG", compress_level=1),
        (1, 5000, 5000),
    ),
    "CMYK": (lambda: drawing.saved(photo(3000, 2000).convert("CMYK"), "JPEG"), (1, 3000, 2000)),
    "16-bit PNG": (sixteen_bits, (1, 1240, 1754)),
    "PNG with a palette": (palette_with_transparency, (1, 1240, 1754)),
    "motion photo": (motion_photo, (1, 4000, 3000)),
    "photo with a preview": (burst, (1, 4000, 3000)),
    "scan in colour": (lambda: scanned("RGB", 20), (20, None, None)),
    "scan in grey": (lambda: scanned("L", 3), (3, None, None)),
    "scan as by fax": (lambda: scanned("1", 50), (50, None, None)),
    "packed PDF": (drawing.packed_pdf, (1, None, None)),
    "200 pages": (lambda: drawing.pdf(200), (200, None, None)),
    "OFD": (lambda: drawing.ofd(200), (200, None, None)),
}


@pytest.mark.parametrize(("make", "found"), GOOD.values(), ids=GOOD.keys())
async def test_a_good_file_is_taken(
    tmp_path: Path, make: Callable[[], bytes], found: tuple[int, int | None, int | None]
) -> None:
    files = LocalMaterialFiles.under(tmp_path, MemoryRegister(), reserve_bytes=0)
    try:
        taken = await take(files, make())
    finally:
        await files.close()
    assert (taken.pages, taken.width, taken.height) == found


async def take(files: LocalMaterialFiles, data: bytes) -> TakenIn:
    return await files.take_in(chunked(data, 1 << 20), max_bytes=LIMIT, formats=ANY)
