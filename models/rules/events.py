"""What can happen to a case, and who can make it happen."""

from enum import StrEnum


class Role(StrEnum):
    """Who is acting. A supervisor (电子监察) takes no step of a case, and sees what others do.

    A 代办员 files for others; an auditor (安全审计员) and a system administrator
    (系统管理员) see no case.
    """

    APPLICANT = "APPLICANT"
    WINDOW = "WINDOW"
    DEPT = "DEPT"
    BACKOFFICE = "BACKOFFICE"
    SYSTEM = "SYSTEM"
    SUPERVISOR = "SUPERVISOR"
    AUDITOR = "AUDITOR"
    ADMIN = "ADMIN"


class Actor(StrEnum):
    """Who a row of the table names: a role, or ACCEPTOR, which each item resolves to one."""

    APPLICANT = "APPLICANT"
    WINDOW = "WINDOW"
    DEPT = "DEPT"
    BACKOFFICE = "BACKOFFICE"
    SYSTEM = "SYSTEM"
    ACCEPTOR = "ACCEPTOR"


_ACCEPTORS = {
    "COMPREHENSIVE_WINDOW": Role.WINDOW,
    "TOWNSHIP_WINDOW": Role.WINDOW,
    "DEPARTMENT": Role.DEPT,
}


def acceptor_role(actor: str) -> Role:
    """Resolve an item's ``acceptance.actor``; raise ``KeyError`` for a word that is not one."""
    return _ACCEPTORS[actor]


class Event(StrEnum):
    """The words of the table; the value is the table's own word."""

    SUBMIT = "submit"
    DRAFT_EXPIRE_OR_DELETE = "draft_expire_or_delete"
    CLAIM = "claim"
    INLINE_FIX = "inline_fix"
    ISSUE_CORRECTION = "issue_correction"
    RESUBMIT = "resubmit"
    CORRECTION_TIMEOUT = "correction_timeout"
    REFUSE_ACCEPTANCE = "refuse_acceptance"
    ACCEPT = "accept"
    ACCEPT_SHORTFALL = "accept_shortfall"
    ACCEPT_VERIFY_LATER = "accept_verify_later"
    ACCEPT_COMMITMENT = "accept_commitment"
    DEEM_ACCEPTED = "deem_accepted"
    PRE_REVIEW_PASS = "pre_review_pass"  # noqa: S105
    PAPER_RECEIVED = "paper_received"
    PAPER_DEFECT = "paper_defect"
    PAPER_TIMEOUT = "paper_timeout"
    REQUEST_PREPAYMENT = "request_prepayment"
    PAYMENT_CONFIRMED = "payment_confirmed"
    PAYMENT_TIMEOUT = "payment_timeout"
    START_REVIEW = "start_review"
    SPECIAL_START = "special_start"
    SPECIAL_END = "special_end"
    EXTEND = "extend"
    SHORTFALL_FULFIL = "shortfall_fulfil"
    SHORTFALL_TIMEOUT = "shortfall_timeout"
    SHORTFALL_TIMEOUT_TERMINATE = "shortfall_timeout_terminate"
    DECIDE_APPROVE = "decide_approve"
    DECIDE_REJECT = "decide_reject"
    REQUEST_PAYMENT = "request_payment"
    PAYMENT_OVERDUE = "payment_overdue"
    REVIEW_COMPLETE = "review_complete"
    ROUTE_RESULT = "route_result"
    SERVE_ELECTRONIC = "serve_electronic"
    ORIGINALS_PASS = "originals_pass"  # noqa: S105
    ORIGINALS_INCOMPLETE = "originals_incomplete"
    ORIGINALS_SUPPLIED = "originals_supplied"
    ORIGINALS_TIMEOUT = "originals_timeout"
    IDENTITY_MISMATCH_OR_FALSE = "identity_mismatch_or_false"
    WINDOW_PICKUP = "window_pickup"
    POST_HANDOVER = "post_handover"
    POST_SIGNED = "post_signed"
    POST_RETURNED = "post_returned"
    WITHDRAW = "withdraw"
    WITHDRAW_CONFIRMED = "withdraw_confirmed"
    TERMINATE = "terminate"
    ARCHIVE = "archive"
    ORIGINALS_NO_SHOW = "originals_no_show"
