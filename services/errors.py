"""What can be wrong, as facts: a stable code and a Chinese sentence a citizen understands.

HTTP numbers are chosen by family in ``api/errors.py`` and nowhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from models.rules.supervision import AlertKind


@dataclass(frozen=True)
class FieldFault:
    """One fault of one field; ``pointer`` is a JSON pointer into what was sent."""

    pointer: str
    detail: str


class Problem(Exception):
    """Base of everything that is answered instead of a result."""

    code: ClassVar[str]
    sentence: ClassVar[str]
    alert: ClassVar[AlertKind | None] = None
    """What supervision calls it when staff or a back-office system tried this on a case."""

    def __init__(
        self,
        sentence: str | None = None,
        *,
        faults: Sequence[FieldFault] = (),
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        self.text = sentence or self.sentence
        self.faults = tuple(faults)
        self.facts = dict(facts or {})
        super().__init__(self.code)


class Invalid(Problem):
    """What was sent cannot be processed, whoever sends it."""

    code = "invalid"
    sentence = "提交的内容有误,请检查后重试。"


class Malformed(Problem):
    """What was sent cannot even be read."""

    code = "malformed"
    sentence = "请求格式不正确。"


class Unauthenticated(Problem):
    """Nobody known is asking."""

    code = "unauthenticated"
    sentence = "请先登录。"


class Forbidden(Problem):
    """Somebody known is asking for what their role may not do."""

    code = "forbidden"
    sentence = "您没有权限进行此操作。"


class NotFound(Problem):
    """Absent, or somebody else's: the answer is the same."""

    code = "not_found"
    sentence = "没有找到您要的内容。"


class Conflict(Problem):
    """Right in itself, but not now, or not again."""

    code = "conflict"
    sentence = "当前状态下不能进行此操作。"


class Gone(Problem):
    """It was there, and will not be again."""

    code = "gone"
    sentence = "这项内容已经失效。"


class Busy(Problem):
    """Somebody else, or the asker's other request, is at it in this moment."""

    code = "busy"
    sentence = "正在处理上一次请求,请稍后再试。"


class ChecksumWrong(Problem):
    """What arrived is not what was sent."""

    code = "checksum_wrong"
    sentence = "文件在传输中出错,请重新上传这一部分。"


class PreconditionFailed(Problem):
    """A condition that the caller named no longer holds."""

    code = "precondition_failed"
    sentence = "内容已被更新,请刷新后重试。"


class TooLarge(Problem):
    """More bytes than are taken."""

    code = "too_large"
    sentence = "文件太大。"


class Unsupported(Problem):
    """A kind of content that is not taken."""

    code = "unsupported"
    sentence = "不支持这种文件格式。"


class TooMany(Problem):
    """Asked too often; ``retry_after`` is in seconds."""

    code = "too_many_requests"
    sentence = "操作太频繁,请稍后再试。"

    def __init__(self, sentence: str | None = None, *, retry_after: int = 60) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unavailable(Problem):
    """A part that is needed does not answer; ``retry_after`` is in seconds."""

    code = "unavailable"
    sentence = "系统繁忙,请稍后再试。"

    def __init__(self, sentence: str | None = None, *, retry_after: int = 2) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class OutsideUnavailable(Unavailable):
    """A system of somebody else does not answer or answers nonsense."""

    code = "outside_unavailable"
    sentence = "外部系统暂时没有响应,请稍后再试。"


class BillAbsent(OutsideUnavailable):
    """The channel says that it has no bill of a day: nothing happened, if that is true."""

    code = "bill_absent"
    sentence = "渠道没有这一天的账单。"


class BillPending(OutsideUnavailable):
    """The channel is still making a day's bill."""

    code = "bill_pending"
    sentence = "渠道还在生成这一天的账单,请稍后再试。"


class BillDamaged(OutsideUnavailable):
    """A bill is not the file that was announced, or does not say what a bill says."""

    code = "bill_damaged"
    sentence = "渠道账单校验不通过,没有采用。请稍后再试,一直不行请联系渠道。"


class ShipmentRefused(Conflict):
    """The mini-program's platform takes no shipping info of an order; ``reason`` is its code."""

    code = "shipment_refused"
    sentence = "微信平台不接受这笔订单的发货信息,请在小程序后台查看。"

    def __init__(self, reason: str) -> None:
        super().__init__(facts={"reason": reason})
        self.reason = reason


class StoreUnwritable(Unavailable):
    """The place where files are kept takes none: full, read-only, broken or not to be reached."""

    code = "store_unwritable"
    sentence = "系统暂时无法保存文件,请稍后再上传。"


class StoreUnreadable(Unavailable):
    """The place where files are kept gives none out: broken or not to be reached."""

    code = "store_unreadable"
    sentence = "文件暂时无法读取,请稍后再试。"


class MaterialInfected(Invalid):
    """A virus was found in these bytes."""

    code = "material_infected"
    sentence = "这个文件没有通过安全检查(发现病毒),请换一个文件,或重新拍照后上传。"


class ScannerDown(OutsideUnavailable):
    """The scanner for viruses does not answer, or not in time, or answers nonsense."""

    code = "scanner_down"


class ScanRefused(Problem):
    """The scanner does not take so many bytes: its limit is too small (StreamMaxLength)."""

    code = "scan_refused"
    sentence = "文件太大,无法做安全检查,请联系窗口工作人员。"


class FileMissing(NotFound):
    """The store has no such file."""

    code = "file_missing"
    sentence = "没有找到这个文件。"


class FileDamaged(Unavailable):
    """The bytes in the store are no longer those that were stored."""

    code = "file_damaged"
    sentence = "文件暂时无法读取,请联系窗口工作人员。"


class ChannelOrderUnknown(OutsideUnavailable):
    """The pay channel says that it has no such order; unproven, as all its refusals are."""

    code = "channel_order_unknown"


class ChannelRefundUnknown(OutsideUnavailable):
    """The pay channel says that it has no such refund: unproven, and sending it again is right."""

    code = "channel_refund_unknown"


class LoginCodeInvalid(Invalid):
    """A login or phone code that is wrong, used or too old."""

    code = "login_code_invalid"
    sentence = "登录凭证无效或已过期,请重新登录。"


class CallbackForged(Unauthenticated):
    """A callback that is not provably from the system it claims to be from."""

    code = "callback_forged"
    sentence = "回调签名无效。"


class MaterialUnreadable(Invalid):
    """A file that cannot be opened as what it is, or is built to do harm."""

    code = "material_unreadable"
    sentence = "文件无法读取,可能已损坏,请重新拍照或选择文件。"


class MaterialTypeRefused(Unsupported):
    """A file of a kind that this material is not taken in."""

    code = "material_type_refused"
    sentence = "不支持这种文件格式,请上传清晰的照片或PDF文件。"
