"""Result documents that an event names: they have come and were checked, or it is refused."""

from dataclasses import dataclass

from models.material import ResultDocument
from models.rules.states import Phase, State
from services.errors import FieldFault
from services.events.asides import keep_number, tell
from services.events.problems import ResultDocumentMissing
from services.events.reports import Report, Told
from services.transitions import StepNotAllowed, Transitions

ABSENT = "这个文件还没有上传,或者没有通过核对。"
READY = "办理结果已经做好"
READY_UNPAID = "办理结果已经做好,缴费后可以取"


@dataclass(frozen=True)
class Documents:
    transitions: Transitions

    async def ready(self, told: Told) -> None:
        """Tell the applicant that a decided case's documents are made.

        No step of the lifecycle: T34 to T36 follow a decision and a document by themselves. Raises
        ``StepNotAllowed``, ``ResultDocumentMissing``.
        """
        case = told.case
        if case.decided_at is None or case.state.phase is not Phase.RESULT:
            raise StepNotAllowed
        await check_named(told)
        await keep_number(told)
        owes = case.state is State.AWAIT_PAYMENT
        await tell(self.transitions, told, READY_UNPAID if owes else READY)


async def check_named(told: Told) -> None:
    """Raise ``ResultDocumentMissing`` unless every document that an event names is here."""
    named = _named(told.report)
    here = await ResultDocument.filter(case_id=told.case.id, sha256__in=named)
    known = {document.sha256 for document in here}
    faults = [
        FieldFault(f"/payload/documents/{place}", ABSENT)
        for place, digest in enumerate(named)
        if digest not in known
    ]
    if faults:
        raise ResultDocumentMissing(faults=faults)


def _named(report: Report) -> list[str]:
    return [digest.lower() for digest in report.documents or ()]
