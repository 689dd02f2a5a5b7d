"""Cases at the stage that a test is about, led there by window, back-office and cashier."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID, uuid4

from models.item import Item
from models.material import Material
from models.rules.events import Role
from models.rules.reasons import Verdict
from models.rules.states import State
from services.actors import Citizen, Machine
from services.events import Decision, EventType, Report
from services.materials import PURPOSE
from services.payments import Payable
from tests import make
from tests.make import Filed
from tests.world import World

T = TypeVar("T")
FORMS: dict[str, dict[str, Any]] = {
    **make.FORMS,
    "ITEM06": {
        "elder_name": "赵淑芬",
        "elder_id_number": "511499194311051028",
        "living_address": "示例县北桥镇桥头村2组",
        "payout_account": "6217000000000000000",
    },
    "ITEM07": {
        "category": "肢体",
        "contact_address": "示例县北桥镇桥头村2组",
        "assessment_hospital": "示例县人民医院",
    },
}
DIGGING_FEE = 375_000  # 12.5 square metres of asphalt at 300.00 yuan


async def drafted(
    world: World, who: Citizen, item: str, applicant: UUID | None = None, **form: Any
) -> Filed:
    """Return a complete draft whose materials are rows only: nothing here opens their files."""
    code = await make.item_code(item)
    draft = await world.ctx.cases.open_draft(who, code, another=True, applicant=applicant)
    opened = draft.opened
    for name, value in {**FORMS[item], **form}.items():
        opened = await world.ctx.cases.put_field(who, opened.case.id, name, value)
    wanted = await world.ctx.cases.requirements(opened)
    codes = [each.code for each in wanted if each.required and each.upload]
    crypto = world.ctx.materials.crypto
    digest = await make.registered()
    await Material.bulk_create(
        [
            Material(
                case_id=opened.case.id,
                code=each,
                no=1,
                name_sealed=crypto.seal(b"scan.jpg", PURPOSE),
                original_key=digest,
                sha256=digest,
                mime="image/jpeg",
                size=1,
                working_key=digest,
                working_sha256=digest,
                working_mime="image/jpeg",
                working_size=1,
                pages=1,
                created_at=world.clock.now(),
            )
            for each in codes
        ]
    )
    return Filed(who, opened.case.id, await Item.get(code=code), codes=codes)


async def reviewed(
    world: World,
    item: str = "ITEM10",
    *,
    who: Citizen | None = None,
    applicant: UUID | None = None,
    **form: Any,
) -> Filed:
    """Return a case whose pre-review the officer has just ended well.

    ITEM10 is accepted then, ITEM09 after its originals came, ITEM11 waits to be paid first.
    """
    who = who or await make.citizen(world)
    filed = await drafted(world, who, item, applicant, **form)
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT), item=filed)
    await world.ctx.reviews.claim(officer, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(officer, filed.case_id, code, Verdict.PASS)
    case = await world.ctx.reviews.accept(officer, filed.case_id)
    if case.state is State.PRE_REVIEW_PASSED:
        await world.ctx.reviews.paper_received(officer, filed.case_id)
    filed.officer = officer
    return filed


async def handed_off(world: World, filed: Filed) -> Machine:
    """Let the agency's back-office pull the accepted case and start its review."""
    machine = await make.machine(world, filed.item.agency_uscc)
    await taken_over(world, machine, filed)
    await report(world, machine, filed, EventType.REVIEW_STARTED)
    return machine


async def taken_over(world: World, machine: Machine, filed: Filed) -> dict[str, Any]:
    """Let a back-office pull the case's next package and prove it; return what it holds."""
    lease = await world.ctx.handoff.lease(machine, limit=50, seconds=60)
    case = await filed.case()
    package = next(each for each in lease.packages if each.case_no == case.case_no)
    body: dict[str, Any] = json.loads(package.body)
    await world.ctx.handoff.acknowledge(
        machine, package.id, str(lease.token), package.digest, body["receipt_code"]
    )
    return body


async def report(
    world: World, machine: Machine, filed: Filed, kind: EventType, **more: Any
) -> None:
    case = await filed.case()
    await world.ctx.events.report(
        machine,
        Report(
            event_id=uuid4().hex,
            case_no=str(case.case_no),
            seq=case.backoffice_seq + 1,
            type=kind,
            occurred_at=world.clock.now(),
            **more,
        ),
    )


async def decided(
    world: World,
    filed: Filed,
    decision: Decision = Decision.APPROVED,
    fee: Mapping[str, Any] | None = None,
) -> Machine:
    """Hand an accepted case off and let the back-office decide it."""
    machine = await handed_off(world, filed)
    more: dict[str, Any] = {"decision": decision, "document_no": "示住建许〔2026〕1号", "fee": fee}
    if decision is Decision.REJECTED:
        more["reason"] = "不符合规划。"
    await report(world, machine, filed, EventType.DECIDED, **more)
    return machine


async def owing(
    world: World, *, who: Citizen | None = None, applicant: UUID | None = None
) -> Filed:
    """Return an approved case that waits to be paid: 12.5 square metres of asphalt."""
    filed = await reviewed(world, who=who, applicant=applicant)
    await decided(world, filed)
    return filed


async def until(ask: Callable[[], Awaitable[T]], wanted: T, seconds: float = 10) -> None:
    """Wait until what another task does is seen."""
    deadline = time.monotonic() + seconds
    while (found := await ask()) != wanted:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)


async def do(world: World, name: str) -> int:
    """Do the waiting jobs of one name, whenever they are due; return how many there were."""
    found = await world.database.fetch(
        "DELETE FROM pgqueuer WHERE entrypoint = $1 RETURNING payload", name
    )
    for row in found:
        await world.parts.handlers[name](json.loads(row["payload"]))
    return len(found)


async def pay(
    world: World, payable: Payable, *, deliver: bool = False, openid: str = make.WANG
) -> dict[str, Any]:
    """Pay on the phone; with ``deliver`` the channel calls back, else it keeps silent."""
    prepay = payable.invocation["package"].removeprefix("prepay_id=")
    answer = await world.phone.post(
        f"/orders/{prepay}/pay",
        json={"openid": openid, "invocation": dict(payable.invocation), "deliver": deliver},
    )
    assert answer.status == 200, answer.body
    return dict(answer.json)
