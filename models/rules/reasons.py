"""The reasons that officers and citizens choose from, each with its words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from models.rules.named import Named


class Verdict(StrEnum):
    """What an officer says of one material."""

    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    SHORTFALL_OK = "SHORTFALL_OK"


class DefectReason(Named):
    """What is wrong with a material or a form field, told so that it can be put right."""

    MISSING = "MISSING", "还没有交这份材料。"
    BLURRED = "BLURRED", "照片不清楚,请在光线好的地方重新拍。"
    DARK_OR_GLARE = "DARK_OR_GLARE", "照片太暗或反光,字看不清,请重新拍。"
    CUT_OFF = "CUT_OFF", "没有拍全,四个角要都在照片里。"
    WRONG_DOCUMENT = "WRONG_DOCUMENT", "交错了材料,请看清需要的是哪一种。"
    EXPIRED = "EXPIRED", "材料过了有效期,请交有效的。"
    INCOMPLETE_PAGES = "INCOMPLETE_PAGES", "缺页,请把每一页都交上来。"
    INCOMPLETE_CONTENT = "INCOMPLETE_CONTENT", "有的地方没有填完整,请补上。"
    NOT_MATCHING = "NOT_MATCHING", "和您填的内容对不上,请核对后修改。"
    MISSING_SEAL = "MISSING_SEAL", "缺少盖章,请盖章后再交。"
    MISSING_SIGNATURE = "MISSING_SIGNATURE", "缺少签名,请签名后再交。"
    WRONG_FORM = "WRONG_FORM", "不符合规定的格式,请用提供的空表填写。"
    ALTERED = "ALTERED", "有涂改的地方,请交没有涂改的。"
    FIELD_WRONG = "FIELD_WRONG", "这一项填得不对,请修改。"


class RefusalReason(Named):
    """Why an application is not accepted: the closed list of T08 (行政许可法32(一)(二),78)."""

    PERMIT_NOT_REQUIRED = "PERMIT_NOT_REQUIRED", "这件事依法不需要办理许可,您可以直接做。"
    NOT_IN_JURISDICTION = "NOT_IN_JURISDICTION", "这件事不归这里管,请到通知书写明的机关申请。"
    STATUTORY_BAR = "STATUTORY_BAR", "法律规定这种情况不能申请。"
    FALSE_MATERIAL = "FALSE_MATERIAL", "交来的材料不真实。"
    INCOMPLETE = "INCOMPLETE", "材料不齐或不符合规定,需要补的都列在通知书里。"

    @property
    def needs_redirect(self) -> bool:
        """Whether the notice has to name the proper authority (行政许可法32(二))."""
        return self is RefusalReason.NOT_IN_JURISDICTION

    def usable(self, incomplete_policy: str) -> bool:
        """Incompleteness is a refusal only where the item's own law says so (不动产条例17)."""
        return self is not RefusalReason.INCOMPLETE or incomplete_policy == "NOT_ACCEPT_WITH_LIST"


class TerminationReason(Named):
    """Why an accepted case ends without a decision: the closed list of T48.

    By analogy with 行政许可法70(二)(三)(五), which lists what a permit does not survive.
    """

    APPLICANT_DIED = "APPLICANT_DIED", "申请人已经去世。"
    APPLICANT_INCAPABLE = "APPLICANT_INCAPABLE", "申请人丧失行为能力,不能再取得这项资格。"
    APPLICANT_DISSOLVED = "APPLICANT_DISSOLVED", "申请单位已经依法终止。"
    ITEM_ABOLISHED = "ITEM_ABOLISHED", "这个事项已经依法取消,不用再办。"
    FORCE_MAJEURE = "FORCE_MAJEURE", "因不可抗力,申请的事情已经无法进行。"


class RatingStage(Named):
    """一事一评: once at acceptance, once at the result."""

    ACCEPT = "ACCEPT", "受理"
    RESULT = "RESULT", "办结"


STARS: Mapping[int, str] = MappingProxyType(
    {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
)
INDICATOR_VERSION = "2026.1"


@dataclass(frozen=True)
class RatingOption:
    """A remark to tick. Its code is stable within one version of the indicators."""

    code: str
    zh: str


def _options(stars: int, *texts: str) -> tuple[RatingOption, ...]:
    # The five online indicators, in the order of the national list.
    subjects = ("OVERALL", "EFFICIENCY", "GUIDE", "CONVENIENCE", "PLATFORM")
    return tuple(
        RatingOption(f"{subject}_{stars}", text)
        for subject, text in zip(subjects, texts, strict=True)
    )


RATING_OPTIONS: Mapping[int, tuple[RatingOption, ...]] = MappingProxyType(
    {
        5: _options(
            5, "服务很周到", "办得很快", "办事指南准确易懂", "一次都不用跑", "手机上很好用"
        ),
        4: _options(4, "服务好", "办得快", "办事指南清楚", "少跑了路", "手机上好用"),
        3: _options(3, "服务一般", "速度一般", "办事指南基本清楚", "还算方便", "手机上能用"),
        2: _options(2, "服务不够好", "办得慢", "办事指南不清楚", "跑的次数多", "手机上不好用"),
        1: _options(
            1, "服务态度差", "超过了承诺时间", "办事指南有错误", "多次往返", "手机上用不了"
        ),
    }
)


def is_bad_rating(stars: int) -> bool:
    """差评: two stars or fewer; somebody has to contact the person and put it right."""
    return stars <= 2
