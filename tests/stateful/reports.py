"""The model's other half: what a back-office reports, each once and in its turn."""

from tests.stateful import model as words
from tests.stateful.model import ENDED, HANDLED, OK, REFUSED, STEPS, Case, Model


def report(model: Model, case: Case, name: str, seq: int, kind: str) -> str:
    """Return what becomes of an event that is sent for the first time, or again after a refusal."""
    if seq <= case.seq or seq in case.parked:
        return "event_out_of_order"
    if case.handed != "ACKED":
        return "package_not_acknowledged"
    if seq > case.seq + 1:
        return _park(case, name, seq, kind)
    code = apply(model, case, seq, kind)
    if code == OK:
        code = case.fates[name] = "applied"
    return code


def _park(case: Case, name: str, seq: int, kind: str) -> str:
    if case.state in ENDED:
        return REFUSED
    if len(case.parked) >= words.MOST_PARKED:
        return "too_many_events_waiting"
    case.parked[seq], case.fates[name] = kind, "parked"
    return "parked"


def apply(model: Model, case: Case, seq: int, kind: str) -> str:
    """Let an event take effect whose turn it is; return OK or why it does not."""
    sources, target = STEPS[kind]
    if case.state not in sources:
        return REFUSED
    if kind == "site_visited" and case.item != "ITEM10":
        return "procedure_not_allowed"
    if kind in ("confirmed", "declined") and not case.wants_out:
        return "withdrawal_not_requested"
    if kind == "approved" and case.item != "ITEM10" and not case.settled:
        return "fee_unsettled"
    case.seq = seq
    case.wants_out &= kind not in ("confirmed", "declined")
    if kind == "approved" and case.item == "ITEM10":
        case.state, case.fee = "AWAIT_PAYMENT", AFTER_DECISION_FEE
    elif kind in ("rejected", "terminated", "confirmed"):
        case.rejected |= kind == "rejected"
        model.end(case, target)
    else:
        case.state = target or case.state
    return OK


AFTER_DECISION_FEE = 375_000
"""12.5 square metres of asphalt at 300.00 yuan, in fen."""


def settle_parked(model: Model, case: Case) -> None:
    """Apply what waited, in order; of a case that has ended nothing is applied any more."""
    while case.parked:
        seq = min(case.parked) if case.state in ENDED else case.seq + 1
        kind = case.parked.pop(seq, None)
        if kind is None:
            return
        code = REFUSED if case.state in ENDED else apply(model, case, seq, kind)
        name = next(n for n, f in case.fates.items() if f == "parked" and n.startswith(f"{seq}-"))
        case.fates[name] = "applied" if code == OK else "refused"


def request_withdrawal(model: Model, case: Case) -> str:
    if case.wants_out and case.state in HANDLED:
        return OK
    if case.state not in HANDLED:
        decided = case.state in ("AWAIT_PAYMENT", "RESULT_READY")
        return "withdrawal_too_late" if decided else REFUSED
    if case.requests >= words.MOST_REQUESTS:
        return "withdrawals_used_up"
    case.wants_out, case.requests = True, case.requests + 1
    model.pack(case, "WITHDRAW_REQUEST")
    return OK


def withdraw(model: Model, case: Case) -> str:
    """Before the acceptance an applicant withdraws at once."""
    if case.state != "AWAIT_PREPAYMENT":
        return REFUSED
    model.end(case, "WITHDRAWN")
    return OK
