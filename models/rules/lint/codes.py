"""Codes (统一编码): the same item has the same name and code everywhere (贵安方案2017)."""

from collections.abc import Iterator

from models.rules.identity import UsccInvalid, read_uscc
from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity
from models.rules.numbers import is_handling_code, is_implementation_code

_BASIS = "GB/T 39554.1-2020; 实施编码=统一社会信用代码18位+行使层级1位+基本编码12位"


def wrong_agency(body: Body, _: Policy) -> Iterator[Hit]:
    """The organ's code has a check character (GB 32100)."""
    try:
        right = read_uscc(body["agency_uscc"]) == body["agency_uscc"]
    except UsccInvalid:
        right = False
    if not right:
        yield Hit("/agency_uscc")


def wrong_implementation_code(body: Body, _: Policy) -> Iterator[Hit]:
    """31 characters, made of the organ's code, the level and the basic code."""
    code = body["impl_code"]
    made_of = (code[:18], code[19:]) == (body["agency_uscc"], body["basic_code"])
    if not is_implementation_code(code) or not made_of:
        yield Hit("/impl_code")


def wrong_handling_code(body: Body, _: Policy) -> Iterator[Hit]:
    """33 characters: the implementation code and two digits; both fields say the same."""
    for key in ("code", "handling_item_code"):
        whole = is_handling_code(body[key]) and body[key].startswith(body["impl_code"])
        if not whole or body["code"] != body["handling_item_code"]:
            yield Hit(f"/{key}")


def repeated_materials(body: Body, _: Policy) -> Iterator[Hit]:
    """Two materials with one code or one name cannot be told apart in a notice."""
    for key in ("code", "name"):
        seen: set[str] = set()
        for place, material in enumerate(body["materials"]):
            if material[key] in seen:
                yield Hit(f"/materials/{place}/{key}", material[key])
            seen.add(material[key])


RULES = (
    Rule(
        "agency_code_wrong",
        Severity.REFUSES,
        "实施机关的统一社会信用代码不对。",
        "GB 32100-2015",
        wrong_agency,
    ),
    Rule(
        "impl_code_wrong",
        Severity.REFUSES,
        "实施编码不对:应当是31位,由机关代码、行使层级和基本编码组成。",
        _BASIS,
        wrong_implementation_code,
    ),
    Rule(
        "handling_code_wrong",
        Severity.REFUSES,
        "业务办理项编码不对:应当是33位,由实施编码和2位数字组成,两处要一样。",
        _BASIS,
        wrong_handling_code,
    ),
    Rule(
        "material_repeated",
        Severity.REFUSES,
        "材料“{}”重复了。",
        "新乡方案2018 要素一致",
        repeated_materials,
    ),
)
