"""Who people are and what they may: the use-cases of logins, powers, staff and machines."""

from dataclasses import dataclass

from adapters import Adapters
from services.accounts import Accounts
from services.applicants import Applicants
from services.audit import Audit
from services.browser_logins import BrowserLogins
from services.counter_mandates import CounterMandates
from services.enrolment import Enrolment
from services.enterprises import Enterprises
from services.entrances import Entrances
from services.face_checks import FaceChecks
from services.federation import Federation
from services.guardians import Guardians
from services.items import Items
from services.joins import Joins
from services.machines import Machines
from services.mandates import Mandates
from services.members import Members
from services.net_credentials import NetChecks
from services.phone_codes import PhoneCodes
from services.ports import WechatWeb
from services.proxies import Proxies
from services.real_names import RealNames
from services.registrations import Registrations
from services.sessions import Sessions
from services.staff import StaffAccounts
from services.tidings import Tidings
from services.trail import Trail
from services.units import Units
from services.ways import Ways
from settings import Settings


@dataclass(frozen=True)
class People:
    """What the context takes over under the same names."""

    accounts: Accounts
    real_names: RealNames
    face_checks: FaceChecks
    net_checks: NetChecks
    joins: Joins
    browser_logins: BrowserLogins
    wechat_app: WechatWeb | None
    phone_codes: PhoneCodes
    sessions: Sessions
    ways: Ways
    staff: StaffAccounts
    enrolment: Enrolment
    members: Members
    units: Units
    trail: Trail
    machines: Machines
    registrations: Registrations
    mandates: Mandates
    enterprises: Enterprises
    guardians: Guardians
    proxies: Proxies
    counter_mandates: CounterMandates


def compose_people(
    settings: Settings,
    made: Adapters,
    *,
    audit: Audit,
    applicants: Applicants,
    items: Items,
    tidings: Tidings,
) -> People:
    """Put the use-cases about people together."""
    sessions = Sessions(made.clock, made.crypto, made.tokens, made.ended)
    real_names = RealNames(made.clock, made.crypto, made.realname, made.wechat_realname, audit)
    entrances = Entrances(made.clock, made.crypto, sessions, tidings)
    ways = Ways(entrances, audit)
    mandates = Mandates(made.clock, applicants, items, made.jobs, audit)
    guardians = Guardians(mandates, made.registers)
    return People(
        accounts=Accounts(made.clock, made.crypto, entrances, made.login, real_names),
        real_names=real_names,
        face_checks=FaceChecks(made.crypto, real_names, made.faces, audit, settings.public_base),
        net_checks=NetChecks(made.passing, made.netid, real_names),
        joins=Joins(entrances, made.tokens, audit),
        browser_logins=BrowserLogins(
            made.crypto,
            made.passing,
            made.oidc,
            made.wechat_h5,
            Federation(ways, real_names),
            ways,
            settings.public_base,
        ),
        wechat_app=made.wechat_app,
        phone_codes=PhoneCodes(made.crypto, made.codes, made.sms, made.limiter),
        sessions=sessions,
        ways=ways,
        staff=StaffAccounts(
            made.clock, made.tokens, made.passwords, made.crypto, made.one_time_codes, audit
        ),
        enrolment=Enrolment(made.clock, made.passwords, made.crypto, made.one_time_codes, audit),
        members=Members(made.clock, made.passwords, audit),
        units=Units(audit),
        trail=Trail(audit),
        machines=Machines(made.clock, made.tokens, made.assertions, made.nonces),
        registrations=Registrations(made.clock, made.assertions, audit),
        mandates=mandates,
        enterprises=Enterprises(mandates, made.registers),
        guardians=guardians,
        proxies=Proxies(mandates, made.realname, made.files),
        counter_mandates=CounterMandates(mandates, guardians, made.realname),
    )
