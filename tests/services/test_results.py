"""Results: where a decided case goes, and who gets its document when."""

from uuid import uuid4

import pytest

from models.rules.states import DeliveryMethod
from services.access import CaseUnknown
from services.deliveries import Choice
from services.errors import MaterialTypeRefused, TooLarge
from services.events import Decision
from services.files import ServedFile
from services.results import PaymentRequired, ResultNotExpected, ResultNotReady
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.channel import Pen
from tests.world import World

MEGABYTE = 1024 * 1024


async def store(world: World, filed: Filed, content: bytes, agency: str | None = None) -> bool:
    machine = await make.machine(world, agency or filed.item.agency_uscc)
    case_no = str((await filed.case()).case_no)
    stored = await world.ctx.results.store(machine, case_no, make.chunked(content))
    return stored.created


async def settle(world: World, filed: Filed) -> None:
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    callback = Pen(world).callback(Pen(world).trade(payable.order))
    await world.ctx.payments.callback("WECHAT", callback.headers, callback.body)


async def read(world: World, file: ServedFile) -> bytes:
    return b"".join([chunk async for chunk in world.ctx.results.files.read(file.key)])


async def choose(world: World, filed: Filed, method: DeliveryMethod) -> None:
    await world.ctx.deliveries.choose(filed.citizen, filed.case_id, Choice(method))


async def test_a_document_is_released_when_its_fee_is_paid(world: World) -> None:
    filed, certificate = await stages.owing(world), make.pdf("permit")
    assert await store(world, filed, certificate)
    with pytest.raises(PaymentRequired):
        await world.ctx.results.open(filed.citizen, filed.case_id)
    await settle(world, filed)
    file = await world.ctx.results.open(filed.citizen, filed.case_id)
    assert await read(world, file) == certificate
    assert (file.mime, file.size) == ("application/pdf", len(certificate))
    case_no = (await filed.case()).case_no
    assert file.name == f"城市道路挖掘许可证-{case_no}.pdf"


async def test_a_fee_after_acceptance_holds_the_certificate_too(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    await settle(world, filed)
    await stages.decided(world, filed)
    with pytest.raises(ResultNotReady):
        await world.ctx.results.open(filed.citizen, filed.case_id)
    await store(world, filed, make.pdf("deed"))
    await world.ctx.results.open(filed.citizen, filed.case_id)
    await world.database.execute("UPDATE fees SET settled_at = NULL")
    with pytest.raises(PaymentRequired):
        await world.ctx.results.open(filed.citizen, filed.case_id)


async def test_a_refusal_is_released_unpaid(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    await stages.decided(world, filed, Decision.REJECTED)
    letter = make.pdf("refusal with remedies")
    await store(world, filed, letter)
    assert (await filed.case()).payment_status == "UNPAID"
    file = await world.ctx.results.open(filed.citizen, filed.case_id)
    assert await read(world, file) == letter


async def test_there_is_no_result_before_the_decision(world: World) -> None:
    filed = await stages.reviewed(world)
    await store(world, filed, make.pdf())
    with pytest.raises(ResultNotReady):
        await world.ctx.results.open(filed.citizen, filed.case_id)


async def test_the_same_bytes_are_one_document_and_the_newest_is_served(world: World) -> None:
    filed = await stages.owing(world)
    first, second = make.pdf("first"), make.pdf("corrected")
    assert [await store(world, filed, each) for each in (first, first, second, first)] == [
        True,
        False,
        True,
        False,
    ]
    assert len(await world.rows("result_documents")) == 2
    await settle(world, filed)
    file = await world.ctx.results.open(filed.citizen, filed.case_id)
    assert await read(world, file) == second


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (make.jpeg(), MaterialTypeRefused),
        (b"%PDF-1.7\n" + b"0" * (20 * MEGABYTE), TooLarge),
    ],
    ids=["a picture", "too large"],
)
async def test_what_is_no_document_is_not_kept(
    world: World, content: bytes, problem: type[Exception]
) -> None:
    filed = await stages.owing(world)
    with pytest.raises(problem):
        await store(world, filed, content)
    assert await world.rows("result_documents") == []


async def test_another_agency_knows_no_such_case(world: World) -> None:
    filed = await stages.owing(world)
    with pytest.raises(CaseUnknown):
        await store(world, filed, make.pdf(), agency="11511499MB9000015D")
    assert await world.rows("result_documents") == []


async def test_nobody_works_on_a_case_that_waits_or_is_over(world: World) -> None:
    waiting = await stages.reviewed(world, "ITEM11")
    with pytest.raises(ResultNotExpected):
        await store(world, waiting, make.pdf())
    await world.ctx.submissions.withdraw(waiting.citizen, waiting.case_id, uuid4().hex)
    with pytest.raises(ResultNotExpected):
        await store(world, waiting, make.pdf())
    assert await world.rows("result_documents") == []


async def test_somebody_elses_result_is_unknown(world: World) -> None:
    filed = await stages.owing(world)
    await store(world, filed, make.pdf())
    await settle(world, filed)
    other = await make.citizen(world, make.LI)
    with pytest.raises(CaseUnknown):
        await world.ctx.results.open(other, filed.case_id)


async def test_electronic_service_waits_for_its_document(world: World) -> None:
    filed = await stages.owing(world)
    await choose(world, filed, DeliveryMethod.ELECTRONIC)
    await settle(world, filed)
    case = await filed.case()
    assert (case.state, case.served_at) == ("APPROVED", None)
    await store(world, filed, make.pdf())
    case = await filed.case()
    assert (case.state, case.served_at) == ("DELIVERED", world.clock.now())
    [delivery] = await world.rows("deliveries")
    assert delivery["status"] == "SERVED"


async def test_a_document_that_is_there_is_served_with_the_payment(world: World) -> None:
    filed = await stages.owing(world)
    await choose(world, filed, DeliveryMethod.ELECTRONIC)
    await store(world, filed, make.pdf())
    assert (await filed.case()).state == "AWAIT_PAYMENT"
    await settle(world, filed)
    assert (await filed.case()).state == "DELIVERED"


async def test_without_consent_a_decision_is_handed_out_on_paper(world: World) -> None:
    filed = await stages.reviewed(world)
    await stages.decided(world, filed, Decision.REJECTED)
    assert (await filed.case()).state == "RESULT_READY"
    shown = await world.ctx.deliveries.show(filed.citizen, filed.case_id)
    assert shown.delivery is not None
    assert (shown.delivery.method, shown.delivery.status) == ("WINDOW", "READY")
