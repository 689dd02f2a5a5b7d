"""Mandates: who may act for whom, how far, and until when."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from models.case import Case
from models.mandate import Mandate
from models.message import Message
from models.rules.events import Role
from models.rules.mandates import Act
from models.rules.reasons import RatingStage, Verdict
from services.access import ActNotGranted, CaseUnknown, PrincipalUnknown
from services.actors import Citizen
from services.cases import AgentRefused
from services.errors import Problem
from services.idempotency import KeyReused
from services.identities import Identity
from services.mandate_terms import (
    CapacityMissing,
    MandateRefused,
    MandateSettled,
    MandatesTooMany,
    MandateUnknown,
)
from services.personal_requests import Kind
from services.ratings import Opinion
from tests import make
from tests.services import mandating, stages
from tests.services.mandating import CHEN_MING, LI, WANG, given, offer, taken
from tests.world import World

Doing = Callable[[Citizen], Awaitable[object]]


async def refused(error: type[Problem], act: Awaitable[object]) -> None:
    with pytest.raises(error):
        await act


@pytest.mark.requirement("核验受托人", "网上代办")
async def test_an_agent_files_for_their_principal(world: World) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    mandate = await taken(world, wang, li, offer(world))
    code = await make.item_code("ITEM10")
    draft = await world.ctx.cases.open_draft(li, code, another=False, applicant=wang.account_id)
    case = draft.opened.case
    assert (case.account_id, case.mandate_id, case.mandate_kind) == (
        wang.account_id,
        mandate.id,
        "AGENT",
    )
    wanted = {each.code: each for each in await world.ctx.cases.requirements(draft.opened)}
    # The letter of authority is this mandate itself: asked for, and not to be uploaded.
    assert (wanted["M90"].asked, wanted["M90"].upload) == (True, False)


async def test_who_filed_stands_in_the_case(world: World) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    mandate = await taken(world, wang, li, offer(world))
    filed = await stages.drafted(world, wang, "ITEM10")
    await world.ctx.submissions.submit(li, filed.case_id, uuid4().hex)
    case = await filed.case()
    assert (case.filed_by, case.mandate_id, case.mandate_kind) == (
        li.account_id,
        mandate.id,
        "AGENT",
    )
    event = await case.events.all().order_by("-seq").first()
    assert event is not None
    assert event.actor_id == str(li.account_id)
    # The applicant stays who they are: their number opens the progress, not the agent's.
    progress = await world.ctx.progress.by_query_code(str(case.query_code), "2013")
    assert progress.case_no == case.case_no
    await refused(CaseUnknown, world.ctx.progress.by_query_code(str(case.query_code), "404X"))


async def test_a_mandate_covers_what_it_names_and_nothing_else(world: World) -> None:
    """SUBMIT, PAY, RECEIVE, RATE and SIGN are each their own."""
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    await taken(world, wang, li, offer(world, acts=[Act.FILL]))
    filed = await stages.drafted(world, wang, "ITEM10")
    await world.ctx.cases.put_field(li, filed.case_id, "area_m2", 13)
    before = await filed.case(), await world.rows("ratings"), await world.rows("payment_orders")
    doings: list[Doing] = [
        lambda who: world.ctx.submissions.submit(who, filed.case_id, uuid4().hex),
        lambda who: world.ctx.payments.open_order(who, filed.case_id, uuid4().hex),
        lambda who: world.ctx.results.open(who, filed.case_id),
        lambda who: world.ctx.ratings.rate(who, filed.case_id, Opinion(RatingStage.ACCEPT, 5)),
        lambda who: world.ctx.commitments.sign(who, filed.case_id, "1"),
    ]
    for doing in doings:
        await refused(ActNotGranted, doing(li))
    after = await filed.case(), await world.rows("ratings"), await world.rows("payment_orders")
    assert [vars(before[0])[key] for key in ("state", "version")] == [
        vars(after[0])[key] for key in ("state", "version")
    ]
    assert before[1:] == after[1:]


async def test_who_only_receives_sees_no_form(world: World) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    await taken(world, wang, li, offer(world, acts=[Act.RECEIVE]))
    filed = await make.submitted(world, wang)
    assert (await world.ctx.progress.of_case(li, filed.case_id)).case_no is not None
    await refused(ActNotGranted, world.ctx.cases.get(li, filed.case_id))
    page, _ = await world.ctx.cases.list(li, limit=10, before=None, applicant=wang.account_id)
    assert [case.id for case, _ in page] == [filed.case_id]


@pytest.mark.parametrize("narrow", ["item", "case"])
async def test_a_mandate_for_one_thing_opens_no_other(world: World, narrow: str) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    one = await stages.drafted(world, wang, "ITEM10")
    other = await stages.drafted(world, wang, "ITEM11" if narrow == "item" else "ITEM10")
    what = {"item": one.item.code} if narrow == "item" else {"case_id": one.case_id}
    await taken(world, wang, li, offer(world, **what))
    assert (await world.ctx.cases.get(li, one.case_id)).case.id == one.case_id
    await refused(CaseUnknown, world.ctx.cases.get(li, other.case_id))
    await refused(CaseUnknown, world.ctx.progress.of_case(li, other.case_id))
    page, _ = await world.ctx.cases.list(li, limit=10, before=None, applicant=wang.account_id)
    assert [case.id for case, _ in page] == [one.case_id]
    if narrow == "case":
        draft = world.ctx.cases.open_draft(
            li, one.item.code, another=True, applicant=wang.account_id
        )
        await refused(ActNotGranted, draft)


async def test_nothing_leaks_from_one_principal_to_the_next(world: World) -> None:
    """An agent of two, who has affairs of their own: each list is one person's."""
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    chen = await make.citizen(world, mandating.CHEN)
    for principal in (wang, chen):
        await taken(world, principal, li, offer(world, acts=[*mandating.WORK, Act.RECEIVE]))
    cases = {}
    for who in (wang, chen, li):
        cases[who.account_id] = (await make.submitted(world, who)).case_id
    await stages.do(world, "notice.issue")
    for account_id, case_id in cases.items():
        page, _ = await world.ctx.cases.list(li, limit=10, before=None, applicant=account_id)
        assert [case.id for case, _ in page] == [case_id]
        inbox = await world.ctx.notices.inbox(li, limit=50, before=None, applicant=account_id)
        assert {notice.case_id for notice in inbox.notices} == {case_id}
    own, _ = await world.ctx.cases.list(li, limit=10, before=None)
    assert [case.id for case, _ in own] == [cases[li.account_id]]
    await refused(CaseUnknown, world.ctx.progress.of_case(wang, cases[chen.account_id]))
    nobody, _ = await world.ctx.cases.list(wang, limit=10, before=None, applicant=chen.account_id)
    assert nobody == []


@pytest.mark.parametrize("how", ["by the principal", "by the agent", "by time"])
async def test_it_ends_at_once(world: World, how: str) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    mandate = await taken(world, wang, li, offer(world, days=2))
    filed = await stages.drafted(world, wang, "ITEM10")
    if how == "by time":
        world.clock.advance(timedelta(days=2))
    else:
        await world.ctx.mandates.end(wang if how == "by the principal" else li, mandate.id)
    for act in (
        world.ctx.cases.get(li, filed.case_id),
        world.ctx.progress.of_case(li, filed.case_id),
        world.ctx.submissions.submit(li, filed.case_id, uuid4().hex),
        world.ctx.cases.put_field(li, filed.case_id, "area_m2", 1),
    ):
        await refused(CaseUnknown, act)
    opening = world.ctx.cases.open_draft(
        li, filed.item.code, another=True, applicant=wang.account_id
    )
    await refused(PrincipalUnknown, opening)
    assert (await filed.case()).state == "DRAFT"
    assert await Case.all().count() == 1


async def test_both_sides_are_told(world: World) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    mandate = await taken(world, wang, li, offer(world))
    await world.ctx.mandates.end(wang, mandate.id)
    told = [(each.account_id, each.data["thing2"]) for each in await Message.all()]
    assert sorted(told, key=str) == sorted(
        [
            (li.account_id, "有人请您代办,请查看授权"),
            (wang.account_id, "您给出的授权已被接受"),
            (wang.account_id, "一项授权已经结束"),
            (li.account_id, "一项授权已经结束"),
        ],
        key=str,
    )
    await world.work(later=True)
    assert {each.status for each in await Message.all()} <= {"SENT", "NOT_SUBSCRIBED"}


async def test_an_agent_who_left_does_not_hold_up_what_they_filed(world: World) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    await taken(world, wang, li, offer(world))
    filed = await stages.drafted(world, wang, "ITEM10")
    await world.ctx.submissions.submit(li, filed.case_id, uuid4().hex)
    await world.ctx.personal_requests.ask(li, Kind.CLOSURE)
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT))
    await world.ctx.reviews.claim(officer, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(officer, filed.case_id, code, Verdict.PASS)
    await world.ctx.reviews.accept(officer, filed.case_id)
    machine = await make.machine(world, filed.item.agency_uscc)
    body = await stages.taken_over(world, machine, filed)
    assert body["filed_by"] == {"kind": "AGENT", "name": "李秀英"}


async def test_an_order_that_another_has_open_is_taken_over(world: World) -> None:
    """It is that WeChat user's, and nobody else could pay it: it is closed for another's own."""
    filed = await stages.owing(world)
    wang, li = filed.citizen, await make.citizen(world, make.LI)
    await taken(world, wang, li, offer(world, acts=[Act.PAY]))
    theirs = await world.ctx.payments.open_order(li, filed.case_id, uuid4().hex)
    mine = await world.ctx.payments.open_order(wang, filed.case_id, uuid4().hex)
    assert mine.order.number != theirs.order.number
    again = await world.ctx.payments.open_order(wang, filed.case_id, uuid4().hex)
    assert again.order.number == mine.order.number
    first, second = await world.rows("payment_orders")
    assert (first["payer"], first["status"]) == (make.LI, "CLOSED")
    assert (second["payer"], second["status"]) == (make.WANG, "PAYING")


async def test_who_closed_their_account_is_named_no_more(world: World) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    mandate = await taken(world, wang, li, offer(world))
    await world.ctx.personal_requests.ask(wang, Kind.CLOSURE)
    [held] = await world.ctx.mandates.held(li)
    assert (held.mandate.id, held.mandate.status, held.principal) == (mandate.id, "ENDED", "已注销")
    assert await world.ctx.mandates.principals(li) == []


async def test_who_receives_hears_of_the_case(world: World) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    await taken(world, wang, li, offer(world, acts=[Act.RECEIVE]))
    await Message.all().delete()
    await world.database.execute("DELETE FROM pgqueuer")
    filed = await stages.reviewed(world)
    await stages.do(world, "case.tell")
    found = await Message.filter(case_id=filed.case_id)
    assert {each.account_id for each in found} == {None, li.account_id}
    assert len({each.data["thing2"] for each in found}) == 1


async def test_an_agent_who_is_not_known_yet_finds_it_later(world: World) -> None:
    wang = await make.citizen(world)
    mandate = await given(world, wang, offer(world))
    assert (await Mandate.get(id=mandate.id)).agent_id is None
    li = await make.citizen(world, make.LI)
    [held] = await world.ctx.mandates.held(li)
    assert (held.mandate.id, held.principal) == (mandate.id, "王建国")
    await world.ctx.mandates.take(li, mandate.id)


async def test_a_name_that_is_not_the_numbers_reaches_nobody(world: World) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    wrong = Identity("李秀芳", LI.id_number)
    mandate = await given(world, wang, offer(world, wrong))
    assert await world.ctx.mandates.held(li) == []
    await refused(MandateUnknown, world.ctx.mandates.take(li, mandate.id))


async def test_the_same_key_is_the_same_mandate(world: World) -> None:
    wang = await make.citizen(world)
    key, offered = uuid4().hex, offer(world)
    give = world.ctx.mandates.give
    found = await asyncio.gather(*(give(wang, wang.account_id, offered, key) for _ in range(5)))
    assert len({mandate.id for mandate in found}) == 1
    await refused(KeyReused, give(wang, wang.account_id, offer(world, days=31), key))
    assert await Mandate.all().count() == 1


async def test_what_cannot_be_given_is_not(world: World) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    chen = await make.citizen(world, mandating.CHEN)
    await taken(world, wang, li, offer(world))
    before = await world.rows("mandates")
    for error, giver, offered, principal in (
        (MandateRefused, wang, offer(world, WANG), wang),  # to oneself
        (MandateRefused, wang, offer(world, acts=[Act.VIEW]), wang),
        (MandateRefused, wang, offer(world, acts=[Act.MANAGE]), wang),
        (MandateRefused, wang, offer(world, days=400), wang),
        (MandateRefused, wang, offer(world, days=0), wang),
        (PrincipalUnknown, li, offer(world, CHEN_MING), wang),  # an agent hands it on
        (PrincipalUnknown, chen, offer(world), wang),  # a stranger
        (CaseUnknown, wang, offer(world, case_id=uuid4()), wang),
        (AgentRefused, wang, offer(world, item=await make.item_code("ITEM11")), wang),
    ):
        await refused(error, given(world, giver, offered, principal.account_id))
    assert await world.rows("mandates") == before


async def test_a_child_neither_gives_nor_takes(world: World) -> None:
    child, wang = await make.citizen(world, mandating.XIAOYU), await make.citizen(world)
    await refused(CapacityMissing, given(world, child, offer(world, WANG)))
    mandate = await given(world, wang, offer(world, mandating.CHILD))
    await refused(CapacityMissing, world.ctx.mandates.take(child, mandate.id))
    assert (await Mandate.get(id=mandate.id)).status == "OFFERED"


async def test_what_was_declined_or_ended_is_not_taken(world: World) -> None:
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    declined = await given(world, wang, offer(world))
    await world.ctx.mandates.decline(li, declined.id)
    ended = await given(world, wang, offer(world))
    await world.ctx.mandates.end(wang, ended.id)
    late = await given(world, wang, offer(world, days=1))
    world.clock.advance(timedelta(days=1))
    before = await world.rows("mandates")
    for mandate in (declined, ended, late):
        await refused(MandateSettled, world.ctx.mandates.take(li, mandate.id))
    stranger = await make.citizen(world, mandating.CHEN)
    await refused(MandateUnknown, world.ctx.mandates.end(stranger, late.id))
    assert await world.rows("mandates") == before


async def test_nobody_gives_more_than_can_be_looked_through(world: World) -> None:
    wang = await make.citizen(world)
    first = await given(world, wang, offer(world))
    row = (await world.rows("mandates"))[0]
    for _ in range(49):
        copy = {**row, "id": uuid4()}
        # Made by the database of what the proof says.
        del copy["proof_key"], copy["proof_original_key"]
        names = ", ".join(f'"{name}"' for name in copy)
        marks = ", ".join(f"${place}" for place in range(1, len(copy) + 1))
        sql = f"INSERT INTO mandates ({names}) VALUES ({marks})"
        await world.database.execute(sql, *copy.values())
    await refused(MandatesTooMany, given(world, wang, offer(world)))
    await world.ctx.mandates.end(wang, first.id)
    await given(world, wang, offer(world))


async def test_an_end_and_an_act_at_once_take_turns(world: World) -> None:
    """An act is done under a good mandate or not at all, whoever is first."""
    wang, li = await make.citizen(world), await make.citizen(world, make.LI)
    for _ in range(8):
        mandate = await taken(world, wang, li, offer(world))
        filed = await stages.drafted(world, wang, "ITEM10")
        submitted, ended = await asyncio.gather(
            world.ctx.submissions.submit(li, filed.case_id, uuid4().hex),
            world.ctx.mandates.end(wang, mandate.id),
            return_exceptions=True,
        )
        assert isinstance(ended, Mandate)
        case = await filed.case()
        if isinstance(submitted, CaseUnknown):
            assert case.state == "DRAFT"
        else:
            assert (case.state, case.mandate_id) == ("SUBMITTED", mandate.id)
        await Case.filter(id=case.id).update(closed_at=world.clock.now())
