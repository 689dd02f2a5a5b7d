"""Time-outs: what the end of a clock does to its case, by the table (models.rules.timeouts)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from models.case import Case, CaseForm, ClockInstance
from models.material import Material
from models.payment import PaymentOrder
from models.promise import ShortfallItem
from models.rules.calendar import due_on
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.clocks import start
from models.rules.events import Event
from models.rules.flavours import ShortfallStage
from models.rules.states import MonitorLight, RatingStatus
from models.rules.timeouts import REMINDS_AT_END, SILENT, event_at_end
from services import deemed, lacking, lateness
from services.acceptance import Acceptance
from services.actors import SYSTEM
from services.clocks import Clocks, columns_of
from services.items import PublishedItem
from services.orders import OPEN, close_soon, holds_money
from services.original_ends import OriginalEnds
from services.reminders import Reminders
from services.transitions import Transitions

# The last step of a promise or of a payment that did not come is not taken while money may.
ASK_FIRST = (Event.PAYMENT_TIMEOUT, Event.PAYMENT_OVERDUE)
SHORTFALLS = (Event.SHORTFALL_TIMEOUT, Event.SHORTFALL_TIMEOUT_TERMINATE)
ORIGINALS = (Event.ORIGINALS_TIMEOUT, Event.ORIGINALS_NO_SHOW)

Step = Callable[[Case, PublishedItem, Event, dict[str, str]], Awaitable[None]]


@dataclass(frozen=True)
class Timeouts:
    transitions: Transitions
    acceptance: Acceptance
    reminders: Reminders
    originals: OriginalEnds

    @property
    def clocks(self) -> Clocks:
        return self.transitions.clocks

    async def end(
        self, case: Case, item: PublishedItem, clock: ClockInstance, now: datetime, *, asked: bool
    ) -> bool:
        """Do what the end of a clock asks for; False when it has to wait for the next sweep.

        In the caller's transaction, with the case's row held.
        """
        name = ClockName(clock.name)
        event = event_at_end(
            name,
            case.state,
            deemed=item.deems_accepted,
            shortfall_expiry=item.shortfall_expiry,
        )
        if event is None:
            await self._without_step(case, item, clock, now)
        elif await self._waits_for_money(case, event, asked=asked):
            return False
        elif event is Event.DRAFT_EXPIRE_OR_DELETE and await self._touched(case, clock, now):
            return True
        elif event in ORIGINALS:
            # Not while the office has yet to look at what is there: then it is late itself.
            if not await self._without_originals(case, item, event, now):
                await self._without_step(case, item, clock, now)
        elif event in SHORTFALLS and await lacking.awaits_verdict(case.id):
            # It came in time; that nobody has looked at it is not the applicant's delay.
            await self._without_step(case, item, clock, now)
        else:
            await self._step(case, item, event, clock, now)
        return True

    async def is_extended(self, clock: ClockInstance) -> bool:
        """Tell whether a statutory limit goes on as an extension (行政许可法42)."""
        if clock.name != ClockName.DECISION_STATUTORY.value:
            return False
        extension = ClockName.EXTENSION.value
        return await ClockInstance.exists(case_id=clock.case_id, name=extension, stopped_at=None)

    async def _step(
        self, case: Case, item: PublishedItem, event: Event, clock: ClockInstance, now: datetime
    ) -> None:
        name = ClockName(clock.name)
        data = {"limit": CLOCKS[name].zh, "due_on": due_on(clock.due_at).isoformat()}
        if event is Event.DEEM_ACCEPTED:
            await deemed.accept(self.acceptance, case, item, clock, now)
            return
        if event in SHORTFALLS:
            promised = ShortfallItem.filter(case_id=case.id, status=ShortfallStage.PROMISED.value)
            await promised.update(status=ShortfallStage.OVERDUE.value)
        await self.transitions.apply(case, item, event, SYSTEM, data=data)
        if case.state.closed:
            await close_soon(self.transitions.jobs, case.id)

    async def _without_originals(
        self, case: Case, item: PublishedItem, event: Event, now: datetime
    ) -> bool:
        if event is Event.ORIGINALS_TIMEOUT:
            return await self.originals.timed_out(case, item, now, SYSTEM)
        return await self.originals.no_show(case, item, now, SYSTEM)

    async def _waits_for_money(self, case: Case, event: Event, *, asked: bool) -> bool:
        """Tell whether a case may not end now, for money is in it or may be on its way."""
        if event is Event.DRAFT_EXPIRE_OR_DELETE:
            return await holds_money(case.id)
        return event in ASK_FIRST and not (asked and await self._nothing_open(case, event))

    async def _nothing_open(self, case: Case, event: Event) -> bool:
        if event is Event.PAYMENT_OVERDUE:
            return True
        # An order may have been opened since the channel was asked, and what was paid for a
        # closed order is money all the same: first it goes back, then the case may end.
        opened = await PaymentOrder.exists(case_id=case.id, status__in=OPEN)
        return not (opened or await holds_money(case.id))

    async def _touched(self, case: Case, clock: ClockInstance, now: datetime) -> bool:
        """Let a draft live on that was worked on since its clock began; False when it was not."""
        form = await CaseForm.get(case_id=case.id)
        newest = await Material.filter(case_id=case.id).order_by("-created_at").first()
        moments = [form.saved_at, None if newest is None else newest.created_at]
        last = max([moment for moment in moments if moment is not None], default=clock.started_at)
        calendar = await self.clocks.calendars.current()
        limit = CLOCKS[ClockName.DRAFT_TTL].default
        assert limit is not None
        anew = start(ClockName.DRAFT_TTL, last, limit, calendar)
        if anew.due_at <= now:
            return False
        await ClockInstance.filter(id=clock.id).update(**columns_of(anew, now, calendar))
        return True

    async def _without_step(
        self, case: Case, item: PublishedItem, clock: ClockInstance, now: datetime
    ) -> None:
        """End a clock that changes no state: a reminder, a window that closes, or an alert."""
        name = ClockName(clock.name)
        if name in REMINDS_AT_END:
            await self.reminders.enqueue(case, clock)
        elif name is ClockName.RATING_WINDOW:
            await self._close_rating(case, clock, now)
        elif name not in SILENT and not await self.is_extended(clock):
            await lateness.note(case, item, clock, MonitorLight.RED, now)
        await ClockInstance.filter(id=clock.id).update(next_at=None)

    async def _close_rating(self, case: Case, clock: ClockInstance, now: datetime) -> None:
        # Silence is no opinion: it is never counted as satisfied.
        await Case.filter(id=case.id, rating_status=RatingStatus.OPEN.value).update(
            rating_status=RatingStatus.EXPIRED_UNRATED.value
        )
        await ClockInstance.filter(id=clock.id).update(stopped_at=now)
