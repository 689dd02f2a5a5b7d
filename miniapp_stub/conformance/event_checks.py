"""Promises about events."""

from datetime import UTC, datetime
from typing import Any

from miniapp_stub.conformance.examiner import BASE, Examiner, NotSeen, Wrong, expect, hold, stranger

QUESTION = "这是一致性测试,请不用回答。"


def _event(examiner: Examiner, seq: int, kind: str, **payload: Any) -> dict[str, Any]:
    subject = examiner.having()
    return {
        "event_id": f"conformance-{subject.id[-12:]}-{seq}",
        "case_no": subject.row["case_no"],
        "seq": seq,
        "type": kind,
        "occurred_at": datetime.fromtimestamp(int(examiner.now()), UTC).isoformat(),
        "payload": payload,
    }


def _acked(examiner: Examiner) -> None:
    examiner.having()
    if not examiner.acked:
        raise NotSeen("the package was not acknowledged")


def event_before_acknowledgement(examiner: Examiner) -> str:
    """nobody reports on what nobody has taken over"""
    if examiner.acked:
        raise NotSeen("the package is acknowledged already")
    event = {**_event(examiner, 1, "review_started"), "event_id": stranger()}
    reply = examiner.call("POST", f"{BASE}/events", event)
    expect(reply, 409, "package_not_acknowledged", "an event before the acknowledgement")
    return "refused"


def event_early(examiner: Examiner) -> str:
    """an event before its turn is parked or refused, and the missing number named"""
    _acked(examiner)
    early = _event(examiner, 2, "information_requested", question=QUESTION)
    reply = examiner.call("POST", f"{BASE}/events", early)
    parked = reply.status in (200, 202) and reply.json.get("outcome") == "parked"
    if not parked:
        expect(reply, 409, "event_out_of_order", "event 2 before event 1")
    expected = reply.json.get("expected_seq")
    hold(expected == 1, f"expected_seq {expected}")
    return "parked" if parked else "refused, to be sent again"


def event_once(examiner: Examiner) -> str:
    """the same event twice is applied once"""
    _acked(examiner)
    event = _event(examiner, 1, "review_started")
    for outcome in ("applied", "duplicate"):
        reply = expect(examiner.call("POST", f"{BASE}/events", event), 200, what="event 1")
        hold(reply.json["outcome"] == outcome, f"{reply.json['outcome']}, not {outcome}")
    second = _event(examiner, 2, "information_requested", question=QUESTION)
    reply = examiner.call("POST", f"{BASE}/events", second)
    if reply.status not in (200, 202):
        raise Wrong(f"event 2 in its turn answered {reply.status} {reply.code}")
    return f"applied, duplicate; then event 2: {reply.json['outcome']}"


def event_id_reused(examiner: Examiner) -> str:
    """one event id stands for one event"""
    _acked(examiner)
    other = {**_event(examiner, 1, "review_started"), "seq": 3}
    reply = examiner.call("POST", f"{BASE}/events", other)
    expect(reply, 409, "event_id_reused", "another event under a used id")
    return "refused"


def number_used(examiner: Examiner) -> str:
    """one number stands for one event"""
    _acked(examiner)
    other = {**_event(examiner, 1, "review_started"), "event_id": stranger()}
    reply = examiner.call("POST", f"{BASE}/events", other)
    expect(reply, 409, "event_out_of_order", "another event under a used number")
    hold(int(reply.json["expected_seq"]) > 1, f"expected_seq {reply.json['expected_seq']}")
    return f"refused; the next is {reply.json['expected_seq']}"


def unknown_case(examiner: Examiner) -> str:
    """a case that nobody has is not found"""
    event = {
        "event_id": stranger(),
        "case_no": "0" * 43,
        "seq": 1,
        "type": "review_started",
        "occurred_at": datetime.fromtimestamp(int(examiner.now()), UTC).isoformat(),
        "payload": {},
    }
    expect(examiner.call("POST", f"{BASE}/events", event), 404, "case_unknown", "an unknown case")
    return "404"
