"""The papers of the demo: real JPEG, PNG and PDF files, drawn here."""

import io
import math

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from pylopdf_fonts_zh_cn import sans_path

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


LICENCE = (
    ("统一社会信用代码", "91511499MA0000001X"),
    ("名称", "示例县通达市政工程有限公司"),
    ("类型", "有限责任公司"),
    ("法定代表人", "王建国"),
    ("住所", "示例县人民路66号"),
    ("成立日期", "2018年05月04日"),
    ("营业期限", "长期"),
)
BUSINESS = LICENCE[1][1]


def licence(*, blurred: bool = False) -> bytes:
    """Return a photo of a business licence (a sample, with a red seal), lying on a table."""
    page = Image.new("RGB", (2000, 1500), (252, 250, 240))
    pen = ImageDraw.Draw(page)
    pen.rectangle((40, 40, 1960, 1460), outline=(180, 60, 40), width=10)
    pen.text((760, 110), "营业执照", fill=(20, 20, 20), font=_font(120))
    pen.text((820, 270), "(模拟样本)", fill=(120, 120, 120), font=_font(48))
    for number, (label, value) in enumerate(LICENCE):
        pen.text((180, 400 + 110 * number), label, fill=(60, 60, 60), font=_font(52))
        pen.text((720, 400 + 110 * number), value, fill=(20, 20, 20), font=_font(52))
    _seal(pen, (1620, 1200), "示例县市场监督管理局")
    table = Image.new("RGB", (2600, 2000), (96, 78, 60))
    table.paste(page, (300, 250))
    if blurred:
        table = table.filter(ImageFilter.GaussianBlur(40))
    stream = io.BytesIO()
    table.save(stream, "JPEG", quality=88)
    return stream.getvalue()


def _seal(pen: ImageDraw.ImageDraw, at: tuple[int, int], name: str) -> None:
    left, top, red = at[0] - 190, at[1] - 190, (210, 40, 40)
    pen.ellipse((left, top, left + 380, top + 380), outline=red, width=12)
    pen.text(at, "★", fill=red, font=_font(120), anchor="mm")
    for number, sign in enumerate(name):
        turn = math.pi * (0.95 + 1.1 * number / (len(name) - 1))
        place = (at[0] + 145 * math.cos(turn), at[1] + 145 * math.sin(turn))
        pen.text(place, sign, fill=red, font=_font(40), anchor="mm")


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(sans_path()), size)


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
