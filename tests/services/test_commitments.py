"""告知承诺 (T12): shown, signed, and taken back; what it stands for need not be handed in."""

import hashlib
import json
from uuid import uuid4

import pytest

from models.case import Case, CaseEvent
from models.notice import Notice
from models.promise import SignedPromise
from models.rules.events import Role
from models.rules.reasons import DefectReason, Verdict
from models.rules.states import AcceptMode, State
from services.accepting import ModeNotChosen, PromiseNotSigned, Sanction
from services.access import CaseUnknown
from services.applicants import RealNameRequired
from services.commitments import CommitmentAccepted, CommitmentChanged, CommitmentUnsigned
from services.corrections import NotOnFirstNotice
from services.flavours import CreditUnrepaired, ModeNotAllowed, Wish
from services.submissions import MaterialsMissing
from services.transitions import StepNotAllowed
from services.verdicts import VerdictsIncomplete
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.flavoured import body_of, discredit, published
from tests.services.reviewing import material, notify, refused, resubmit, reviewer, supply
from tests.world import World

PROMISED = Wish(mode=AcceptMode.COMMITMENT)


async def _draft(world: World) -> Filed:
    """Return a barber's registration without the proof of the place (M03)."""
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM08")
    await world.ctx.materials.remove(who, filed.case_id, "M03")
    filed.codes.remove("M03")
    return filed


async def _sign(world: World, filed: Filed) -> SignedPromise:
    shown = await world.ctx.commitments.show(filed.citizen, filed.case_id)
    return await world.ctx.commitments.sign(filed.citizen, filed.case_id, shown.wording.digest)


async def _submit(world: World, filed: Filed, wish: Wish | None = None) -> None:
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, uuid4().hex, wish)


async def _review(world: World, filed: Filed) -> None:
    filed.officer = await make.officer(world, (Role.WINDOW, Role.DEPT))
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(filed.officer, filed.case_id, code, Verdict.PASS)


async def _judged(world: World) -> Filed:
    filed = await _draft(world)
    await _sign(world, filed)
    await _submit(world, filed)
    await _review(world, filed)
    return filed


async def _accept(world: World, filed: Filed, mode: AcceptMode | None = None) -> Case:
    return await world.ctx.reviews.accept(reviewer(filed), filed.case_id, Sanction(mode))


@pytest.mark.requirement("承诺审批制")
async def test_a_signed_promise_stands_for_a_material(world: World) -> None:
    filed = await _draft(world)
    async with refused(world, MaterialsMissing):
        await _submit(world, filed)
    shown = await world.ctx.commitments.show(filed.citizen, filed.case_id)
    statements = list(shown.wording.statements)
    replaced = "经营场所使用证明或住所(经营场所)自主申报承诺"
    assert f"签了这份承诺,可以不交:{replaced}。" in statements
    assert statements[-1].startswith("检查发现承诺不真实的,会撤销登记")
    canonical = json.dumps(statements, ensure_ascii=False, separators=(",", ":"))
    assert shown.wording.digest == hashlib.sha256(canonical.encode()).hexdigest()
    signed = await _sign(world, filed)
    assert (signed.statements, signed.digest) == (statements, shown.wording.digest)
    assert signed.signed_at == world.clock.now()
    await _submit(world, filed)
    await _review(world, filed)
    await _accept(world, filed)
    case = await filed.case()
    assert (case.state, case.accept_mode) == (State.ACCEPTED, "COMMITMENT")
    event = await CaseEvent.get(case_id=filed.case_id, row="T12")
    assert (event.event, event.actor_role) == ("accept_commitment", "DEPT")
    kinds = {notice.kind for notice in await Notice.filter(case_id=filed.case_id)}
    assert kinds == {"N01", "N06", "N04"}


async def test_only_what_was_shown_is_signed_and_once(world: World) -> None:
    filed = await _draft(world)
    async with refused(world, CommitmentChanged):
        await world.ctx.commitments.sign(filed.citizen, filed.case_id, "0" * 64)
    first = await _sign(world, filed)
    assert (await _sign(world, filed)).id == first.id
    assert await SignedPromise.all().count() == 1


async def test_it_may_be_chosen_first_and_signed_later(world: World) -> None:
    filed = await _draft(world)
    await _submit(world, filed, PROMISED)
    progress = await world.ctx.progress.of_case(filed.citizen, filed.case_id)
    assert "sign_commitment" in [action.code for action in progress.actions]
    await _review(world, filed)
    async with refused(world, PromiseNotSigned):
        await _accept(world, filed)
    await _sign(world, filed)
    await _accept(world, filed)
    assert (await filed.case()).accept_mode == "COMMITMENT"


async def test_nobody_is_accepted_so_who_did_not_choose_it(world: World) -> None:
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM08")
    await _submit(world, filed)
    await _review(world, filed)
    async with refused(world, ModeNotChosen):
        await _accept(world, filed, AcceptMode.COMMITMENT)


@pytest.mark.parametrize("item", ["ITEM06", "ITEM10", "ITEM11"])
async def test_an_item_that_does_not_know_it_offers_none(world: World, item: str) -> None:
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, item)
    with pytest.raises(ModeNotAllowed):
        await world.ctx.commitments.show(who, filed.case_id)
    async with refused(world, ModeNotAllowed):
        await world.ctx.commitments.sign(who, filed.case_id, "0" * 64)
    async with refused(world, ModeNotAllowed):
        await _submit(world, filed, PROMISED)


@pytest.mark.parametrize("how", ["excluded", "unwritten"])
async def test_an_excluded_kind_or_an_unwritten_promise_is_not_offered(
    world: World, how: str
) -> None:
    """安阳条例25: what touches health and safety directly is excluded, whatever the flag says."""
    if how == "excluded":
        body = body_of("ITEM08", commitment_exclusion="直接关系人身健康(安阳条例25)")
    else:
        body = body_of("ITEM08")
        del body["commitment"]
    await published(world, body)
    filed = await _draft(world)
    async with refused(world, ModeNotAllowed):
        await _submit(world, filed, PROMISED)


async def test_bad_credit_bars_it(world: World) -> None:
    filed = await _judged(world)
    await discredit(world, filed)
    async with refused(world, CreditUnrepaired):
        await _accept(world, filed)
    other = await _draft(world)
    async with refused(world, CreditUnrepaired):
        await _sign(world, other)
    async with refused(world, CreditUnrepaired):
        await _submit(world, other, PROMISED)


async def test_a_promise_needs_a_real_name_and_ones_own_case(world: World) -> None:
    filed = await _draft(world)
    stranger = await make.citizen(world, make.LI, real_name=False)
    digest = (await world.ctx.commitments.show(filed.citizen, filed.case_id)).wording.digest
    async with refused(world, CaseUnknown):
        await world.ctx.commitments.sign(stranger, filed.case_id, digest)
    own = await stages.drafted(world, stranger, "ITEM08")
    async with refused(world, RealNameRequired):
        await world.ctx.commitments.sign(stranger, own.case_id, digest)


async def test_a_promise_taken_back_makes_an_ordinary_case(world: World) -> None:
    """国办发〔2020〕42号: who takes the promise back goes on in the ordinary way."""
    filed = await _judged(world)
    await world.ctx.commitments.take_back(filed.citizen, filed.case_id)
    assert (await filed.case()).wanted_mode == "NORMAL"
    assert (await SignedPromise.get()).withdrawn_at == world.clock.now()
    async with refused(world, ModeNotChosen):
        await _accept(world, filed, AcceptMode.COMMITMENT)
    async with refused(world, VerdictsIncomplete) as caught:
        await _accept(world, filed)
    assert [fault.pointer for fault in caught.value.faults] == ["/materials/M03"]
    async with refused(world, CommitmentUnsigned):
        await world.ctx.commitments.take_back(filed.citizen, filed.case_id)
    # It may be signed again while the case waits.
    await _sign(world, filed)
    await _accept(world, filed)
    assert (await filed.case()).accept_mode == "COMMITMENT"


async def test_what_a_promise_stood_for_is_due_again_in_a_later_round(world: World) -> None:
    filed = await _judged(world)
    fail, blurred = world.ctx.reviews.put_verdict, DefectReason.BLURRED.value
    await fail(reviewer(filed), filed.case_id, "M02", Verdict.FAIL, blurred)
    await notify(world, filed, [material("M02")])
    await supply(world, filed, "M02")
    await resubmit(world, filed)
    await world.ctx.reviews.claim(reviewer(filed), filed.case_id)
    missing = DefectReason.MISSING.value
    await fail(reviewer(filed), filed.case_id, "M03", Verdict.FAIL, missing)
    async with refused(world, NotOnFirstNotice):
        await notify(world, filed, [material("M03")])
    await world.ctx.commitments.take_back(filed.citizen, filed.case_id)
    await notify(world, filed, [material("M03")])
    assert (await filed.case()).round == 2


async def test_once_accepted_a_promise_goes_with_its_application(world: World) -> None:
    filed = await _judged(world)
    await _accept(world, filed)
    async with refused(world, CommitmentAccepted):
        await world.ctx.commitments.take_back(filed.citizen, filed.case_id)
    async with refused(world, StepNotAllowed):
        await _sign(world, filed)


async def test_nothing_is_signed_or_taken_back_for_a_case_that_is_over(world: World) -> None:
    filed = await _draft(world)
    await _sign(world, filed)
    await _submit(world, filed)
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    async with refused(world, StepNotAllowed):
        await world.ctx.commitments.take_back(filed.citizen, filed.case_id)
    async with refused(world, StepNotAllowed):
        await _sign(world, filed)


async def test_who_files_in_another_way_takes_the_promise_back(world: World) -> None:
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM08")
    await _sign(world, filed)
    await _submit(world, filed, Wish(mode=AcceptMode.NORMAL))
    assert (await filed.case()).wanted_mode == "NORMAL"
    assert (await SignedPromise.get()).withdrawn_at == world.clock.now()
