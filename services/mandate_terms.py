"""What a mandate is made of, and why one is refused."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.mandate import Mandate
from models.rules.mandates import Act
from services.applicants import Applicant
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.identities import Identity


class MandateUnknown(NotFound):
    """No such mandate, or nothing of the asker's."""

    code = "mandate_unknown"
    sentence = "没有找到这项授权。"


class MandateRefused(Invalid):
    """What cannot be given: to oneself, beyond one's own, for longer than a year, for nothing."""

    code = "mandate_refused"
    sentence = "这样的授权不能成立,请检查后重试。"


class MandateSettled(Conflict):
    """It was answered or has ended."""

    code = "mandate_settled"
    sentence = "这项授权已经处理过了。"


class MandatesTooMany(Conflict):
    """A principal has so many open ones that nobody could look through them."""

    code = "mandates_too_many"
    sentence = "您给出的有效授权太多了,请先结束不用的。"


class CapacityMissing(Forbidden):
    """Who is under age neither gives a mandate nor takes one (民法典19-22)."""

    code = "capacity_missing"
    sentence = "未满18周岁不能授权,也不能接受授权。"


@dataclass(frozen=True, repr=False)
class Offer:
    """What is given to whom. ``item_code`` and ``case_id`` narrow it; ``until`` ends it."""

    agent: Identity
    acts: frozenset[Act]
    until: datetime
    item_code: str | None = None
    case_id: UUID | None = None


@dataclass(frozen=True)
class Listed:
    """A mandate with the names that its reader may know."""

    mandate: Mandate
    principal: str
    is_person: bool
    agent: str
    item_name: str | None
    case_no: str | None


@dataclass(frozen=True)
class Principal:
    """Somebody for whom one may act."""

    applicant: Applicant
    acts: frozenset[Act]
