"""Declared results (结果信息): what a back-office says of a result before it hands it in.

结果交接核对 (青神方案2018 附件1三(七)1): who holds it, who issued it, its days and its number are
compared with the application and the item; what does not fit never reaches the citizen.
"""

import hmac
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from models.case import Case
from models.ids import uuid7
from models.mandate import CoApplicant
from models.material import ResultDeclaration
from models.rules.calendar import day_of
from models.rules.numbers import is_case_number
from models.rules.states import Phase
from models.unit import current_unit, transaction
from services.access import CaseUnknown
from services.actors import Machine
from services.alerts import watch
from services.errors import FieldFault
from services.events.results import demand_correction
from services.items import PublishedItem
from services.packages import sha256_of
from services.results import ResultMismatch, ResultNotExpected, Results

AHEAD = timedelta(days=366)
"""How far from now a result may begin to be valid: further is a slip of the year."""
HOLDER = "和申请人、共同申请人或申请表里的人都不一致。"
AGENCY = "和事项的实施机关不一致。"
NUMBER = "这个编号已经用在另一个办件上。"
NO_NUMBER = "编号不能是空白,也不能有控制字符。"
ORDER = "有效期的开始和结束不对。"
OVER = "有效期已经过了。"
FAR = "有效期开始得太晚,请核对年份。"


@dataclass(frozen=True)
class ResultData:
    """``holder_id_sha256``: SHA-256 (hex) of the ID number or code, with a capital X."""

    sha256: str
    number: str
    holder_name: str
    holder_id_sha256: str
    issuing_agency: str
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True)
class Declared:
    declaration: ResultDeclaration
    created: bool


@dataclass(frozen=True)
class Declarations:
    results: Results

    @transaction
    async def declare(self, machine: Machine, case_no: str, data: ResultData) -> Declared:
        """Take down what a result is; the same again changes nothing, a new digest replaces it.

        A refusal is held against the sender: supervision hears of it, and the correction has one
        working day (RESULT_TRANSFER_FIX). Raises ``CaseUnknown``, ``ResultNotExpected`` or
        ``ResultMismatch``, whose faults name the fields that differ.
        """
        if not is_case_number(case_no):
            raise CaseUnknown
        case = await Case.filter(case_no=case_no).select_for_update().get_or_none()
        if case is None:
            raise CaseUnknown
        item = await self.results.items.version(case.item_version_id)
        if not machine.answers_for(item.agency_uscc, item.code):
            raise CaseUnknown
        watch(self.results.transitions.clock, case, item, machine.actor)
        if case.state.phase not in (Phase.HANDLING, Phase.RESULT):
            raise ResultNotExpected
        holder = await self._holder(case, data)
        faults = [*self._faults(item, data), *await self._number_faults(case, item, data)]
        if holder is None:
            faults.insert(0, FieldFault("/holder_name", HOLDER))
        if faults:
            act = partial(demand_correction, self.results.transitions, case.id)
            current_unit().if_undone(act)
            raise ResultMismatch(faults=faults)
        return await self._keep(machine, case, item, data, holder or "")

    def _faults(self, item: PublishedItem, data: ResultData) -> Iterator[FieldFault]:
        today = day_of(self.results.transitions.clock.now())
        if _plain(data.issuing_agency) != _plain(item.agency):
            yield FieldFault("/issuing_agency", AGENCY)
        if data.valid_from > today + AHEAD:
            yield FieldFault("/valid_from", FAR)
        if data.valid_until is not None and data.valid_until < data.valid_from:
            yield FieldFault("/valid_until", ORDER)
        elif data.valid_until is not None and data.valid_until < today:
            yield FieldFault("/valid_until", OVER)

    async def _number_faults(
        self, case: Case, item: PublishedItem, data: ResultData
    ) -> list[FieldFault]:
        if not data.number.strip() or not data.number.isprintable():
            return [FieldFault("/number", NO_NUMBER)]
        others = ResultDeclaration.filter(agency_uscc=item.agency_uscc, number=data.number)
        if await others.exclude(case_id=case.id).exists():
            return [FieldFault("/number", NUMBER)]
        return []

    async def _holder(self, case: Case, data: ResultData) -> str | None:
        """Return who of the application holds the result, None for somebody who is not in it."""
        applicant = await self.results.fees.applicants.get(case.account_id)
        if _is(data, applicant.name, applicant.id_number):
            return "APPLICANT"
        crypto = self.results.fees.applicants.crypto
        for party in await CoApplicant.filter(case_id=case.id):
            name = crypto.open(party.name_sealed, "person.name").decode()
            number = crypto.open(party.id_number_sealed, "person.id_number").decode()
            if _is(data, name, number):
                return "CO_APPLICANT"
        form = await self.results.fees.forms.read_filed(case.id)
        texts = [value for value in form.values.values() if isinstance(value, str)]
        if any(_is(data, name, number) for name in texts for number in texts):
            return "FORM"
        return None

    async def _keep(
        self, machine: Machine, case: Case, item: PublishedItem, data: ResultData, holder: str
    ) -> Declared:
        own = ResultDeclaration.filter(case_id=case.id, number=data.number)
        told: dict[str, Any] = {
            "sha256": data.sha256.lower(),
            "holder": holder,
            "valid_from": data.valid_from,
            "valid_until": data.valid_until,
            "source": machine.client_id,
        }
        known = await own.get_or_none()
        if known is not None:
            if any(getattr(known, name) != value for name, value in told.items()):
                known.update_from_dict(told)
                await known.save(update_fields=list(told))
            return Declared(known, created=False)
        made = await ResultDeclaration.create(
            id=uuid7(),
            case_id=case.id,
            agency_uscc=item.agency_uscc,
            number=data.number,
            created_at=self.results.transitions.clock.now(),
            **told,
        )
        return Declared(made, created=True)

    async def of_case(self, case_id: UUID) -> list[ResultDeclaration]:
        return await ResultDeclaration.filter(case_id=case_id).order_by("created_at", "id")


def _is(data: ResultData, name: str, id_number: str) -> bool:
    same = hmac.compare_digest(data.holder_id_sha256.lower(), sha256_of(id_number.upper()))
    return same and _plain(data.holder_name) == _plain(name)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())
