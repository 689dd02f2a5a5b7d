"""Consents: given and withdrawn by the same means, refused at no cost, asked once per version."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from models.consent import Consent
from models.ids import uuid7
from models.mandate import Mandate
from models.rules import privacy
from models.rules.privacy import STATEMENTS, ConsentKind, Purpose
from services import consents
from services.access import PrincipalUnknown
from services.actors import Citizen
from services.consents import (
    Answered,
    ConsentMissing,
    ConsentOutdated,
    Consents,
    NotTheGuardian,
    NotToBeAsked,
)
from services.deliveries import Choice
from services.ports import Sent
from tests import make
from tests.services import stages
from tests.services.counters import HOME, WINDOW
from tests.services.entrance import XIAOYU
from tests.services.reviewing import refused
from tests.services.test_messages import Sender, corrected, give_phone, messages, payload_of
from tests.world import World

COURIER = STATEMENTS[Purpose.COURIER]


async def say(
    world: World, who: Citizen, *, given: bool, purpose: Purpose = Purpose.COURIER
) -> Answered:
    return await world.ctx.consents.answer(who, purpose, STATEMENTS[purpose].version, given=given)


async def status(asked: Consents, who: Citizen, purpose: Purpose) -> tuple[str, bool]:
    found = await asked.list(who)
    [answered] = [each for each in found if each.statement.purpose is purpose]
    return answered.status, answered.ask


async def test_nothing_is_given_by_itself(world: World) -> None:
    who = await make.citizen(world, consents=False)
    for each in await world.ctx.consents.list(who):
        assert (each.status, each.ask) == ("UNANSWERED", True)
        assert not await consents.has(who.account_id, each.statement.purpose)


async def test_given_and_taken_back_by_the_same_means(world: World) -> None:
    who = await make.citizen(world, consents=False)
    assert (await say(world, who, given=True)).status == "GIVEN"
    assert await consents.has(who.account_id, Purpose.COURIER)
    world.clock.advance(timedelta(days=1))
    withdrawn = await say(world, who, given=False)
    assert (withdrawn.status, withdrawn.answered_at) == ("WITHDRAWN", world.clock.now())
    assert not await consents.has(who.account_id, Purpose.COURIER)
    # The record of what was given, when and in which words, stays.
    [kept] = await Consent.filter(account_id=who.account_id)
    assert (kept.answer, kept.withdrawn_at) == ("GIVEN", world.clock.now())
    assert kept.digest == COURIER.digest
    world.clock.advance(timedelta(days=1))
    assert (await say(world, who, given=True)).status == "GIVEN"
    assert await Consent.filter(account_id=who.account_id).count() == 2


async def test_the_same_answer_again_changes_nothing(world: World) -> None:
    who = await make.citizen(world, consents=False)
    for given in (True, False):
        await say(world, who, given=given)
        before = await world.rows("consents")
        world.clock.advance(timedelta(minutes=1))
        await say(world, who, given=given)
        assert await world.rows("consents") == before


async def test_who_refused_is_not_asked_again_until_the_words_change(world: World) -> None:
    who = await make.citizen(world, consents=False)
    await say(world, who, given=False)
    assert await status(world.ctx.consents, who, Purpose.COURIER) == ("REFUSED", False)
    newer = replace(COURIER, version="2027.1", text="新的说明。")
    later = Consents(world.clock, {**STATEMENTS, Purpose.COURIER: newer})
    assert await status(later, who, Purpose.COURIER) == ("UNANSWERED", True)
    before = await world.rows("consents")
    with pytest.raises(ConsentOutdated):
        await later.answer(who, Purpose.COURIER, COURIER.version, given=True)
    assert await world.rows("consents") == before
    await later.answer(who, Purpose.COURIER, "2027.1", given=True)
    assert await status(later, who, Purpose.COURIER) == ("GIVEN", False)
    old, new = await Consent.filter(account_id=who.account_id).order_by("id")
    assert (old.answer, old.superseded_at) == ("REFUSED", world.clock.now())
    assert new.digest != old.digest


async def test_a_consent_to_old_words_does_not_cover_new_ones(world: World) -> None:
    who = await make.citizen(world)
    newer = {**STATEMENTS, Purpose.COURIER: replace(COURIER, version="2027.1")}
    assert await consents.has(who.account_id, Purpose.COURIER)
    assert not await consents.has(who.account_id, Purpose.COURIER, newer)


async def test_a_refusal_blocks_nothing_but_its_own_purpose(world: World) -> None:
    """个人信息保护法16: everything refused, and the case is filed, accepted and handed out."""
    who = await make.citizen(world, consents=False)
    await make.consent(world, who, given=False)
    filed = await make.accepted(world, who)
    async with refused(world, ConsentMissing) as caught:
        await world.ctx.deliveries.choose(who, filed.case_id, HOME)
    assert "窗口领" in caught.value.text
    shown = await world.ctx.deliveries.choose(who, filed.case_id, Choice(WINDOW))
    assert shown.delivery is not None


async def test_a_parcel_and_a_payment_need_their_own_consent(world: World) -> None:
    filed = await stages.owing(world)
    who, key = filed.citizen, uuid4().hex
    await say(world, who, given=False, purpose=Purpose.PAYMENT_CHANNEL)
    async with refused(world, ConsentMissing) as caught:
        await world.ctx.payments.open_order(who, filed.case_id, key)
    assert [fault.pointer for fault in caught.value.faults] == ["/consents/PAYMENT_CHANNEL"]
    assert await world.rows("payment_orders") == []
    await say(world, who, given=True, purpose=Purpose.PAYMENT_CHANNEL)
    assert await world.ctx.payments.open_order(who, filed.case_id, key)


async def test_without_consent_the_message_goes_by_sms(world: World) -> None:
    who = await make.citizen(world)
    await give_phone(world, who)
    await corrected(world, who)
    await say(world, who, given=False, purpose=Purpose.MESSAGES)
    wechat, sms = Sender(), Sender(Sent.SENT)
    await messages(world, wechat, sms).tell(await payload_of(world))
    assert wechat.sent == []
    assert len(sms.sent) == 1


async def test_what_a_case_is_used_for_is_shown_and_recorded(world: World) -> None:
    """个人信息保护法17, 35: a notice, whatever else was refused; once, in its own words."""
    filed = await make.submitted(world, await make.citizen(world, consents=False))
    [notice] = await Consent.filter(case_id=filed.case_id)
    told = STATEMENTS[Purpose.CASE_HANDLING]
    assert (notice.purpose, notice.kind, notice.answer) == ("CASE_HANDLING", "NOTICE", "SHOWN")
    assert (notice.version, notice.digest) == (told.version, told.digest)
    assert notice.answered_at == world.clock.now()


async def test_medical_papers_need_a_consent_of_their_own(world: World) -> None:
    who = await make.citizen(world, consents=False)
    filed = await stages.drafted(world, who, "ITEM07")
    async with refused(world, ConsentMissing) as caught:
        await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    assert "窗口" in caught.value.text
    await say(world, who, given=True, purpose=Purpose.MEDICAL)
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    assert (await filed.case()).state == "SUBMITTED"


async def test_of_a_child_the_guardian_is_asked(world: World) -> None:
    """小宇 is ten years old in 2026 (个人信息保护法31); somebody of theirs files."""
    child = await make.citizen(world, XIAOYU)
    filed = await stages.drafted(world, child, "ITEM10")
    guardian = await make.citizen(world)
    answer, version = world.ctx.consents.answer, STATEMENTS[Purpose.CHILD].version
    with pytest.raises(NotToBeAsked):
        await answer(child, Purpose.CHILD, version, given=True)
    with pytest.raises(PrincipalUnknown):
        await answer(guardian, Purpose.CHILD, version, given=True, applicant=child.account_id)
    mandate = await _mandate(world, child, guardian, "AGENT")
    with pytest.raises(NotTheGuardian):
        await answer(guardian, Purpose.CHILD, version, given=True, applicant=child.account_id)
    await Mandate.filter(id=mandate).update(kind="GUARDIAN")
    async with refused(world, ConsentMissing):
        await world.ctx.submissions.submit(guardian, filed.case_id, uuid4().hex)
    given = await answer(guardian, Purpose.CHILD, version, given=True, applicant=child.account_id)
    assert given.status == "GIVEN"
    kept = await Consent.get(account_id=child.account_id, purpose="CHILD")
    assert (kept.kind, kept.given_by) == ("GUARDIAN", guardian.account_id)
    await world.ctx.submissions.submit(guardian, filed.case_id, uuid4().hex)


async def _mandate(world: World, child: Citizen, agent: Citizen, kind: str) -> object:
    now = world.clock.now()
    row = await Mandate.create(
        id=uuid7(),
        principal_id=child.account_id,
        agent_id=agent.account_id,
        agent_index=uuid4().hex,
        agent_name_sealed=b"",
        kind=kind,
        acts=["FILL", "SUBMIT"],
        status="ACTIVE",
        basis="户口簿",
        granted_by=agent.account_id,
        valid_from=now,
        created_at=now,
    )
    return row.id


async def test_a_notice_asks_for_nothing(world: World) -> None:
    who = await make.citizen(world)
    version = STATEMENTS[Purpose.CASE_HANDLING].version
    with pytest.raises(NotToBeAsked):
        await world.ctx.consents.answer(who, Purpose.CASE_HANDLING, version, given=True)


def test_the_words_are_complete_and_plain() -> None:
    assert set(STATEMENTS) == set(Purpose)
    for each in STATEMENTS.values():
        assert each.title and each.otherwise and each.categories and each.basis
        # Short sentences for an 83-year-old, and the law named where it belongs.
        assert max(len(part) for part in each.text.split("。")) <= 60
        assert "等" not in each.text + "".join(each.categories + each.recipients)
        wants_who = each.kind in (ConsentKind.SEPARATE, ConsentKind.NOTICE, ConsentKind.GUARDIAN)
        assert bool(each.recipients) or not wants_who
    assert len({each.digest for each in STATEMENTS.values()}) == len(STATEMENTS)
    assert privacy.MINOR_YEARS == 14
