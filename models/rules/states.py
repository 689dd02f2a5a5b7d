"""The 23 states of a case and the facts that run beside them."""

from enum import StrEnum

from models.rules.named import Named


class Phase(StrEnum):
    """The stretch of a case's life that a state belongs to."""

    BEFORE = "before"
    INTAKE = "intake"
    HANDLING = "handling"
    RESULT = "result"
    CLOSED = "closed"
    END = "end"


class State(StrEnum):
    """Where a case stands. The value is the member's name; ask the member for the rest."""

    _value_: str
    phase: Phase
    zh: str
    awaits_applicant: bool

    # The defaults are for type checkers, which read State("DRAFT") as a call of this.
    def __new__(
        cls, name: str, phase: Phase = Phase.BEFORE, zh: str = "", awaits: bool = False
    ) -> "State":
        member = str.__new__(cls, name)
        member._value_ = name
        member.phase, member.zh, member.awaits_applicant = phase, zh, awaits
        return member

    DRAFT = "DRAFT", Phase.BEFORE, "草稿"
    SUBMITTED = "SUBMITTED", Phase.INTAKE, "已提交(待预审)"
    PRE_REVIEWING = "PRE_REVIEWING", Phase.INTAKE, "预审中"
    CORRECTION_REQUIRED = "CORRECTION_REQUIRED", Phase.INTAKE, "待补正", True
    PRE_REVIEW_PASSED = "PRE_REVIEW_PASSED", Phase.INTAKE, "预审通过(待现场交件)", True
    AWAIT_PREPAYMENT = "AWAIT_PREPAYMENT", Phase.INTAKE, "待缴费(受理前)", True
    ACCEPTED = "ACCEPTED", Phase.HANDLING, "已受理"
    UNDER_REVIEW = "UNDER_REVIEW", Phase.HANDLING, "审批中"
    SUSPENDED = "SUSPENDED", Phase.HANDLING, "特别程序(暂停计时)"
    APPROVED = "APPROVED", Phase.RESULT, "已作出准予决定"
    REJECTED = "REJECTED", Phase.RESULT, "已作出不予许可决定"
    AWAIT_PAYMENT = "AWAIT_PAYMENT", Phase.RESULT, "待缴费(发证前)", True
    ORIGINALS_CHECK = "ORIGINALS_CHECK", Phase.RESULT, "审批程序完成、待原件核验(先办后验)", True
    ORIGINALS_SUPPLEMENT = "ORIGINALS_SUPPLEMENT", Phase.RESULT, "原件待补齐", True
    RESULT_READY = "RESULT_READY", Phase.RESULT, "结果待领取/待寄出"
    DELIVERING = "DELIVERING", Phase.RESULT, "邮寄送达中"
    DELIVERED = "DELIVERED", Phase.CLOSED, "已送达"
    NOT_ACCEPTED = "NOT_ACCEPTED", Phase.CLOSED, "不予受理"
    WITHDRAWN = "WITHDRAWN", Phase.CLOSED, "申请人撤回"
    WITHDRAWN_DEEMED = "WITHDRAWN_DEEMED", Phase.CLOSED, "视为撤回"
    TERMINATED = "TERMINATED", Phase.CLOSED, "终止办理"
    ARCHIVED = "ARCHIVED", Phase.END, "已归档"
    VOIDED = "VOIDED", Phase.END, "草稿作废"

    @property
    def is_draft(self) -> bool:
        """Nothing was filed yet: the form may change, the case may be deleted."""
        return self is State.DRAFT

    @property
    def before_acceptance(self) -> bool:
        """No organ has accepted the application yet (a draft included)."""
        return self.phase in (Phase.BEFORE, Phase.INTAKE)

    @property
    def closed(self) -> bool:
        """Nobody has to do anything for this case any more, but for archiving."""
        return self.phase in (Phase.CLOSED, Phase.END)

    @property
    def terminal(self) -> bool:
        """No row of the table leads out of this state."""
        return self.phase is Phase.END


ONLINE, IMPORTED = "ONLINE", "IMPORTED"
"""Where a case was lodged: here, or at a window or in another system that told us of it."""


class AcceptMode(Named):
    """How a case was accepted; the value is kept with the file for good."""

    NORMAL = "NORMAL", "普通"
    SHORTFALL = "SHORTFALL", "容缺受理"
    VERIFY_LATER = "VERIFY_LATER", "先办后验"
    COMMITMENT = "COMMITMENT", "告知承诺"
    DEEMED = "DEEMED", "视为受理"


class ShortfallStatus(StrEnum):
    """Whether what was promised at a shortfall acceptance (容缺) has arrived."""

    NONE = "NONE"
    OPEN = "OPEN"
    FULFILLED = "FULFILLED"
    OVERDUE = "OVERDUE"


class HandoffStatus(StrEnum):
    """Where the package for the back-office is; FAILED is for technical reasons only."""

    NONE = "NONE"
    READY = "READY"
    LEASED = "LEASED"
    ACKED = "ACKED"
    FAILED = "FAILED"


class PaymentStatus(StrEnum):
    """What a case owes."""

    NOT_REQUIRED = "NOT_REQUIRED"
    UNPAID = "UNPAID"
    PAID = "PAID"
    WAIVED = "WAIVED"
    REFUNDING = "REFUNDING"
    REFUNDED = "REFUNDED"

    @property
    def settled(self) -> bool:
        """Nothing is owed, so a result may be released (统一发证: 审查是否足额缴费)."""
        return self in (PaymentStatus.NOT_REQUIRED, PaymentStatus.PAID, PaymentStatus.WAIVED)


class RatingStatus(StrEnum):
    """Rating is voluntary: silence ends as EXPIRED_UNRATED, never as a default mark."""

    NOT_OPEN = "NOT_OPEN"
    OPEN = "OPEN"
    RATED = "RATED"
    EXPIRED_UNRATED = "EXPIRED_UNRATED"


class MonitorLight(StrEnum):
    """Electronic supervision (电子监察): near due is yellow, overdue is red."""

    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"


class FeeStage(StrEnum):
    """When an item's fee falls due."""

    NONE = "NONE"
    BEFORE_ACCEPTANCE = "BEFORE_ACCEPTANCE"
    AFTER_ACCEPTANCE = "AFTER_ACCEPTANCE"
    AFTER_DECISION = "AFTER_DECISION"


class DeliveryMethod(StrEnum):
    """How the applicant wants the result."""

    POST = "POST"
    WINDOW = "WINDOW"
    ELECTRONIC = "ELECTRONIC"
