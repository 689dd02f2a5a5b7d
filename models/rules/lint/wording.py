"""Words: closed lists only, and nothing that an officer could fill in as they like.

青神方案2018: 消除“XXX等材料”“法律法规规定的其他材料”等模糊性表述.
"""

import re
import unicodedata
from collections.abc import Iterator

from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity

_BASIS = "青神方案2018: 清单中消除模糊性表述; 凡清单中未列的材料不得要求另行提供"
_PAPERS = "(?:申请|证明|补充)?(?:材料|资料|文件|文书|证件|证明|手续|要件|凭证)"

# A law's title is quoted as it is, and these words mean something in themselves.
_TITLE = re.compile(r"《[^》]*》")
_FIXED = re.compile(
    "其他(?:(?:经济)?组织|行政权力|股东|合伙人|共有人|权利人|继承人)"
    "|等(?:级|次|额|价|效|待|候|于|离子|高线|压|温|电位|同(?!类|种|样))|[优上]等(?=品|奖)"
    "|[高中初]等(?=学校|院校|教育|职业|专业|学历|专科)"
    "|平等(?=协商|就业|自愿)|对等(?=投资|承诺|开放|原则)|均等(?=化)|(?<!合)同等(?=学力|学历|资历|条件)"
    "|[甲乙丙丁]等(?=医院|资质|证书)|[特一二三]等(?=功|奖)"
)
_ASKED = "(?:有关|相关|必要|必需|所需|(?:规定|要求|需要)(?:提供|提交|补充|出具)?)的?"
_VAGUE = re.compile(
    f"等|其[他它余]|{_ASKED}[^、,;]{{0,4}}(?:{_PAPERS}|图纸|证书|批文)|各[类种]"
    f"|^{_PAPERS}$|根据需要|视情况|酌情|另行(?:要求|通知|提供)"
)
# A note explains; only what it would add to the list is looked at.
_ADDS = re.compile(
    f"等(?:有关|相关|各种)?{_PAPERS}|其[他它余]{_PAPERS}|(?:有关|相关|所需){_PAPERS}"
)


def plain(text: str) -> str:
    """Return a text without blanks, invisible signs and full-width forms."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(sign for sign in normal if unicodedata.category(sign)[0] not in "ZC")


def is_vague(name: str) -> bool:
    """Whether a material's name leaves open what has to be brought."""
    rest = _FIXED.sub("", _TITLE.sub("", plain(name)))
    return _VAGUE.search(rest) is not None


def vague_materials(body: Body, _: Policy) -> Iterator[Hit]:
    """其他, 等, 有关材料 in the name of a material."""
    for place, material in enumerate(body["materials"]):
        if is_vague(material["name"]):
            yield Hit(f"/materials/{place}/name", material["name"])


def vague_notes(body: Body, _: Policy) -> Iterator[Hit]:
    """A note that asks for more than the list does."""
    for place, material in enumerate(body["materials"]):
        for key in ("note", "template", "blank", "sample"):
            if _ADDS.search(_TITLE.sub("", plain(material.get(key, "")))):
                yield Hit(f"/materials/{place}/{key}", material["name"])


def vague_conditions(body: Body, _: Policy) -> Iterator[Hit]:
    """A condition of application that says nothing (法律法规规定的其他条件)."""
    for place, text in enumerate(body["guide"]["conditions"]):
        if re.search("其[他它]条件|规定的条件|有关条件|相关条件", plain(text)):
            yield Hit(f"/guide/conditions/{place}", text)


RULES = (
    Rule(
        "material_vague",
        Severity.REFUSES,
        "材料“{}”说得不清楚:不能用“其他”“等”“有关材料”这样的话,要一项一项写明。",
        _BASIS,
        vague_materials,
    ),
    Rule(
        "material_note_vague",
        Severity.REFUSES,
        "材料“{}”的说明里有清单以外的要求,要一项一项列成材料。",
        _BASIS,
        vague_notes,
    ),
    Rule(
        "condition_vague",
        Severity.WARNS,
        "申请条件“{}”说得不清楚,申请人看不出自己符不符合。",
        "青神方案2018 申请条件",
        vague_conditions,
    ),
)
