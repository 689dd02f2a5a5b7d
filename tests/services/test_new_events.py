"""Fees assessed, promises judged, documents named and ready: events that are no decision."""

from typing import Any

import pytest

from models.case import Case, CaseEvent
from models.handoff import HandoffPackage
from models.material import Material, ResultDocument
from models.message import Message
from models.payment import Fee, FeeAssessment
from models.promise import ShortfallItem
from models.review import Verdict
from models.rules.states import DeliveryMethod, State
from services.deliveries import Choice
from services.events import (
    Decision,
    EventIncomplete,
    EventType,
    FeeAssessedBefore,
    ResultDocumentMissing,
    ShortfallVerdict,
)
from services.fees import FeeUndetermined
from services.lacking import MaterialNotPromised, awaits_verdict
from services.orders import NothingToPay
from services.transitions import StepNotAllowed
from services.verdicts import MaterialAbsent
from tests import make
from tests.services.backoffice import Scene, open_scene
from tests.services.reviewing import refused
from tests.world import World

DWELLING = {"usage": "住宅"}
MEASURED = {"area_m2": 10.25, "surface_type": "水泥"}


async def test_a_fee_that_nobody_could_compute_is_assessed_and_owed(world: World) -> None:
    """ITEM09 after a deemed acceptance: 80 yuan for a dwelling, told to the applicant once."""
    scene = await open_scene(world, "ITEM09")
    await Fee.filter(case_id=scene.filed.case_id).delete()
    answer = await scene.tell(EventType.FEE_ASSESSED, fee=DWELLING)
    assert answer.outcome == "applied"
    fee = await Fee.get(case_id=scene.filed.case_id)
    assert fee.amount_fen == 8_000
    case = await scene.filed.case()
    assert (case.payment_status, case.backoffice_seq) == ("UNPAID", 1)
    assert await Message.filter(key=f"fee:{fee.id}").count() == 1
    # Said again it changes nothing; another amount is refused.
    await scene.tell(EventType.FEE_ASSESSED, fee=DWELLING)
    assert await Message.filter(key=f"fee:{fee.id}").count() == 1
    async with scene.alarmed(FeeAssessedBefore):
        await scene.tell(EventType.FEE_ASSESSED, fee={"usage": "非住宅"})


async def test_a_measurement_before_the_decision_waits_for_it(world: World) -> None:
    """ITEM10: nobody pays for a permission that may still be refused."""
    scene = await open_scene(world)
    await scene.tell(EventType.FEE_ASSESSED, fee={"area_m2": 99, "surface_type": "水泥"})
    await scene.tell(EventType.FEE_ASSESSED, fee=MEASURED)
    assert (await FeeAssessment.get(case_id=scene.filed.case_id)).measured == MEASURED
    assert not await Fee.exists(case_id=scene.filed.case_id)
    with pytest.raises(NothingToPay):
        await world.ctx.payments.open_order(scene.filed.citizen, scene.filed.case_id, "k" * 16)
    answer = await scene.report(scene.decided(seq=3))
    assert answer.state == "AWAIT_PAYMENT"
    assert (await Fee.get(case_id=scene.filed.case_id)).amount_fen == 266_500


async def test_what_a_decision_says_goes_before_an_earlier_measurement(world: World) -> None:
    scene = await open_scene(world)
    await scene.tell(EventType.FEE_ASSESSED, fee={"area_m2": 99, "surface_type": "水泥"})
    await scene.report(scene.decided(seq=2, fee=MEASURED))
    assert (await Fee.get(case_id=scene.filed.case_id)).amount_fen == 266_500


async def test_a_measurement_is_of_the_rules_and_in_its_time(world: World) -> None:
    scene = await open_scene(world)
    async with refused(world, FeeUndetermined):
        await scene.tell(EventType.FEE_ASSESSED, fee={"surface_type": "黄金"})
    await scene.report(scene.rejected(seq=1))
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(EventType.FEE_ASSESSED, fee=MEASURED)
    free = await open_scene(world, "ITEM07")
    async with refused(world, EventIncomplete) as caught:
        await free.tell(EventType.FEE_ASSESSED, fee=DWELLING)
    assert [fault.pointer for fault in caught.value.faults] == ["/payload/fee"]


async def promising(world: World) -> tuple[Scene, str]:
    """Return a case accepted without a material that was promised and has come."""
    scene = await open_scene(world)
    material = await Material.filter(case_id=scene.filed.case_id).order_by("code").first()
    assert material is not None
    await Case.filter(id=scene.filed.case_id).update(
        accept_mode="SHORTFALL", shortfall_status="OPEN"
    )
    # It came after the pre-review, so nobody has judged it.
    await Verdict.filter(case_id=scene.filed.case_id, code=material.code).delete()
    await ShortfallItem.create(
        case_id=scene.filed.case_id,
        code=material.code,
        status="PROMISED",
        due_on=world.clock.now().date(),
        name="材料",
    )
    return scene, material.code


async def test_a_department_takes_what_was_promised(world: World) -> None:
    """T25, and the supplement goes on to the system by a package, as after a window's word."""
    scene, code = await promising(world)
    verdict: dict[str, Any] = {"material_code": code, "verdict": ShortfallVerdict.FULFILLED}
    answer = await scene.tell(EventType.SHORTFALL_JUDGED, **verdict)
    assert (answer.outcome, answer.state) == ("applied", "ACCEPTED")
    case = await scene.filed.case()
    assert (case.shortfall_status, case.backoffice_seq) == ("FULFILLED", 1)
    assert (await CaseEvent.get(case_id=case.id, row="T25")).actor_role == "APPLICANT"
    kinds = await HandoffPackage.filter(case_id=case.id).order_by("seq").values_list("kind")
    assert kinds == [("ACCEPTED",), ("SUPPLEMENT",)]
    async with refused(world, MaterialNotPromised):
        await scene.tell(EventType.SHORTFALL_JUDGED, **verdict)


async def test_a_defect_is_read_and_may_be_mended(world: World) -> None:
    scene, code = await promising(world)
    case_id = scene.filed.case_id
    assert await awaits_verdict(case_id)
    verdict: dict[str, Any] = {"material_code": code, "verdict": ShortfallVerdict.DEFECTIVE}
    async with refused(world, EventIncomplete) as caught:
        await scene.tell(EventType.SHORTFALL_JUDGED, **verdict)
    assert [fault.pointer for fault in caught.value.faults] == ["/payload/reason"]
    await scene.tell(EventType.SHORTFALL_JUDGED, **verdict, reason="没有盖章。")
    row = await ShortfallItem.get(case_id=case_id)
    assert (row.status, row.reason) == ("PROMISED", "没有盖章。")
    assert (await scene.filed.case()).shortfall_status == "OPEN"
    # The office has spoken, so a timer need not wait for a word any more.
    assert not await awaits_verdict(case_id)
    asked = await Message.filter(case_id=case_id, key__startswith="supply_again:").count()
    assert asked == 1


async def test_only_what_was_promised_and_came_is_judged(world: World) -> None:
    scene, code = await promising(world)
    good = ShortfallVerdict.FULFILLED
    async with refused(world, MaterialNotPromised):
        await scene.tell(EventType.SHORTFALL_JUDGED, material_code="M99", verdict=good)
    await Material.filter(case_id=scene.filed.case_id, code=code).delete()
    async with refused(world, MaterialAbsent):
        await scene.tell(EventType.SHORTFALL_JUDGED, material_code=code, verdict=good)


async def handed_in(world: World, scene: Scene, words: str = "permit") -> str:
    chunks = make.chunked(make.pdf(words))
    stored = await world.ctx.results.store(scene.machine, scene.number, chunks)
    return stored.document.sha256


async def test_a_decision_names_documents_that_are_here(world: World) -> None:
    scene = await open_scene(world)
    digest = await handed_in(world, scene)
    async with refused(world, ResultDocumentMissing) as caught:
        await scene.report(scene.decided(seq=1, documents=[digest, "0" * 64]))
    assert [fault.pointer for fault in caught.value.faults] == ["/payload/documents/1"]
    answer = await scene.report(scene.decided(seq=1, documents=[digest.upper()]))
    assert answer.outcome == "applied"


async def test_a_result_that_is_made_is_told(world: World) -> None:
    scene = await open_scene(world)
    digest = await handed_in(world, scene)
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(EventType.RESULT_READY, documents=[digest])
    await scene.report(scene.decided(seq=1))
    async with refused(world, ResultDocumentMissing):
        await scene.tell(EventType.RESULT_READY, documents=["0" * 64])
    answer = await scene.tell(EventType.RESULT_READY, documents=[digest])
    assert (answer.outcome, answer.state) == ("applied", "AWAIT_PAYMENT")
    assert (await scene.filed.case()).backoffice_seq == 2
    assert await Message.filter(key=f"backoffice:{scene.filed.case_id}:2").exists()


async def test_a_case_that_was_served_has_no_result_to_come(world: World) -> None:
    """Electronic service goes out with its document and waits for no event."""
    scene = await open_scene(world)
    await world.ctx.deliveries.choose(
        scene.filed.citizen, scene.filed.case_id, Choice(DeliveryMethod.ELECTRONIC)
    )
    await scene.report(scene.rejected(seq=1))
    case = await scene.filed.case()
    assert (case.decision, case.state) == (Decision.REJECTED.value, State.REJECTED)
    digest = await handed_in(world, scene, "letter")
    assert (await scene.filed.case()).state is State.DELIVERED
    async with scene.alarmed(StepNotAllowed):
        await scene.tell(EventType.RESULT_READY, documents=[digest])
    assert await ResultDocument.filter(case_id=case.id).count() == 1
