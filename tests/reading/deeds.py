"""Sheets that citizens bring from elsewhere: contracts, receipts, forms that they filled in."""

from PIL import Image

from tests.reading.canvas import sheet_of
from tests.reading.people import Someone

_CLAUSES = (
    (
        "第一条 房屋基本情况",
        "出卖人所售房屋坐落于示例县城关镇人民路218号2栋3单元501室,建筑面积98.35平方米。",
    ),
    ("第二条 成交价款", "经双方协商一致,该房屋成交价款为人民币肆拾贰万元整(420000元)。"),
    ("第三条 付款方式", "买受人于本合同签订之日支付定金贰万元,余款于办理转移登记当日付清。"),
    ("第四条 房屋交付", "出卖人应于2026年5月31日前将房屋交付买受人使用,并结清水电气等费用。"),
    ("第五条 权属登记", "双方应于合同签订后三十日内共同申请办理不动产转移登记手续。"),
    ("第六条 违约责任", "任何一方不履行本合同约定义务的,应向对方支付成交价款百分之五的违约金。"),
)


def sale_contract(seller: Someone, buyer: Someone) -> list[Image.Image]:
    """Three pages, numbered at their feet."""
    pages = []
    for number in (1, 2, 3):
        sheet = sheet_of()
        y = 24.0
        if number == 1:
            sheet.text(105, 24, "存量房买卖合同", 10, anchor="ma", bold=True)
            y = 50.0
            for label, who in (("甲方(出卖人)", seller), ("乙方(买受人)", buyer)):
                sheet.text(22, y, f"{label}: {who.name}", 4.8)
                sheet.text(22, y + 9, f"公民身份号码: {who.number}", 4.8)
                y += 24
        for title, words in _CLAUSES[(number - 1) * 2 : number * 2]:
            sheet.text(22, y, title, 5, bold=True)
            y = sheet.lines(22, y + 10, words, 4.8, 33) + 8
        if number == 3:
            sheet.text(22, 190, f"甲方(签字): {seller.name}", 5)
            sheet.text(22, 204, f"乙方(签字): {buyer.name}", 5)
            sheet.text(22, 218, "签订日期: 2026年03月10日", 5)
        sheet.text(105, 280, f"第{number}页 共3页", 4.4, anchor="ma")
        pages.append(sheet.picture)
    return pages


def tax_receipt(who: Someone) -> Image.Image:
    sheet = sheet_of(210, 140, "#fbfaf4")
    sheet.text(105, 8, "中华人民共和国", 5, anchor="ma")
    sheet.text(105, 16, "税收完税证明", 9, anchor="ma", bold=True)
    sheet.text(140, 32, "No. 351146260300000123", 4)
    sheet.text(16, 32, "填发日期: 2026年03月18日", 4)
    end = sheet.table(
        14,
        40,
        [36, 56, 30, 58],
        [
            ["纳税人识别号", who.number, "纳税人名称", who.name],
        ],
        height=11,
    )
    end = sheet.table(
        14,
        end,
        [36, 38, 48, 58],
        [
            ["税种", "品目名称", "税款所属时期", "实缴(退)金额"],
            ["契税", "存量房", "2026-03-18", "4200.00"],
            ["印花税", "产权转移书据", "2026-03-18", "0.00"],
        ],
        height=11,
    )
    sheet.table(14, end, [36, 144], [["金额合计", "肆仟贰佰元整 ¥4200.00"]], height=11)
    sheet.text(20, 108, "税务机关(盖章)", 4.4)
    sheet.text(90, 108, "填票人: 电子税务局", 4.4)
    sheet.seal(50, 116, "国家税务总局示例县税务局", radius=18, middle="征税专用章")
    sheet.text(90, 122, "妥善保管、手写无效", 4)
    return sheet.picture


def application_form(who: Someone) -> Image.Image:
    sheet = sheet_of()
    sheet.text(105, 22, "食品经营许可申请表", 9, anchor="ma", bold=True)
    sheet.table(
        18,
        44,
        [40, 52, 34, 48],
        [
            ["申请人", who.name, "性别", who.sex],
            ["公民身份号码", who.number, "联系电话", "13900000018"],
        ],
        height=14,
    )
    sheet.table(
        18,
        72,
        [40, 134],
        [
            ["申请事项", "食品经营许可(新办)"],
            ["经营场所", "示例县城关镇人民路220号一层"],
            ["主体业态", "餐饮服务经营者"],
            ["经营项目", "热食类食品制售"],
            ["从业人数", "4人"],
        ],
        height=14,
    )
    promise = "本人承诺所填写的内容和提交的材料真实、有效,并承担相应的法律责任。"
    sheet.lines(20, 156, promise, 4.8, 33)
    sheet.text(110, 190, f"申请人签名: {who.name}", 4.8)
    sheet.text(110, 204, "2026年03月02日", 4.8)
    return sheet.picture
