"""The composition root: settings become adapters, adapters become use-cases."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry

from adapters import Adapters, make_adapters
from api.context import Context
from integrations.jobs import Handler, Worker
from models.database import close_database, config_for, open_database
from models.unit import drain
from services.acceptance import Acceptance
from services.accounts import Accounts
from services.applicants import Applicants
from services.audit import APPEND, Audit
from services.calendars import Calendars
from services.cases import Cases
from services.clocks import Clocks
from services.deliveries import Deliveries
from services.events import BackofficeEvents
from services.fees import Fees
from services.forms import Forms
from services.handoff import Handoff
from services.items import Items
from services.machines import Machines
from services.materials import Materials
from services.messages import Messages
from services.packages import Packages
from services.payments import Payments
from services.ports import Clock
from services.progress import ProgressReader
from services.ratings import Ratings
from services.reminders import REMIND, Reminders
from services.results import Results
from services.reviews import Reviews
from services.seeding import Seeding
from services.staff import StaffAccounts
from services.statistics import Statistics
from services.submissions import Submissions
from services.supervision import AlertMeter, Supervision
from services.timeouts import Timeouts
from services.timers import Timers
from services.transitions import TELL, Transitions
from settings import Settings
from uploads.multipart import StreamedMultipart


@dataclass(frozen=True)
class Parts:
    """One process put together."""

    settings: Settings
    adapters: Adapters
    database: Mapping[str, Any]
    context: Context
    handlers: Mapping[str, Handler]
    schedules: Mapping[str, tuple[str, Callable[[], Awaitable[object]]]]
    seeding: Seeding
    audit: Audit

    async def open(self) -> None:
        await open_database(self.database)

    async def close(self) -> None:
        """Let running units finish, then close what was opened."""
        await drain()
        await self.adapters.close()
        await close_database()

    def worker(self) -> Worker:
        """Return the job worker of this installation."""
        url = self.settings.database_url.get_secret_value()
        return Worker(url, self.handlers, self.schedules)


def compose(settings: Settings, clock: Clock | None = None) -> Parts:
    """Put the use-cases together over the adapters of the settings."""
    made = make_adapters(settings, clock)
    audit = Audit(made.clock, made.jobs)
    items = Items(made.clock)
    forms = Forms(made.crypto)
    applicants = Applicants(made.crypto)
    calendars = Calendars(made.clock)
    clocks = Clocks(calendars)
    transitions = Transitions(made.clock, clocks, made.jobs, made.broadcast)
    cases = Cases(made.clock, items, forms, applicants, transitions)
    fees = Fees(made.clock, forms, applicants)
    packages = Packages(made.clock, made.crypto, forms, applicants)
    acceptance = Acceptance(transitions, packages, fees)
    deliveries = Deliveries(made.crypto, items, transitions, made.courier, made.jobs)
    results = Results(transitions, fees, deliveries, items, made.files)
    payments = Payments(made.channel, items, transitions, acceptance, results, made.jobs)
    materials = Materials(made.clock, made.crypto, cases, made.files, audit)
    messages = Messages(made.clock, made.crypto, made.messages, made.sms, _templates(settings))
    reminders = Reminders(made.clock, made.jobs)
    timeouts = Timeouts(transitions, acceptance, reminders)
    timers = Timers(items, payments, reminders, timeouts)
    context = Context(
        tokens=made.tokens,
        limiter=made.limiter,
        broadcast=made.broadcast,
        registry=CollectorRegistry(),
        multipart=StreamedMultipart(),
        accounts=Accounts(made.clock, made.crypto, made.tokens, made.login, made.realname),
        staff=StaffAccounts(made.clock, made.tokens, made.passwords, audit),
        machines=Machines(made.clock, made.tokens, made.passwords),
        items=items,
        cases=cases,
        materials=materials,
        submissions=Submissions(cases, applicants, transitions, made.crypto),
        progress=ProgressReader(made.crypto),
        reviews=Reviews(cases, acceptance, fees, audit),
        handoff=Handoff(made.clock, made.crypto),
        events=BackofficeEvents(items, transitions, fees, results),
        payments=payments,
        results=results,
        deliveries=deliveries,
        ratings=Ratings(made.clock),
        supervision=Supervision(made.clock, calendars, items, audit),
        statistics=Statistics(made.clock, calendars),
        alert_meter=AlertMeter(made.clock),
    )
    return Parts(
        settings=settings,
        adapters=made,
        database=config_for(
            settings.database_url.get_secret_value(),
            pool=settings.database_pool,
            seconds=settings.database_timeout,
        ),
        context=context,
        handlers={
            TELL: messages.tell,
            REMIND: messages.remind,
            APPEND: audit.append_late,
            "payment.sweep": payments.sweep,
            "delivery.create_parcel": deliveries.create_parcel,
            "delivery.poll": deliveries.poll,
        },
        schedules={
            "timers": ("* * * * *", timers.sweep),
            "audit.anchor": ("0 * * * *", audit.anchor),
        },
        seeding=Seeding(items),
        audit=audit,
    )


def _templates(settings: Settings) -> Mapping[str, str]:
    return {
        "case_action": settings.wechat_template_action,
        "case_progress": settings.wechat_template_progress,
    }
