"""The timeline (办理经过): what happened to a case and to its money, in the order of time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.rules.events import Event
from models.rules.refunds import yuan
from models.rules.texts import text_for
from services.ports.fiscal import BillKind
from services.refund_words import RefundStep, refund_steps
from services.waiver_words import waiver_steps

BILLS = {BillKind.BLUE: "财政电子票据", BillKind.RED: "退费的红字电子票据"}
RECEIVED, TAKEN = "在窗口或其他系统提交了申请", "已经受理。缴费、补材料都在原来提交的地方办"


@dataclass(frozen=True)
class TimelineEntry:
    """Something that happened; ``plain`` is its sentence without what an officer wrote."""

    at: datetime
    text: str
    unit: str | None
    plain: str


def timeline_of(facts: Mapping[str, Any]) -> Sequence[TimelineEntry]:
    """Return what happened, by the facts of the progress statement."""
    steps = [*_lodged(facts["lodged"]), *(_entry(*event) for event in facts["events"] or ())]
    known = {each.text for each in steps}
    money = [
        TimelineEntry(each.at, each.text, None, each.plain)
        for each in _money(facts)
        # A grant that moved its case has told so by the step.
        if each.text not in known
    ]
    bills = [_bill(*bill) for bill in facts["bills"] or ()]
    if not money and not bills:
        return tuple(steps)
    # What money does follows from the step of the same moment, which sorting leaves before it.
    return tuple(sorted([*steps, *money, *bills], key=lambda each: each.at))


def _money(facts: Mapping[str, Any]) -> Iterator[RefundStep]:
    for waiver in facts["waivers"] or ():
        yield from waiver_steps(waiver)
    for refund in facts["refunds"] or ():
        yield from refund_steps(refund)


def _lodged(times: Sequence[str] | None) -> Iterator[TimelineEntry]:
    """Yield what happened to a case before we were told of it."""
    for at, text in zip(times or (), (RECEIVED, TAKEN), strict=False):
        yield TimelineEntry(datetime.fromisoformat(at), text, None, text)


def _bill(kind: str, code: str, number: str, amount_fen: int, at: str) -> TimelineEntry:
    text = f"{BILLS[BillKind(kind)]}已经开具:{yuan(amount_fen)},票据代码{code},号码{number}。"
    return TimelineEntry(datetime.fromisoformat(at), text, None, text)


def _entry(event: str, at: str, unit: str | None, text: str | None) -> TimelineEntry:
    plain = text_for(Event(event))
    if event == Event.PAYMENT_CONFIRMED.value and text:
        # That it was waived, and by which published ground: no officer wrote it.
        plain = text
    return TimelineEntry(datetime.fromisoformat(at), text or plain, unit, plain)
