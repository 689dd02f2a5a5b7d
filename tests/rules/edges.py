"""The steps of the law's table, written down a second time, apart from the code.

A line: id, event, the states a row leaves and the one it enters (= stays); long rows take two.
"""

_TEXT = """
T01 submit: DRAFT > SUBMITTED
T02 draft_expire_or_delete: DRAFT > VOIDED
T03 claim: SUBMITTED > PRE_REVIEWING
T04 inline_fix: PRE_REVIEWING > PRE_REVIEWING
T05 issue_correction: SUBMITTED PRE_REVIEWING > CORRECTION_REQUIRED
T06 resubmit: CORRECTION_REQUIRED > SUBMITTED
T07 correction_timeout: CORRECTION_REQUIRED > WITHDRAWN_DEEMED
T08 refuse_acceptance: SUBMITTED PRE_REVIEWING > NOT_ACCEPTED
T09 accept: PRE_REVIEWING > ACCEPTED
T10 accept_shortfall: PRE_REVIEWING > ACCEPTED
T11 accept_verify_later: PRE_REVIEWING > ACCEPTED
T12 accept_commitment: PRE_REVIEWING > ACCEPTED
T13 deem_accepted: SUBMITTED PRE_REVIEWING > ACCEPTED
T14 pre_review_pass: PRE_REVIEWING > PRE_REVIEW_PASSED
T15 paper_received: PRE_REVIEW_PASSED > ACCEPTED
T16 paper_defect: PRE_REVIEW_PASSED > CORRECTION_REQUIRED
T17 paper_timeout: PRE_REVIEW_PASSED > WITHDRAWN_DEEMED
T18 request_prepayment: PRE_REVIEWING > AWAIT_PREPAYMENT
T19 payment_confirmed: AWAIT_PREPAYMENT > ACCEPTED
T20 payment_timeout: AWAIT_PREPAYMENT > WITHDRAWN_DEEMED
T21 start_review: ACCEPTED > UNDER_REVIEW
T22 special_start: ACCEPTED UNDER_REVIEW > SUSPENDED
T23 special_end: SUSPENDED > UNDER_REVIEW
T24 extend: ACCEPTED UNDER_REVIEW > UNDER_REVIEW
T25 shortfall_fulfil: ACCEPTED UNDER_REVIEW SUSPENDED > =
T26 shortfall_timeout: ACCEPTED UNDER_REVIEW SUSPENDED > WITHDRAWN_DEEMED
T27 shortfall_timeout_terminate: ACCEPTED UNDER_REVIEW SUSPENDED > TERMINATED
T28 decide_approve: ACCEPTED UNDER_REVIEW > APPROVED
T29 decide_reject: ACCEPTED UNDER_REVIEW > REJECTED
T30 request_payment: APPROVED > AWAIT_PAYMENT
T31 payment_confirmed: AWAIT_PAYMENT > APPROVED
T32 payment_overdue: AWAIT_PAYMENT > =
T33 review_complete: ACCEPTED UNDER_REVIEW > ORIGINALS_CHECK
T34 route_result: APPROVED > RESULT_READY
T35 serve_electronic: APPROVED REJECTED > DELIVERED
T36 route_result: REJECTED > RESULT_READY
T37 originals_pass: ORIGINALS_CHECK > APPROVED
T38 originals_incomplete: ORIGINALS_CHECK > ORIGINALS_SUPPLEMENT
T39 originals_supplied: ORIGINALS_SUPPLEMENT > ORIGINALS_CHECK
T40 originals_timeout: ORIGINALS_SUPPLEMENT > TERMINATED
T41 identity_mismatch_or_false: ORIGINALS_CHECK ORIGINALS_SUPPLEMENT > TERMINATED
T42 window_pickup: RESULT_READY > DELIVERED
T43 post_handover: RESULT_READY > DELIVERING
T44 post_signed: DELIVERING > DELIVERED
T45 post_returned: DELIVERING > RESULT_READY
T46 withdraw: SUBMITTED PRE_REVIEWING CORRECTION_REQUIRED > WITHDRAWN
T46 withdraw: PRE_REVIEW_PASSED AWAIT_PREPAYMENT > WITHDRAWN
T47 withdraw_confirmed: ACCEPTED UNDER_REVIEW SUSPENDED > WITHDRAWN
T47 withdraw_confirmed: ORIGINALS_CHECK ORIGINALS_SUPPLEMENT > WITHDRAWN
T48 terminate: ACCEPTED UNDER_REVIEW SUSPENDED > TERMINATED
T49 archive: DELIVERED NOT_ACCEPTED WITHDRAWN WITHDRAWN_DEEMED TERMINATED > ARCHIVED
T50 originals_no_show: ORIGINALS_CHECK > TERMINATED
"""


def _read(line: str) -> tuple[str, str, str, str]:
    head, _, steps = line.partition(": ")
    sources, _, target = steps.partition(" > ")
    row, _, event = head.partition(" ")
    return row, event, sources, target


EDGES = tuple(_read(line) for line in _TEXT.strip().splitlines())
