"""Result against application (结果交接核对): whom the decision names has to be who applied.

青神方案2018 附件1三(七)1: what cannot be put right at once is corrected within one working day.
"""

import hmac
import unicodedata
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from models.case import Case, ClockInstance
from models.rules.clock_table import ClockName
from models.unit import current_unit, run_in_transaction
from services.applicants import Applicants
from services.errors import FieldFault
from services.events.reports import Told
from services.packages import sha256_of
from services.results import ResultMismatch
from services.transitions import Transitions

DIFFERS = "和申请人不一致。"


@dataclass(frozen=True)
class ResultChecks:
    transitions: Transitions
    applicants: Applicants

    async def check(self, told: Told) -> None:
        """Compare what a decision says of its holder, if it does; raise ``ResultMismatch``.

        The refusal undoes everything but this: the correction has one working day from now.
        """
        report = told.report
        if report.holder_name is None and report.holder_id_sha256 is None:
            return
        applicant = await self.applicants.get(told.case.account_id)
        faults = []
        if report.holder_name is not None and _plain(report.holder_name) != _plain(applicant.name):
            faults.append(FieldFault("/payload/holder_name", DIFFERS))
        given = report.holder_id_sha256
        if given is not None and not hmac.compare_digest(
            given.lower(), sha256_of(applicant.id_number)
        ):
            faults.append(FieldFault("/payload/holder_id_sha256", DIFFERS))
        if faults:
            current_unit().if_undone(partial(demand_correction, self.transitions, told.case.id))
            raise ResultMismatch(faults=faults)

    async def end(self, told: Told) -> None:
        """End the wait for a correction: the right result has come."""
        now = self.transitions.clock.now()
        clocks, name = self.transitions.clocks, ClockName.RESULT_TRANSFER_FIX
        await clocks.end(told.case, told.item, name, now)


async def demand_correction(transitions: Transitions, case_id: UUID, error: Exception) -> None:
    """Give a mismatch its one working day, after the refusal undid everything else."""
    if isinstance(error, ResultMismatch):
        await run_in_transaction(partial(_begin, transitions, case_id))


async def _begin(transitions: Transitions, case_id: UUID) -> None:
    case = await Case.filter(id=case_id).select_for_update().get()
    name = ClockName.RESULT_TRANSFER_FIX
    # The first mismatch counts: sending another wrong result wins no time.
    running = ClockInstance.filter(case_id=case_id, name=name.value, stopped_at=None)
    if not await running.exists():
        await transitions.clocks.begin(case, name, transitions.clock.now())


def _plain(name: str) -> str:
    """Return a name without what differs between keyboards: width and blanks."""
    return "".join(unicodedata.normalize("NFKC", name).split())
