"""Sheets that authorities and institutions issue: licences, registers, certificates, reports."""

import io

import segno
from PIL import Image

from tests.reading.canvas import SAMPLE, Canvas, sheet_of
from tests.reading.people import Firm, Someone


def business_licence(firm: Firm, *, since: str = "2021年03月15日") -> Image.Image:
    sheet = sheet_of(297, 210, "#fdf9ec")
    sheet.waves("#f3ead0", every=5)
    sheet.box(6, 6, 285, 198, outline="#c9a24a", rule=2)
    sheet.emblem(148, 30, 13)
    sheet.text(148, 48, "营业执照", 17, serif=True, anchor="ma", gap=5, bold=True)
    sheet.text(148, 71, "(副 本)", 6, serif=True, anchor="ma")
    sheet.text(18, 50, "统一社会信用代码", 4.6, bold=True)
    sheet.text(18, 58, firm.code, 5.4)
    _code(sheet, 240, 24, f"https://zhizhao.example.cn/{firm.code}", 34)
    left = (
        ("名    称", firm.name),
        ("类    型", "个体工商户"),
        ("经 营 者", firm.owner),
        ("经营范围", "餐饮服务;食品销售"),
    )
    for number, (label, value) in enumerate(left):
        sheet.text(22, 92 + number * 15, label, 5, bold=True)
        sheet.text(50, 92 + number * 15, value, 5)
    right = (("组成形式", "个人经营"), ("注册日期", since))
    for number, (label, value) in enumerate(right):
        sheet.text(160, 92 + number * 15, label, 5, bold=True)
        sheet.text(188, 92 + number * 15, value, 5)
    sheet.text(160, 122, "经营场所", 5, bold=True)
    sheet.lines(188, 122, firm.premises, 5, 16)
    sheet.text(178, 164, "登记机关", 6, bold=True)
    sheet.seal(236, 164, "示例县市场监督管理局", radius=20)
    sheet.text(200, 182, "2021 年 03 月 15 日", 5)
    sheet.text(
        16, 196, "市场主体应当于每年1月1日至6月30日通过国家企业信用信息公示系统报送年度报告", 3
    )
    return sheet.picture


def _code(sheet: Canvas, x: float, y: float, words: str, side: float) -> None:
    target = io.BytesIO()
    segno.make(words, error="m").save(target, kind="png", scale=12, border=2)
    pixels = round(side * sheet.dots)
    code = Image.open(target).convert("RGB").resize((pixels, pixels), Image.Resampling.NEAREST)
    sheet.picture.paste(code, (round(x * sheet.dots), round(y * sheet.dots)))


def household_cover(head: Someone) -> Image.Image:
    sheet = Canvas(143, 105, 16, "#f7efe3")
    sheet.text(71, 6, "居民户口簿首页", 6, anchor="ma", bold=True)
    sheet.table(
        8,
        18,
        [26, 38, 26, 38],
        [
            ["户别", "家庭户口", "户主姓名", head.name],
            ["户号", "511499020013", "住址", "见下"],
        ],
    )
    sheet.text(9.5, 41, "住址", 3.7)
    sheet.text(24, 41, head.address, 4)
    sheet.box(8, 36, 128, 14, outline="#1c1c1c")
    sheet.text(14, 60, "省级公安机关户口专用章", 3.4)
    sheet.text(80, 60, "户口登记机关户口专用章", 3.4)
    sheet.seal(34, 74, "示例省公安厅", radius=13, middle="户口专用章")
    sheet.seal(102, 74, "示例县公安局城关派出所", radius=13, middle="户口专用章")
    sheet.text(8, 96, "承办人签章", 3.4)
    sheet.text(78, 96, "2018年4月2日签发", 3.6)
    sheet.text(139, 103, SAMPLE, 2.4, colour="#8a8a8a", anchor="rd")
    return sheet.picture


def household_member(who: Someone, relation: str = "户主") -> Image.Image:
    sheet = Canvas(143, 105, 16, "#f7efe3")
    sheet.text(71, 4, "常住人口登记卡", 6, anchor="ma", bold=True, gap=2)
    end = sheet.table(
        6,
        14,
        [30, 36, 32, 33],
        [
            ["姓名", who.name, "户主或与户主关系", relation],
            ["曾用名", "", "性别", who.sex],
            ["出生地", "示例省示例县", "民族", who.nation],
            ["籍贯", "示例省示例县", "出生日期", who.birthday],
        ],
        height=8,
    )
    end = sheet.table(
        6,
        end,
        [48, 83],
        [
            ["本市(县)其他住址", ""],
            ["公民身份号码", who.number],
        ],
        height=8,
    )
    end = sheet.table(
        6,
        end,
        [24, 41, 26, 40],
        [
            ["文化程度", "大学本科", "婚姻状况", "已婚"],
            ["服务处所", "个体", "职业", "厨师"],
        ],
        height=8,
    )
    sheet.table(6, end, [60, 71], [["何时由何地迁来本市(县)", ""]], height=8)
    sheet.text(8, 97, "承办人签章", 3.4)
    sheet.text(70, 97, "登记日期 2018年4月2日", 3.6)
    sheet.seal(118, 88, "示例县公安局城关派出所", radius=12, middle="户口专用章")
    sheet.text(139, 104, SAMPLE, 2.4, colour="#8a8a8a", anchor="rd")
    return sheet.picture


def property_certificate(who: Someone) -> Image.Image:
    """The open certificate: the page that grants it and the page that says what is owned."""
    sheet = sheet_of(280, 200, "#fbf6ee")
    sheet.waves("#f1e6d8", every=5)
    sheet.line(140, 6, 140, 194, "#bfae98")
    sheet.text(70, 30, "不动产权证书", 12, serif=True, anchor="ma", colour="#8c1d22", bold=True)
    granted = "根据《中华人民共和国民法典》等法律法规,为保护不动产权利人合法权益,对不动产权利人"
    granted += "申请登记的本证所列不动产权利,经审查核实,准予登记,颁发此证。"
    sheet.lines(18, 62, granted, 4.6, 22)
    sheet.text(60, 130, "登记机构(章)", 4.8)
    sheet.text(60, 146, "2021年08月26日", 4.8)
    sheet.seal(84, 136, "示例县自然资源局", radius=19, middle="不动产登记专用章")
    sheet.text(210, 12, "川(2021)示例县不动产权第0001234号", 4.8, anchor="ma")
    sheet.table(
        148,
        24,
        [30, 94],
        [
            ["权利人", who.name],
            ["共有情况", "单独所有"],
            ["坐落", "示例县城关镇人民路218号2栋3单元501室"],
            ["不动产单元号", "511499 001001 GB00001 F00010001"],
            ["权利类型", "国有建设用地使用权/房屋所有权"],
            ["权利性质", "出让/市场化商品房"],
            ["用途", "城镇住宅用地/住宅"],
            ["面积", "房屋建筑面积 98.35平方米"],
            ["使用期限", "2010年5月1日起2080年4月30日止"],
            ["权利其他状况", ""],
        ],
        height=14,
    )
    return sheet.picture


def diagnosis(who: Someone, *, sealed: bool = True) -> Image.Image:
    sheet = sheet_of(210, 148)
    sheet.text(105, 10, "示例县人民医院", 8, anchor="ma", bold=True)
    sheet.text(105, 22, "疾病诊断证明书", 7, anchor="ma", bold=True, gap=1.5)
    for x, words in (
        (14, f"姓名: {who.name}"),
        (66, f"性别: {who.sex}"),
        (104, "年龄: 36岁"),
        (144, "科别: 心血管内科"),
    ):
        sheet.text(x, 38, words, 4.4)
    sheet.text(14, 48, f"身份证号: {who.number}", 4.4)
    sheet.text(130, 48, "门诊号: 20260118", 4.4)
    sheet.line(12, 56, 198, 56)
    sheet.text(14, 62, "临床诊断:", 4.6, bold=True)
    sheet.text(20, 71, "1. 高血压病3级(很高危)    2. 2型糖尿病", 4.6)
    sheet.text(14, 84, "处理意见:", 4.6, bold=True)
    sheet.text(20, 93, "长期门诊服药治疗,定期复查,建议办理门诊慢特病。", 4.6)
    sheet.text(14, 116, "医师签名: 唐立群", 4.6)
    sheet.text(120, 116, "(盖章)", 4.6)
    sheet.text(120, 126, "2026年01月18日", 4.6)
    if sealed:
        sheet.seal(152, 116, "示例县人民医院", radius=18, middle="诊断证明专用章")
    return sheet.picture


def inspection_report(firm: Firm, *, sealed: bool = True) -> Image.Image:
    sheet = sheet_of()
    sheet.text(20, 16, "CMA", 9, colour="#b0302a", bold=True)
    sheet.text(20, 27, "231499050099", 3.6)
    sheet.text(105, 34, "检 测 报 告", 12, anchor="ma", bold=True)
    sheet.text(105, 52, "报告编号: SL-2026-0312", 4.4, anchor="ma")
    end = sheet.table(
        18,
        66,
        [40, 134],
        [
            ["样品名称", "公共场所室内空气"],
            ["受检单位", firm.name],
            ["检测类别", "委托检测"],
            ["检测依据", "GB/T 18204.2-2014"],
            ["采样日期", "2026年02月20日"],
        ],
        height=12,
    )
    end = sheet.table(
        18,
        end + 10,
        [40, 44, 46, 44],
        [
            ["检测项目", "标准限值", "检测结果", "单项判定"],
            ["二氧化碳", "0.10%", "0.06%", "合格"],
            ["甲醛", "0.10mg/m3", "0.03mg/m3", "合格"],
            ["细菌总数", "4000CFU/m3", "950CFU/m3", "合格"],
        ],
        height=12,
    )
    sheet.text(20, end + 14, "检测结论: 所检项目符合标准要求。", 4.8)
    sheet.text(24, 244, "编制: 罗子涵    审核: 邓明    批准: 杨帆", 4.4)
    sheet.text(116, 258, "示例检测技术有限公司", 4.6)
    sheet.text(116, 268, "2026年02月27日", 4.6)
    if sealed:
        sheet.seal(150, 260, "示例检测技术有限公司", radius=20, middle="检测专用章")
    return sheet.picture
