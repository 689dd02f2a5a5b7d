"""What handlers reach: the use-cases, built once by the composition root."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from services.accounts import Accounts
from services.cases import Cases
from services.credit import Credit
from services.deliveries import Deliveries
from services.events import BackofficeEvents
from services.files import MultipartReader
from services.handoff import Handoff
from services.items import Items
from services.joint import Joint
from services.machines import Machines
from services.materials import Materials
from services.originals import Originals
from services.payments import Payments
from services.ports import Broadcast, Limiter, Tokens
from services.progress import ProgressReader
from services.ratings import Ratings
from services.results import Results
from services.reviews import Reviews
from services.staff import StaffAccounts
from services.submissions import Submissions


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
    cases: Cases
    materials: Materials
    submissions: Submissions
    joint: Joint
    progress: ProgressReader
    reviews: Reviews
    handoff: Handoff
    events: BackofficeEvents
    payments: Payments
    results: Results
    originals: Originals
    credit: Credit
    deliveries: Deliveries
    ratings: Ratings
