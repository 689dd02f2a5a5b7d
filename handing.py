"""The composition of the hand-off: packages on their way, who watches over them, who is woken."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from adapters import Adapters
from integrations.jobs import Handler
from services.audit import Audit
from services.calendars import Calendars
from services.handoff import Handoff
from services.handoff_desk import HandoffDesk
from services.handoff_watch import TELL_STUCK, HandoffMeter, HandoffWatch
from services.items import Items
from services.wake_ups import WAKE, WakeUps


@dataclass(frozen=True)
class Handing:
    """The use-cases of the hand-off, as handlers reach them and as the worker runs them."""

    handoff: Handoff
    desk: HandoffDesk
    watch: HandoffWatch
    wake_ups: WakeUps
    meter: HandoffMeter

    @property
    def shown(self) -> dict[str, Any]:
        """Return what handlers reach, by its name in their context."""
        return {
            "handoff": self.handoff,
            "handoff_desk": self.desk,
            "handoff_meter": self.meter,
            "wake_ups": self.wake_ups,
        }

    @property
    def handlers(self) -> dict[str, Handler]:
        return {TELL_STUCK: self.watch.tell, WAKE: self.wake_ups.wake}

    @property
    def schedules(self) -> dict[str, tuple[str, Callable[[], Awaitable[object]]]]:
        return {
            "handoff.watch": ("* * * * *", self.watch.sweep),
            "handoff.wake": ("* * * * *", self.wake_ups.sweep),
        }


def compose_handing(made: Adapters, items: Items, calendars: Calendars, audit: Audit) -> Handing:
    clock, crypto = made.clock, made.crypto
    return Handing(
        handoff=Handoff(clock, crypto, items),
        desk=HandoffDesk(clock, calendars, audit),
        watch=HandoffWatch(clock, crypto, items, made.jobs, made.sms),
        wake_ups=WakeUps(clock, crypto, made.jobs, made.pushes, audit),
        meter=HandoffMeter(clock),
    )
