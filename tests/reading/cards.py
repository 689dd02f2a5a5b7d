"""Cards of 86 by 54 mm and small certificates, drawn like the real ones in layout and words."""

from PIL import Image

from tests.reading.canvas import SAMPLE, Canvas
from tests.reading.people import Someone

DOTS = 24
WIDTH, HEIGHT = 86.0, 54.0
LABEL = "#2b5c8a"


def _card(colour: str, waves: str) -> Canvas:
    card = Canvas(WIDTH, HEIGHT, DOTS, colour)
    card.waves(waves)
    card.text(WIDTH - 1.5, HEIGHT - 1.5, SAMPLE, 1.6, colour="#8a8a8a", anchor="rd")
    return card


def id_portrait(who: Someone, number: str | None = None) -> Image.Image:
    """The side of an ID card with the person; ``number`` replaces the right one."""
    card = _card("#eaf2ee", "#d3e3dc")
    for y, label, value in ((6.0, "姓名", who.name), (13.0, "性别", who.sex)):
        card.text(5, y, label, 2.9, colour=LABEL)
        card.text(15, y - 0.2, value, 3.4)
    card.text(24, 13, "民族", 2.9, colour=LABEL)
    card.text(33, 12.8, who.nation, 3.4)
    card.text(5, 20, "出生", 2.9, colour=LABEL)
    year, month, day = who.born[:4], str(int(who.born[4:6])), str(int(who.born[6:]))
    for x, words, colour in (
        (15, year, "#1c1c1c"),
        (24.5, "年", LABEL),
        (29.5, month, "#1c1c1c"),
        (34, "月", LABEL),
        (38.5, day, "#1c1c1c"),
        (43.5, "日", LABEL),
    ):
        card.text(x, 20, words, 3.0, colour=colour)
    card.text(5, 27, "住址", 2.9, colour=LABEL)
    card.lines(15, 27, who.address, 3.2, 12)
    card.text(5, 45, "公民身份号码", 2.9, colour=LABEL)
    card.text(28, 44.4, number or who.number, 3.9, gap=0)
    card.figure(59, 9, 22, 29, "#f4f7f6")
    return card.picture


def id_emblem(start: str, end: str, office: str = "示例县公安局") -> Image.Image:
    """The side of an ID card with the emblem."""
    card = _card("#f1efe6", "#e2dfcf")
    card.emblem(14, 14, 8)
    card.text(54, 10, "中华人民共和国", 5.0, anchor="ma", gap=1.2)
    card.text(54, 20, "居民身份证", 7.5, anchor="ma", gap=2.5)
    card.text(18, 39, "签发机关", 2.9, colour=LABEL)
    card.text(34, 38.8, office, 3.2)
    card.text(18, 46, "有效期限", 2.9, colour=LABEL)
    card.text(34, 45.8, f"{start}-{end}", 3.2)
    return card.picture


def residence_permit(who: Someone, until: str, lives: str) -> Image.Image:
    card = _card("#e6eef7", "#cfdcec")
    card.text(43, 3, "居 住 证", 5.0, anchor="ma", colour="#1f4f86")
    rows = (
        ("姓名", who.name),
        ("性别", f"{who.sex}    民族  {who.nation}"),
        ("出生日期", who.birthday),
        ("公民身份号码", who.number),
    )
    for number, (label, value) in enumerate(rows):
        y = 11 + number * 5.2
        card.text(4, y, label, 2.5, colour=LABEL)
        card.text(22, y - 0.2, value, 3.0)
    card.text(4, 32, "居住地址", 2.5, colour=LABEL)
    card.lines(22, 31.8, lives, 2.9, 15)
    card.text(4, 41.5, "签发机关", 2.5, colour=LABEL)
    card.text(22, 41.3, "示例县公安局", 2.9)
    card.text(4, 46.7, "有效期限", 2.5, colour=LABEL)
    card.text(22, 46.5, until, 2.9)
    card.figure(66, 10, 16.5, 21.5, "#f7fafd")
    return card.picture


def social_security_card(who: Someone) -> Image.Image:
    card = _card("#d9e8f5", "#c2d8ec")
    card.emblem(8, 7.5, 4)
    card.text(47, 3.5, "中华人民共和国社会保障卡", 4.6, anchor="ma", colour="#14406e")
    card.box(6, 17, 11, 9, fill="#d8b45a", outline="#9a7a2c")
    rows = (
        ("姓名", who.name),
        ("社会保障号码", who.number),
        ("卡号", "E51149902"),
        ("发卡机构", "示例县人力资源和社会保障局"),
        ("发卡日期", "2021年6月"),
    )
    for number, (label, value) in enumerate(rows):
        y = 16 + number * 5.6
        card.text(22, y, label, 2.5, colour=LABEL)
        card.text(39, y - 0.2, value, 2.9)
    card.text(6, 47, "示例农村商业银行", 3.2, colour="#14406e")
    return card.picture


def driving_licence(who: Someone, until: str, kind: str = "B2") -> Image.Image:
    card = Canvas(88, 60, DOTS, "#eef4ea")
    card.waves("#d9e6d2")
    card.text(44, 3, "中华人民共和国机动车驾驶证", 4.6, anchor="ma")
    card.text(30, 9.4, "证号", 2.6, colour=LABEL)
    card.text(38, 9.2, who.number, 3.2)
    card.text(4, 15, "姓名", 2.6, colour=LABEL)
    card.text(14, 14.8, who.name, 3.2)
    card.text(40, 15, "性别", 2.6, colour=LABEL)
    card.text(49, 14.8, who.sex, 3.2)
    card.text(60, 15, "国籍", 2.6, colour=LABEL)
    card.text(69, 14.8, "中国", 3.2)
    card.text(4, 21.5, "住址", 2.6, colour=LABEL)
    card.lines(14, 21.3, who.address, 3.0, 18)
    born = f"{who.born[:4]}-{who.born[4:6]}-{who.born[6:]}"
    for y, label, value in (
        (32.0, "出生日期", born),
        (37.5, "初次领证日期", "2012-06-01"),
        (43.0, "准驾车型", kind),
    ):
        card.text(26, y, label, 2.6, colour=LABEL)
        card.text(45, y - 0.2, value, 3.0)
    card.text(26, 51, "有效期限", 2.6, colour=LABEL)
    card.text(38, 50.8, f"2018-06-01 至 {until}", 3.0)
    card.square_seal(4, 34, "示例市公安局交警队")
    card.figure(67, 29, 17, 20, "#ffffff")
    card.text(86.5, 58.5, SAMPLE, 1.6, colour="#8a8a8a", anchor="rd")
    return card.picture


def transport_qualification(who: Someone, until: str) -> Image.Image:
    """The open booklet of somebody who drives for a living."""
    book = Canvas(180, 120, 16, "#f4f1e4")
    book.waves("#e6e0cb", every=4)
    book.line(90, 4, 90, 116, "#b5ae98")
    book.text(45, 8, "中华人民共和国", 5, anchor="ma")
    book.text(45, 17, "道路运输从业人员从业资格证", 5.4, anchor="ma", bold=True)
    book.figure(30, 32, 28, 36, "#ffffff")
    book.seal(62, 76, "示例县交通运输局", radius=14)
    book.text(8, 84, "证号", 3.6, colour=LABEL)
    book.text(24, 83.8, who.number, 4.0)
    book.text(8, 94, "发证机关", 3.6, colour=LABEL)
    book.text(26, 93.8, "示例县交通运输局", 4.0)
    rows = (
        ("姓名", who.name),
        ("性别", who.sex),
        ("出生日期", who.birthday),
        ("国籍", "中国"),
        ("准驾车型", "A1"),
        ("从业资格类别", "道路旅客运输驾驶员"),
        ("初次领证日期", "2019年5月20日"),
        ("有效期限", until),
    )
    for number, (label, value) in enumerate(rows):
        y = 14 + number * 10.5
        book.text(96, y, label, 3.6, colour=LABEL)
        book.text(122, y - 0.2, value, 4.0)
    book.text(96, 99, "住址", 3.6, colour=LABEL)
    book.lines(106, 98.8, who.address, 3.8, 15)
    book.text(178, 118, SAMPLE, 2.4, colour="#8a8a8a", anchor="rd")
    return book.picture


def health_certificate(who: Someone, until: str, *, sealed: bool = True) -> Image.Image:
    card = Canvas(100, 70, 20, "#f2f8f1")
    card.waves("#dfeeda")
    card.text(50, 4, "食品从业人员健康证明", 5.6, anchor="ma", bold=True, colour="#1d6b3a")
    rows = (
        ("姓名", who.name),
        ("性别", who.sex),
        ("身份证号", who.number),
        ("体检结果", "合格"),
        ("从业类别", "餐饮服务"),
        ("发证日期", "2025年9月12日"),
        ("有效期至", until),
        ("发证单位", "示例县疾病预防控制中心"),
    )
    for number, (label, value) in enumerate(rows):
        y = 14 + number * 6.4
        card.text(6, y, label, 3.0, colour=LABEL)
        card.text(22, y - 0.2, value, 3.4)
    card.figure(74, 14, 20, 26, "#ffffff")
    if sealed:
        card.seal(76, 53, "示例县疾病预防控制中心", radius=11)
    card.text(98.5, 68.5, SAMPLE, 2.0, colour="#8a8a8a", anchor="rd")
    return card.picture


def portrait(paper: str = "#fdfdfd") -> Image.Image:
    """A photo of somebody without a hat, 35 by 45 mm."""
    card = Canvas(35, 45, 30, paper)
    card.figure(0, 0, 35, 45, paper)
    return card.picture
