"""The 21 documents that a case can owe its applicant."""

from enum import StrEnum


class NoticeKind(StrEnum):
    """A kind of notice; ``zh`` is its official title, ``key`` an English word for templates."""

    _value_: str
    key: str
    zh: str

    # The defaults are for type checkers, which read NoticeKind("N01") as a call of this.
    def __new__(cls, name: str, key: str = "", zh: str = "") -> "NoticeKind":
        member = str.__new__(cls, name)
        member._value_ = name
        member.key, member.zh = key, zh
        return member

    N01 = "N01", "RECEIPT", "申请材料接收凭证(收件凭证)"
    N02 = "N02", "CORRECTION_NOTICE", "补正材料通知书(一次性告知书)"
    N03 = "N03", "NOT_ACCEPTED_NOTICE", "不予受理通知书"
    N04 = "N04", "ACCEPTANCE_NOTICE", "受理通知书"
    N05 = "N05", "SHORTFALL_COMMITMENT", "容缺受理承诺书/容缺受理通知书"
    N06 = "N06", "NOTIFICATION_COMMITMENT", "告知承诺书"
    N07 = "N07", "DEEMED_ACCEPTANCE_NOTICE", "视为受理告知"
    N08 = "N08", "PRE_REVIEW_PASSED_NOTICE", "网上预审通过告知(含需带原件清单)"
    N09 = "N09", "PAYMENT_NOTICE", "缴费通知书"
    N10 = "N10", "E_BILL", "财政电子票据/电子缴款书"
    N11 = "N11", "TERMINATION_NOTICE", "终止办理告知书"
    N12 = "N12", "DEEMED_WITHDRAWAL_NOTICE", "视为撤回申请告知书"
    N13 = "N13", "SPECIAL_PROCEDURE_NOTICE", "特别程序所需时间告知书"
    N14 = "N14", "EXTENSION_NOTICE", "延长办理期限告知书"
    N15 = "N15", "APPROVAL_DECISION", "准予行政许可决定书/办结通知"
    N16 = "N16", "REJECTION_DECISION", "不予行政许可决定书"
    N17 = "N17", "RESULT_READY_NOTICE", "取件/寄送通知"
    N18 = "N18", "DELIVERY_RECEIPT", "送达回执"
    N19 = "N19", "ORIGINALS_SUPPLEMENT_NOTICE", "原件补齐通知书(3个工作日)"
    N20 = "N20", "CREDIT_RECORD_NOTICE", "失信信息记录告知书(含异议权)"
    N21 = "N21", "WITHDRAWAL_CONFIRMATION", "撤回申请确认"
