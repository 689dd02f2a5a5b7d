"""The composition root: settings become adapters, adapters become use-cases."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry

from adapters import Adapters, make_adapters
from api.context import Context
from handing import compose_handing
from integrations.jobs import MOST_TASKS, Handler, Worker
from keeping import Keeping, compose_keeping
from looking import compose_looking
from models.database import close_database, config_for, open_database
from models.rules.lint import Policy
from models.unit import drain
from paying import compose_paying
from people import compose_people
from policies import archive_policy, credit_policy, templates
from receiving import compose_receiving
from reckoning import Reckoning, compose_reckoning
from reporting import compose_reporting
from services.acceptance import Acceptance
from services.announcements import DELIVER
from services.applicants import Applicants
from services.approvals import Approvals
from services.archive import Archive
from services.audit import APPEND, Audit
from services.calendars import Calendars
from services.cases import Cases
from services.clocks import Clocks
from services.commitments import Commitments
from services.consents import Consents
from services.credit import Credit
from services.deadlines import Deadlines
from services.deliveries import Deliveries
from services.drafts import Drafts
from services.editions import RECOMPUTE, Editions
from services.ends import Ends
from services.erasing import Erasing
from services.fees import Fees
from services.filing import Renewals
from services.forms import Forms
from services.inline_fixes import InlineFixes
from services.inquiries import Inquiries
from services.issuing import Desk, Issuing
from services.item_checks import ItemChecks
from services.items import Items
from services.joint import Joint
from services.keys import Keys
from services.leftovers import Leftovers
from services.marks import Marks
from services.materials import Materials
from services.messages import Messages
from services.moved import TELL_MOVED, Moves
from services.notices import Notices
from services.original_ends import OriginalEnds
from services.originals import Originals
from services.overrides import Overrides
from services.packages import Packages
from services.parties import Parties
from services.payments import Payments
from services.personal_requests import FULFIL, PersonalRequests
from services.ports import Clock
from services.ports.reading import MaterialReader
from services.progress import ProgressReader
from services.publications import Publications
from services.questions import Questions
from services.ratings import Ratings
from services.readings import READ
from services.recounts import Recounts
from services.reminders import REMIND, Reminders
from services.results import Results
from services.revealing import Revealing
from services.reviews import Reviews
from services.seeding import Seeding
from services.serving import Serving
from services.shortfalls import Shortfalls
from services.statistics import Statistics
from services.submissions import Submissions
from services.superseding import NewEditions
from services.supervision import AlertMeter, Supervision
from services.tidings import TELL_ACCOUNT, Tidings
from services.timeouts import Timeouts
from services.timers import Timers
from services.transitions import HAND_OVER_END, ISSUE, ROLL_UP, TELL, Transitions
from services.withdrawals import Withdrawals
from settings import Settings
from supplies import compose_supplies
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
    archive: Archive
    audit: Audit
    issuing: Issuing
    keys: Keys
    keeping: Keeping
    reckoning: Reckoning

    async def open(self) -> None:
        await open_database(self.database)
        # Each machine has broken uploads of its own, which no worker elsewhere can reach.
        await self.adapters.files.sweep_temporary()

    async def close(self) -> None:
        """Let running units finish, then close what was opened."""
        await drain()
        await self.adapters.close()
        await close_database()

    def worker(self) -> Worker:
        """Return the job worker of this installation."""
        url = self.settings.database_url.get_secret_value()
        limits = {READ: self.settings.readings_at_once, ISSUE: MOST_TASKS}
        return Worker(url, self.handlers, self.schedules, limits)

    def abandon(self) -> None:
        """Let go of what takes long and is begun again by the next process: a deploy waits."""
        self.adapters.abandon()


def compose(
    settings: Settings, clock: Clock | None = None, reader: MaterialReader | None = None
) -> Parts:
    """Put the use-cases together over the adapters of the settings."""
    made = make_adapters(settings, clock)
    audit = Audit(made.clock, made.jobs)
    calendars = Calendars(made.clock)
    hosts = frozenset(filter(None, settings.external_hosts.split(",")))
    checks = ItemChecks(made.clock, calendars, Policy(settings.item_max_visits, hosts))
    items = Items(made.clock, checks)
    drafts, questions = Drafts(made.clock, items, checks, audit), Questions(items, audit)
    forms, applicants = Forms(made.crypto), Applicants(made.crypto)
    clocks = Clocks(calendars)
    transitions = Transitions(made.clock, clocks, made.jobs, made.broadcast)
    cases = Cases(made.clock, items, forms, applicants, transitions)
    fees = Fees(made.clock, forms, applicants)
    packages = Packages(made.clock, made.crypto, forms, applicants, calendars)
    acceptance = Acceptance(transitions, packages, fees)
    deliveries = Deliveries(made.crypto, items, transitions, made.courier, made.jobs)
    results = Results(transitions, fees, deliveries, items, made.files, settings.results_declared)
    credit = Credit(made.clock, made.crypto, made.jobs, calendars, credit_policy(settings), audit)
    ends = OriginalEnds(cases, credit, audit)
    payments = Payments(made.tills, items, transitions, acceptance, results, made.jobs)
    looking = compose_looking(made, cases, audit, reader)
    materials = Materials(made.clock, made.crypto, cases, made.files, audit, looking.readings)
    editions = Editions(made.clock, calendars, made.jobs, audit)
    desk = Desk(made.printer, made.files, settings.public_base)
    issuing = Issuing(cases, made.crypto, made.jobs, desk)
    notices = Notices(made.clock, made.crypto, items, made.jobs, made.files, audit)
    moves = Moves(made.jobs, NewEditions(notices))
    recounts = Recounts(made.clock, calendars, made.jobs, made.broadcast, moves)
    messages = Messages(made.clock, made.crypto, made.messages, made.sms, templates(settings))
    reminders = Reminders(made.clock, made.jobs)
    timeouts = Timeouts(transitions, acceptance, reminders, ends)
    timers = Timers(items, payments, reminders, timeouts, recounts)
    archive = Archive(
        cases, made.crypto, made.files, archive_policy(settings), made.crypto.sign, audit
    )
    withdrawals = Withdrawals(cases, packages)
    joint = Joint(items, forms, transitions, withdrawals)
    tidings = Tidings(
        made.clock, made.crypto, made.jobs, made.messages, made.sms, templates(settings)
    )
    people = compose_people(
        settings, made, audit=audit, applicants=applicants, items=items, tidings=tidings
    )
    personal = PersonalRequests(
        made.crypto, calendars, Erasing(cases, people.sessions), audit, made.jobs
    )
    parties = Parties(cases, audit)
    keeping = compose_keeping(made, items)
    receiving = compose_receiving(settings, made, materials)
    paying = compose_paying(settings, made, payments, cases=cases, fees=fees, audit=audit)
    reckoning = compose_reckoning(
        settings, made, payments, items, audit, ask_refund=paying.refunds.ask
    )
    handing = compose_handing(made, items, calendars, audit)
    reporting = compose_reporting(settings, made, cases, packages, results, audit=audit)
    rooms = (keeping, receiving, looking, paying, reckoning, handing, reporting)
    context = Context(
        tokens=made.tokens,
        limiter=made.limiter,
        broadcast=made.broadcast,
        ended=made.ended,
        registry=CollectorRegistry(),
        multipart=StreamedMultipart(),
        **vars(people),
        approvals=Approvals(cases, audit),
        items=items,
        drafts=drafts,
        publications=Publications(drafts),
        questions=questions,
        cases=cases,
        renewals=Renewals(cases),
        materials=materials,
        **vars(compose_supplies(made, materials)),
        **looking.shown,
        **(vars(receiving) | reckoning.shown),
        submissions=Submissions(cases, applicants, transitions, made.crypto, joint, parties),
        parties=parties,
        joint=joint,
        progress=ProgressReader(made.clock, made.crypto),
        deadlines=Deadlines(made.clock, calendars, items),
        reviews=Reviews(cases, acceptance, fees, audit),
        revealing=Revealing(cases, audit),
        overrides=Overrides(cases),
        shortfalls=Shortfalls(cases),
        commitments=Commitments(cases),
        inline_fixes=InlineFixes(cases),
        marks=Marks(cases, audit),
        **handing.shown,
        **reporting.shown,
        inquiries=Inquiries(cases, packages),
        withdrawals=withdrawals,
        **paying.shown,
        results=results,
        credit=credit,
        consents=Consents(made.clock),
        personal_requests=personal,
        originals=Originals(cases, results, ends),
        deliveries=deliveries,
        ratings=Ratings(made.clock),
        supervision=Supervision(made.clock, calendars, items, audit),
        statistics=Statistics(made.clock, calendars),
        alert_meter=AlertMeter(made.clock),
        notices=notices,
        serving=Serving(made.clock, notices, audit),
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
            ISSUE: issuing.issue,
            APPEND: audit.append_late,
            REMIND: messages.remind,
            DELIVER: messages.deliver,
            ROLL_UP: joint.roll_up,
            FULFIL: personal.copy,
            HAND_OVER_END: Ends(items, packages).hand_over,
            "delivery.create_parcel": deliveries.create_parcel,
            "delivery.poll": deliveries.poll,
            RECOMPUTE: recounts.run,
            TELL_MOVED: messages.tell_moved,
            TELL_ACCOUNT: tidings.deliver,
            **{name: each for room in rooms for name, each in room.handlers.items()},
        },
        schedules={
            "timers": ("* * * * *", timers.sweep),
            "credit": ("7 * * * *", credit.tick),
            "leftovers": ("23 * * * *", Leftovers(made.clock).sweep),
            "rights": ("17 * * * *", personal.purge),
            "archive": ("*/10 * * * *", archive.sweep),
            "audit.anchor": ("0 * * * *", audit.anchor),
            "notices": ("*/5 * * * *", issuing.sweep),
            **{name: each for room in rooms for name, each in room.schedules.items()},
        },
        seeding=Seeding(items, checks, questions, editions, audit),
        archive=archive,
        audit=audit,
        issuing=issuing,
        keys=Keys(made.crypto, audit),
        keeping=keeping,
        reckoning=reckoning,
    )
