"""The papers of the demo: real JPEG, PNG and PDF files, drawn here."""

import io

from PIL import Image, ImageDraw, ImageFilter

INK = (40, 40, 60)
ORIENTATION = 0x0112
MAKER = 0x010F


def _page(title: str, lines: list[str]) -> Image.Image:
    page = Image.new("RGB", (1240, 1754), (250, 250, 246))
    pen = ImageDraw.Draw(page)
    pen.rectangle((60, 60, 1180, 1694), outline=INK, width=4)
    pen.text((120, 120), title, fill=INK, font_size=56)
    for number, line in enumerate(lines):
        pen.text((120, 260 + 70 * number), line, fill=INK, font_size=36)
    return page


def photo(title: str, *, blurred: bool = False) -> bytes:
    """Return a JPEG as a phone takes it: turned by its orientation tag, with a maker's name."""
    page = _page(title, [f"line {number}" for number in range(1, 16)])
    if blurred:
        page = page.filter(ImageFilter.GaussianBlur(12))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[MAKER] = "Demo Phone"
    stream = io.BytesIO()
    page.rotate(90, expand=True).save(stream, "JPEG", quality=88, exif=exif)
    return stream.getvalue()


def drawing(title: str) -> bytes:
    """Return a PNG plan."""
    plan = _page(title, [])
    pen = ImageDraw.Draw(plan)
    for step in range(300, 1600, 100):
        pen.line((100, step, 1140, step + 40), fill=INK, width=3)
    stream = io.BytesIO()
    plan.save(stream, "PNG")
    return stream.getvalue()


def document(title: str, pages: int = 2) -> bytes:
    """Return a PDF of some pages."""
    sheets = [_page(f"{title} {number + 1}/{pages}", ["text"] * 5) for number in range(pages)]
    stream = io.BytesIO()
    sheets[0].save(stream, "PDF", save_all=True, append_images=sheets[1:])
    return stream.getvalue()
