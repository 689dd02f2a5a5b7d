"""What handlers reach: the use-cases, built once by the composition root."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from services.accounts import Accounts
from services.approvals import Approvals
from services.browser_logins import BrowserLogins
from services.cases import Cases
from services.certificates import Certificates
from services.commitments import Commitments
from services.comparing import Comparing
from services.consents import Consents
from services.counter_mandates import CounterMandates
from services.credit import Credit
from services.deadlines import Deadlines
from services.declared import Declarations
from services.deliveries import Deliveries
from services.drafts import Drafts
from services.enrolment import Enrolment
from services.enterprises import Enterprises
from services.events import BackofficeEvents
from services.face_checks import FaceChecks
from services.files import MultipartReader
from services.filing import Renewals
from services.guardians import Guardians
from services.handoff import Handoff
from services.handoff_desk import HandoffDesk
from services.handoff_watch import HandoffMeter
from services.imports import Imports
from services.inline_fixes import InlineFixes
from services.inquiries import Inquiries
from services.items import Items
from services.joins import Joins
from services.joint import Joint
from services.machines import Machines
from services.mandates import Mandates
from services.marks import Marks
from services.materials import Materials
from services.members import Members
from services.net_credentials import NetChecks
from services.notices import Notices
from services.order_desk import OrderDesk
from services.originals import Originals
from services.overrides import Overrides
from services.pages import Pages
from services.parties import Parties
from services.payments import Payments
from services.personal_requests import PersonalRequests
from services.phone_codes import PhoneCodes
from services.ports import Broadcast, EndedSessions, Limiter, Tokens, WechatWeb
from services.progress import ProgressReader
from services.proxies import Proxies
from services.publications import Publications
from services.questions import Questions
from services.ratings import Ratings
from services.real_names import RealNames
from services.reentry import Reentries
from services.refund_desk import RefundDesk
from services.refund_requests import RefundRequests
from services.registrations import Registrations
from services.reissues import Reissues
from services.results import Results
from services.revealing import Revealing
from services.reviews import Reviews
from services.second_looks import SecondLooks
from services.serving import Serving
from services.sessions import Sessions
from services.shortfalls import Shortfalls
from services.sources import Sources
from services.staff import StaffAccounts
from services.statistics import Statistics
from services.submissions import Submissions
from services.suggestions import Suggestions
from services.supervision import AlertMeter, Supervision
from services.trail import Trail
from services.units import Units
from services.uploads import Uploads
from services.vault import Vault
from services.waiver_desk import WaiverDesk
from services.waivers import Waivers
from services.wake_ups import WakeUps
from services.ways import Ways
from services.withdrawals import Withdrawals
from services.working_copies import WorkingCopies


@dataclass(frozen=True)
class Context:
    """Everything a handler may use."""

    tokens: Tokens
    limiter: Limiter
    broadcast: Broadcast
    ended: EndedSessions
    registry: CollectorRegistry
    multipart: MultipartReader
    accounts: Accounts
    real_names: RealNames
    face_checks: FaceChecks
    net_checks: NetChecks
    joins: Joins
    phone_codes: PhoneCodes
    browser_logins: BrowserLogins
    wechat_app: WechatWeb | None
    sessions: Sessions
    ways: Ways
    staff: StaffAccounts
    enrolment: Enrolment
    members: Members
    units: Units
    trail: Trail
    approvals: Approvals
    machines: Machines
    registrations: Registrations
    items: Items
    drafts: Drafts
    publications: Publications
    questions: Questions
    cases: Cases
    renewals: Renewals
    materials: Materials
    vault: Vault
    sources: Sources
    certificates: Certificates
    working_copies: WorkingCopies
    second_looks: SecondLooks
    comparing: Comparing
    suggestions: Suggestions
    uploads: Uploads
    pages: Pages
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
    handoff_desk: HandoffDesk
    handoff_meter: HandoffMeter
    wake_ups: WakeUps
    events: BackofficeEvents
    inquiries: Inquiries
    withdrawals: Withdrawals
    payments: Payments
    order_desk: OrderDesk
    refund_requests: RefundRequests
    refund_desk: RefundDesk
    waivers: Waivers
    waiver_desk: WaiverDesk
    reissues: Reissues
    results: Results
    declarations: Declarations
    imports: Imports
    reentries: Reentries
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
