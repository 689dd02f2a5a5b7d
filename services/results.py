"""Results (办理结果): the fee gate after the decision, the document, and who may have it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from models.case import Case
from models.ids import uuid7
from models.material import ResultDeclaration, ResultDocument
from models.rules.events import Event
from models.rules.mandates import Act
from models.rules.numbers import is_case_number
from models.rules.states import FeeStage, Phase, State
from models.rules.supervision import AlertKind
from models.unit import transaction
from services import access
from services.access import CaseUnknown
from services.actors import SYSTEM, Citizen, Machine
from services.alerts import watch
from services.deliveries import Deliveries
from services.errors import Conflict, FieldFault
from services.fees import Fees
from services.files import ServedFile, download_name
from services.items import Items, PublishedItem
from services.ports import MaterialFiles, StoredFile
from services.quarantine import check_taken
from services.signature_marks import carries_signature
from services.transitions import Transitions

FORMATS = ("pdf",)
"""PDF and its sister OFD."""
UNDECLARED = "没有申报过这个文件的结果信息,或者文件的摘要不一致。"
UNSIGNED = "文件里没有电子签章。"
MAX_BYTES = 20 * 1024 * 1024
REJECTED = "REJECTED"


class ResultNotExpected(Conflict):
    """Nobody is working on this case, or it is over: there is no result to hand in."""

    code = "result_not_expected"
    sentence = "办件当前的状态不能上传办理结果。"


class ResultNotReady(Conflict):
    """There is no decision yet, or its document has not arrived."""

    code = "result_not_ready"
    sentence = "办理结果还没有出来,请稍后再看。"


class PaymentRequired(Conflict):
    """统一发证 (青神方案2018): a certificate is released when its fee is settled."""

    code = "payment_required"
    sentence = "请先缴清费用,缴费后就可以领取办理结果。"


class ResultMismatch(Conflict):
    """The result is not what was applied for or declared; each fault names a field."""

    code = "result_mismatch"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "办理结果和申请不一致,请在1个工作日内更正后重新报送。"


@dataclass(frozen=True)
class Stored:
    """A document as it was received; ``created`` False: these bytes were here already."""

    document: ResultDocument
    created: bool


@dataclass(frozen=True)
class Arrived:
    """A document that was taken in; ``signed``: it has a signature, good or not."""

    file: StoredFile
    signed: bool


@dataclass(frozen=True)
class Results:
    transitions: Transitions
    fees: Fees
    deliveries: Deliveries
    items: Items
    files: MaterialFiles
    declared_only: bool = False

    async def route(self, case: Case, item: PublishedItem) -> None:
        """Send a decided case on: to the cashier (T30) or out of the house (T34, T35, T36).

        In the caller's transaction, right after the case became APPROVED or REJECTED or was
        paid; a fee that falls due after the decision was assessed before.
        """
        due = case.state is State.APPROVED and item.fee_stage is FeeStage.AFTER_DECISION
        if due and not await self.fees.is_settled(case, item):
            await self.transitions.apply(case, item, Event.REQUEST_PAYMENT, SYSTEM)
        else:
            await self.deliveries.route(case, item)

    async def store(self, machine: Machine, case_no: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Keep a result document (PDF or OFD, at most 20 MB); the same bytes again change nothing.

        Raises ``CaseUnknown`` for another agency's case, ``ResultNotExpected``, ``ResultMismatch``
        and what ``MaterialFiles.take_in`` raises; nothing is recorded then.
        """
        case = await Case.get_or_none(case_no=case_no) if is_case_number(case_no) else None
        if case is None:
            raise CaseUnknown
        item = await self.items.version(case.item_version_id)
        if not machine.answers_for(item.agency_uscc, item.code):
            raise CaseUnknown
        if not _expects(case) and not await ResultDocument.exists(case_id=case.id):
            raise ResultNotExpected
        taken = await self.files.take_in(chunks, max_bytes=MAX_BYTES, formats=FORMATS)
        signed = await carries_signature(self.files.read(taken.original.key))
        return await self._record(machine, case.id, item, Arrived(taken.original, signed))

    @transaction
    async def _record(
        self, machine: Machine, case_id: UUID, item: PublishedItem, arrived: Arrived
    ) -> Stored:
        case = await Case.filter(id=case_id).select_for_update().get()
        watch(self.transitions.clock, case, item, machine.actor)
        file = arrived.file
        known = await ResultDocument.get_or_none(case_id=case_id, sha256=file.sha256)
        if known is not None:
            return Stored(known, created=False)
        # The case may have ended while the bytes were coming.
        if not _expects(case):
            raise ResultNotExpected
        await self._check(case, item, arrived)
        document = await ResultDocument.create(
            id=uuid7(),
            case_id=case_id,
            key=file.key,
            sha256=file.sha256,
            size=file.size,
            mime=file.mime,
            source=machine.client_id,
            created_at=self.transitions.clock.now(),
        )
        await check_taken(file.key)
        if case.state in (State.APPROVED, State.REJECTED):
            # Electronic service has waited for what it serves.
            await self.deliveries.route(case, item)
        return Stored(document, created=True)

    async def _check(self, case: Case, item: PublishedItem, arrived: Arrived) -> None:
        """Hold back what was not declared, where that is wanted, and what lacks its signature."""
        declared = ResultDeclaration.filter(case_id=case.id)
        wanted = self.declared_only or await declared.exists()
        if wanted and not await declared.filter(sha256=arrived.file.sha256).exists():
            raise ResultMismatch(faults=[FieldFault("/sha256", UNDECLARED)])
        if item.body["result"].get("signed") and not arrived.signed:
            raise ResultMismatch(faults=[FieldFault("/signature", UNSIGNED)])

    async def open(self, who: Citizen, case_id: UUID) -> ServedFile:
        """Return the newest document of one's own decided case.

        Raises ``CaseUnknown``, ``ResultNotReady``, ``PaymentRequired``.
        """
        case = await access.seen(who, case_id, self.transitions.clock.now(), Act.RECEIVE)
        if case.decided_at is None:
            raise ResultNotReady
        item = await self.items.version(case.item_version_id)
        # A refusal with its reasons and remedies is owed to everybody (行政许可法38), paid or not.
        if case.decision != REJECTED and not await self.fees.is_settled(case, item):
            raise PaymentRequired
        document = (
            await ResultDocument.filter(case_id=case.id).order_by("-created_at", "-id").first()
        )
        if document is None:
            raise ResultNotReady
        name = download_name(f"{item.body['result']['name']}-{case.case_no}", document.mime)
        return ServedFile(document.key, document.sha256, document.size, document.mime, name)


def _expects(case: Case) -> bool:
    return case.state.phase in (Phase.HANDLING, Phase.RESULT)
