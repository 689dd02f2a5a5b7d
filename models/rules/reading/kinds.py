"""Which kind of document a page is, told by the words that are printed on every one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.rules.reading.documents import DocumentKind
from models.rules.reading.text import plain, whole
from models.rules.reading.values import PageReading

CERTAIN = 3
"""Points from which on a kind is believed; one title is enough, or three of its labels."""
_TITLE, _LABEL = 3, 1
_TITLE_LINES = 8
"""A title stands at the head; a contract may name a licence further down."""
FEW_LINES = 2
"""A portrait has no text, save what a photographer's watermark adds."""

_K = DocumentKind


@dataclass(frozen=True)
class Signs:
    """What is printed on a kind: titles (one says it), labels (three do), and what it never has."""

    titles: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


# fmt: off
_SIGNS: Mapping[DocumentKind, Signs] = MappingProxyType({
    _K.ID_CARD_PORTRAIT: Signs(
        ("公民身份号码",), ("姓名", "性别", "民族", "出生", "住址"),
        ("登记卡", "户口", "驾驶证", "居住证", "申请", "从业资格")),
    _K.ID_CARD_EMBLEM: Signs(
        ("居民身份证",), ("签发机关", "有效期限", "中华人民共和国"),
        ("公民身份号码", "申请", "委托", "合同", "登记")),
    _K.BUSINESS_LICENCE: Signs(
        ("营业执照",), ("统一社会信用代码", "法定代表人", "经营者", "经营范围", "成立日期",
                     "注册资本", "登记机关", "经营场所"), ("申请", "合同")),
    _K.HOUSEHOLD_COVER: Signs(
        ("居民户口簿", "户口簿"), ("户别", "户主姓名", "户号", "住址变动"), ("登记卡", "申请")),
    _K.HOUSEHOLD_MEMBER: Signs(
        ("常住人口登记卡",), ("户主或与户主关系", "曾用名", "出生地", "籍贯", "何时由何地迁来"),
        ("申请",)),
    _K.DRIVING_LICENCE: Signs(
        ("机动车驾驶证",), ("准驾车型", "初次领证日期", "有效期限", "证号"), ("申请", "登记表")),
    _K.TRANSPORT_QUALIFICATION: Signs(
        ("从业资格证",), ("从业资格类别", "从业资格证号", "初次领证", "发证机关"),
        ("登记表", "申请")),
    _K.PROPERTY_CERTIFICATE: Signs(
        ("不动产权证书", "不动产权第"), ("权利人", "共有情况", "坐落", "不动产单元号", "权利类型",
                                "权利性质", "使用期限"), ("申请书", "买卖合同")),
    _K.RESIDENCE_PERMIT: Signs(
        ("居住证",), ("居住地址", "签发机关", "公民身份号码", "户籍地址"), ("申请",)),
    _K.SOCIAL_SECURITY_CARD: Signs(
        ("社会保障卡",), ("社会保障号码", "卡号", "发卡机构", "银行"), ("申请",)),
    _K.HEALTH_CERTIFICATE: Signs(
        ("健康合格证明", "健康证明", "健康合格证"), ("体检", "从业人员", "检查结果"),
        ("申请", "管理制度")),
    _K.DIAGNOSIS: Signs(
        ("诊断证明", "出院记录", "病历", "诊断书"),
        ("临床诊断", "科别", "医师", "主诉", "病情摘要"), ("申请",)),
    _K.INSPECTION_REPORT: Signs(
        ("检测报告", "检验报告", "评价报告"),
        ("检测项目", "检测结果", "样品", "检测依据", "受检单位", "检验结论"), ("申请",)),
    _K.SALE_CONTRACT: Signs(
        ("买卖合同",), ("出卖人", "买受人", "甲方", "乙方", "成交价款"), ("申请书",)),
    _K.TAX_RECEIPT: Signs(
        ("完税证明", "完税凭证"), ("纳税人", "税种", "税务机关", "实缴"), ("申请",)),
    _K.APPLICATION_FORM: Signs(
        ("申请表", "申请书", "登记表", "审批表", "采集表"), ("申请人", "申请事项"), ()),
})
# fmt: on


@dataclass(frozen=True)
class Told:
    """A kind and how many points speak for it."""

    kind: DocumentKind
    points: int


def kind_of(page: PageReading) -> Told | None:
    """Return the kind that most on a page speaks for, None when nothing does for sure."""
    text = whole(page)
    head = "\n".join(plain(line.text) for line in page.lines[:_TITLE_LINES])
    told = [Told(kind, _points(signs, head, text)) for kind, signs in _SIGNS.items()]
    best = max(told, key=lambda each: each.points)
    if best.points >= CERTAIN:
        return best
    return Told(_K.PORTRAIT, CERTAIN) if _shows_nobody_words(page) else None


def _points(signs: Signs, head: str, text: str) -> int:
    if any(word in head for word in signs.never):
        return 0
    points = sum(_LABEL for word in signs.labels if word in text)
    if any(word in head for word in signs.titles):
        points += _TITLE
    elif any(word in text for word in signs.titles):
        points += _LABEL
    return points


def _shows_nobody_words(page: PageReading) -> bool:
    """Tell whether a page may be a portrait: upright, next to no text, sharp enough to tell."""
    return len(page.lines) <= FEW_LINES and page.height >= page.width
