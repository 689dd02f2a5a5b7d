"""What the machine has to say of a material: a code, how grave it is, where, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """How grave a finding is.

    BLOCKS: the file cannot serve as what it is for, whatever it says; this is about form only, and
    a person can always look instead (个人信息保护法24). WARNS: the applicant may insist.
    INFORMS: nothing to do.
    """

    BLOCKS = "BLOCKS"
    WARNS = "WARNS"
    INFORMS = "INFORMS"


class FindingCode(StrEnum):
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    GLARE = "glare"
    CROPPED = "cropped"
    TOO_SMALL = "too_small"
    PHOTO_OF_SCREEN = "photo_of_screen"
    UNREADABLE = "unreadable"
    WRONG_KIND = "wrong_kind"
    KIND_UNKNOWN = "kind_unknown"
    PAGE_MISSING = "page_missing"
    PAGES_SWAPPED = "pages_swapped"
    SAME_PHOTO_TWICE = "same_photo_twice"
    WRONG_PERSON = "wrong_person"
    WRONG_ORGANISATION = "wrong_organisation"
    NUMBER_INVALID = "number_invalid"
    EXPIRED = "expired"
    SEAL_MISSING = "seal_missing"
    NOT_LOOKED_AT = "not_looked_at"


@dataclass(frozen=True)
class Finding:
    """One finding; ``page`` is None for the material as a whole.

    ``evidence`` says what was read and how sure that is ("sure", 0 to 1); numbers and names of
    people are masked in it.
    """

    code: FindingCode
    severity: Severity
    page: int | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    pages: int = 1

    @property
    def sentence(self) -> str:
        """Return one sentence for everybody: what is wrong, and what to do."""
        text = SENTENCES[self.code].format(**self.words)
        return f"第{self.page}页:{text}" if self.page is not None and self.pages > 1 else text


_C = FindingCode
SENTENCES: Mapping[FindingCode, str] = MappingProxyType(
    {
        _C.BLURRED: "照片拍糊了,字看不清楚。请把手机拿稳,对准以后停一下再拍。",
        _C.TOO_DARK: "照片太暗,字看不清楚。请到亮一点的地方重新拍。",
        _C.GLARE: "照片上有反光,挡住了一部分。请换个角度,关掉闪光灯再拍。",
        _C.CROPPED: "{sides}没有拍全。请往后退一点,把四个边都拍进去。",
        _C.TOO_SMALL: "照片太小,放大以后看不清。请用手机相机重新拍,不要用缩略图。",
        _C.PHOTO_OF_SCREEN: "这张像是对着屏幕拍的。请拍证件原件,或者上传原来的文件。",
        _C.UNREADABLE: "照片里没有认出{wanted}上的字。请把{wanted}放平,拍清楚再上传。",
        _C.WRONG_KIND: "这里要的是{wanted},您上传的像是{read}。请换成{wanted}。",
        _C.KIND_UNKNOWN: "没有认出这是不是{wanted},工作人员会人工查看,不用重新上传。",
        _C.PAGE_MISSING: "还少{missing}。请补拍后一起上传。",
        _C.PAGES_SWAPPED: "页码顺序不对:{read}。请按页码顺序重新排一下。",
        _C.SAME_PHOTO_TWICE: "这张和{other}用的是同一张照片。请检查是不是传错了。",
        _C.WRONG_PERSON: "上面的{field}和{owner}的不一样,请检查是不是拿错了证件。",
        _C.WRONG_ORGANISATION: "上面的{field}和申请单位的不一样,请检查是不是拿错了证照。",
        _C.NUMBER_INVALID: "上面的{field}没有认准,请核对照片里的号码是不是清楚、完整。",
        _C.EXPIRED: "上面写的有效期到{until},已经过期了。有新证的,请上传新证。",
        _C.SEAL_MISSING: "没有看到红色印章。请确认已经盖章,并把印章拍进照片里。",
        _C.NOT_LOOKED_AT: "后面有{left_out}页没有自动检查,工作人员会人工查看。",
    }
)


def blocks(findings: tuple[Finding, ...]) -> bool:
    """Tell whether any of the findings keeps the material from being filed."""
    return any(each.severity is Severity.BLOCKS for each in findings)
