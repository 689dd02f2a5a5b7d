"""What handlers reach: the use-cases, built once by the composition root."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from services.accounts import Accounts
from services.cases import Cases
from services.commitments import Commitments
from services.consents import Consents
from services.counter_mandates import CounterMandates
from services.credit import Credit
from services.deadlines import Deadlines
from services.deliveries import Deliveries
from services.drafts import Drafts
from services.enterprises import Enterprises
from services.events import BackofficeEvents
from services.files import MultipartReader
from services.filing import Renewals
from services.guardians import Guardians
from services.handoff import Handoff
from services.inline_fixes import InlineFixes
from services.inquiries import Inquiries
from services.items import Items
from services.joint import Joint
from services.machines import Machines
from services.mandates import Mandates
from services.marks import Marks
from services.materials import Materials
from services.notices import Notices
from services.originals import Originals
from services.overrides import Overrides
from services.parties import Parties
from services.payments import Payments
from services.personal_requests import PersonalRequests
from services.ports import Broadcast, Limiter, Tokens
from services.progress import ProgressReader
from services.proxies import Proxies
from services.publications import Publications
from services.questions import Questions
from services.ratings import Ratings
from services.results import Results
from services.revealing import Revealing
from services.reviews import Reviews
from services.serving import Serving
from services.shortfalls import Shortfalls
from services.staff import StaffAccounts
from services.statistics import Statistics
from services.submissions import Submissions
from services.supervision import AlertMeter, Supervision
from services.withdrawals import Withdrawals


@dataclass(frozen=True)
class Context:
    """Everything a handler may use."""

    tokens: Tokens
    limiter: Limiter
    broadcast: Broadcast
    registry: CollectorRegistry
    multipart: MultipartReader
    accounts: Accounts
    staff: StaffAccounts
    machines: Machines
    items: Items
    drafts: Drafts
    publications: Publications
    questions: Questions
    cases: Cases
    renewals: Renewals
    materials: Materials
    submissions: Submissions
    parties: Parties
    mandates: Mandates
    enterprises: Enterprises
    guardians: Guardians
    proxies: Proxies
    counter_mandates: CounterMandates
    joint: Joint
    progress: ProgressReader
    deadlines: Deadlines
    reviews: Reviews
    revealing: Revealing
    overrides: Overrides
    shortfalls: Shortfalls
    commitments: Commitments
    inline_fixes: InlineFixes
    marks: Marks
    handoff: Handoff
    events: BackofficeEvents
    inquiries: Inquiries
    withdrawals: Withdrawals
    payments: Payments
    results: Results
    originals: Originals
    credit: Credit
    consents: Consents
    personal_requests: PersonalRequests
    deliveries: Deliveries
    ratings: Ratings
    supervision: Supervision
    statistics: Statistics
    alert_meter: AlertMeter
    notices: Notices
    serving: Serving
