"""What a document says, as typed facts; ``words`` turns them into what templates name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from models.rules.calendar import Limit, Unit
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.documents.words import (
    day_text,
    moment_text,
    money_text,
    official,
    plain_day,
)
from models.rules.events import Actor, Event
from models.rules.states import AcceptMode

# What a person does, or we do, until the last day of a clock.
UNTIL: Mapping[ClockName, str] = MappingProxyType(
    {
        ClockName.PRE_REVIEW_SLA: "我们承诺看完材料",
        ClockName.NOTIFY_5WD: "我们告诉您是否受理",
        ClockName.CORRECTION: "您补齐材料",
        ClockName.PAPER_SUBMIT: "您到窗口交材料原件",
        ClockName.PAY_CASE: "您缴费",
        ClockName.SHORTFALL: "您补齐承诺的材料",
        ClockName.DECISION_PROMISED: "我们承诺办结",
        ClockName.DECISION_STATUTORY: "法律规定最迟办结",
        ClockName.EXTENSION: "延长以后最迟办结",
        ClockName.SERVE_10WD: "我们把结果交给您",
        ClockName.ORIGINALS_3WD: "您补齐原件",
        ClockName.ORIGINALS_PRESENT: "您带原件来核对",
        ClockName.PICKUP_REMIND: "请您来领取",
    }
)


@dataclass(frozen=True)
class Deadline:
    """The last day of a clock and how it was counted; it ends at 24:00 of ``last_day``."""

    clock: ClockName
    last_day: date
    counted_from: date
    total: Limit
    provisional: bool = False

    @property
    def until(self) -> str:
        return UNTIL[self.clock]

    @property
    def day(self) -> str:
        return day_text(self.last_day)

    @property
    def counted(self) -> str:
        """Tell how the last day was found (行政许可法82, 民法典201、203)."""
        return self._counted() + self._caution()

    def _counted(self) -> str:
        if self.clock is ClockName.SHORTFALL:
            return "这是您自己承诺的日期，到这一天24时为止。"
        if self.total.unit is Unit.SAME_WORKING_DAY:
            return "当天办结。"
        start = f"{plain_day(self.counted_from)}当天不算，从第二天起数{self.total.text}"
        working = self.total.unit is Unit.WORKING_DAY
        kind = "周末和法定节假日不算" if working else "周末和节假日也算"
        return f"{start}，{kind}，到这一天24时为止。"

    def _caution(self) -> str:
        if not self.provisional:
            return ""
        if CLOCKS[self.clock].owner is Actor.APPLICANT:
            return "这一年的放假安排还没有公布，公布后这个日期只会推后，不会提前。"
        return "这一年的放假安排还没有公布，公布后这个日期可能变化，变了会告诉您。"


@dataclass(frozen=True)
class Received:
    """A material that has arrived."""

    name: str
    pages: int


@dataclass(frozen=True)
class Defect:
    """One thing to put right: what, what is wrong with it, what is wanted."""

    name: str
    reason: str
    requirement: str


@dataclass(frozen=True)
class Promised:
    """A material that the applicant promised to bring, and until when."""

    name: str
    due_on: date


@dataclass(frozen=True)
class Charge:
    """A line of a fee; the amount is in fen."""

    text: str
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything a document is made of. ``texts`` are further facts, by the name in templates."""

    event: Event
    at: datetime
    dated: date
    item: str
    permit: bool
    item_basis: str
    organ: str
    case_no: str
    applicant: str
    received_at: datetime | None = None
    accepted_at: datetime | None = None
    mode: AcceptMode | None = None
    deadlines: tuple[Deadline, ...] = ()
    materials: tuple[Received, ...] = ()
    corrections: tuple[Defect, ...] = ()
    promised: tuple[Promised, ...] = ()
    statements: tuple[str, ...] = ()
    originals: tuple[str, ...] = ()
    charges: tuple[Charge, ...] = ()
    amount_fen: int | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    def words(self) -> dict[str, str]:
        """Return the facts that are there as the words of a document, by name."""
        found = {
            "at": moment_text(self.at),
            "item": official(self.item),
            "organ": official(self.organ),
            "case_no": self.case_no,
            self.event.value: "yes",
            "permit" if self.permit else "no_permit": "yes",
            # Sentences end their own way; whoever wrote a fact may have ended it too.
            **{name: official(text).rstrip("。") for name, text in self.texts.items() if text},
        }
        if self.received_at is not None:
            found["received"] = moment_text(self.received_at)
        if self.accepted_at is not None:
            found["accepted"] = moment_text(self.accepted_at)
        if self.mode is not None:
            found[f"mode_{self.mode.value.lower()}"] = self.mode.zh
        if self.amount_fen is not None:
            found["amount"] = money_text(self.amount_fen)
        for deadline in self.deadlines:
            found[f"due_{deadline.clock.value.lower()}"] = deadline.day
            found[f"limit_{deadline.clock.value.lower()}"] = deadline.total.text
        return found
