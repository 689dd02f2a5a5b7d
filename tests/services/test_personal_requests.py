"""What a person may ask about their data: a copy, a correction, erasure, closing the account."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from tortoise import Tortoise

from models.account import Account, Person, Session, WechatIdentity
from models.case import Case, CaseForm
from models.consent import Consent, PersonalRequest
from models.material import Material
from models.rules.events import Event, Role
from models.rules.privacy import Purpose
from models.rules.states import State
from services import consents, copies
from services.desk import CaseRestricted
from services.erasing import ClosureNotNow
from services.errors import Unauthenticated
from services.personal_requests import (
    FULFIL,
    ExportGone,
    Kind,
    RequestByItself,
    RequestEnded,
    RequestUnknown,
    WishMissing,
)
from tests import make
from tests.services import stages
from tests.services.counters import HOME
from tests.services.entrance import come_in, take_code
from tests.services.reviewing import refused, reviewer
from tests.services.timing import step
from tests.world import World


async def withdrawn(world: World) -> make.Filed:
    """Return a case that is over: filed and withdrawn."""
    who = await make.citizen(world)
    filed = await stages.drafted(world, who, "ITEM10")
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    await world.ctx.submissions.withdraw(who, filed.case_id, uuid4().hex)
    return filed


async def test_a_request_has_its_day(world: World) -> None:
    """15 working days from Monday 2 March 2026: Monday 23 March, at its end."""
    who = await make.citizen(world)
    asked = await world.ctx.personal_requests.ask(who, Kind.CORRECTION, "我的名字有一个字错了。")
    assert asked.row.due_at.isoformat() == "2026-03-23T16:00:00+00:00"
    assert (asked.row.status, asked.wish) == ("OPEN", "我的名字有一个字错了。")
    # The same kind again is the same request.
    again = await world.ctx.personal_requests.ask(who, Kind.CORRECTION, "又一次。")
    assert again.row.id == asked.row.id
    assert await PersonalRequest.all().count() == 1
    raw = bytes((await world.rows("personal_requests"))[0]["wish_sealed"])
    assert "名字".encode() not in raw


async def test_a_copy_holds_everything_and_is_kept_for_seven_days(world: World) -> None:
    filed = await stages.reviewed(world)
    who = filed.citizen
    await world.ctx.accounts.set_phone(who, await take_code(world, kind="phone"))
    await world.ctx.deliveries.choose(who, filed.case_id, HOME)
    await world.ctx.reviews.show(reviewer(filed), filed.case_id)
    requests = world.ctx.personal_requests
    asked = await requests.ask(who, Kind.ACCESS)
    with pytest.raises(ExportGone):
        await requests.download(who, asked.row.id)
    assert await stages.do(world, FULFIL) == 1
    done = await requests.get(who, asked.row.id)
    assert (done.row.status, done.answer) == ("DONE", "您的信息已经整理好,7天内可以下载。")
    copy = json.loads(await requests.download(who, asked.row.id))
    person = await make.person(world)
    [known] = copy["persons"]
    assert (known["name"], known["id_number"]) == (person["name"], person["id_number"])
    assert copy["accounts"][0]["phone"].endswith(person["phone"][-4:])
    [case] = copy["cases"]
    assert case["case_no"] == (await filed.case()).case_no
    assert copy["case_forms"][0]["content"] == make.FORMS["ITEM10"]
    assert copy["deliveries"][0]["address"]["detail"] == "人民路88号1单元301"
    assert {each["name"] for each in copy["materials"]} == {"scan.jpg"}
    assert [each["what"] for each in copy["accesses"]] == ["case.read"]
    assert {each["purpose"] for each in copy["consents"]} >= {"COURIER", "CASE_HANDLING"}
    # No word about who of the staff it was, and nothing that opens a door.
    whole = json.dumps(copy)
    assert str(reviewer(filed).id) not in whole
    assert "refresh_digest" not in whole
    row = bytes((await PersonalRequest.get(id=asked.row.id)).export_sealed or b"")
    assert person["name"].encode() not in row
    world.clock.advance(timedelta(days=7))
    with pytest.raises(ExportGone):
        await requests.download(who, asked.row.id)
    assert await requests.purge() == 1
    assert (await PersonalRequest.get(id=asked.row.id)).export_sealed is None


def test_every_table_about_a_person_is_in_a_copy_or_left_out_for_a_reason(world: World) -> None:
    apps = Tortoise.apps
    assert apps is not None
    about = set()
    for model in apps["models"].values():
        columns = set(model._meta.fields_db_projection.values())
        names = ("account_id", "case_id", "principal_id", "agent_id")
        if columns & set(names):
            about.add(model._meta.db_table)
    told = {*copies.BY_ACCOUNT, *copies.BY_CASE, *copies.LEFT_OUT}
    assert about - told == set()


async def test_somebody_elses_request_is_unknown(world: World) -> None:
    who, other = await make.citizen(world), await make.citizen(world, make.LI)
    asked = await world.ctx.personal_requests.ask(who, Kind.ACCESS)
    await stages.do(world, FULFIL)
    with pytest.raises(RequestUnknown):
        await world.ctx.personal_requests.get(other, asked.row.id)
    with pytest.raises(RequestUnknown):
        await world.ctx.personal_requests.download(other, asked.row.id)


async def test_staff_answer_what_needs_a_person(world: World) -> None:
    who = await make.citizen(world)
    requests = world.ctx.personal_requests
    officer = await make.officer(world, (Role.SUPERVISOR,))
    asked = await requests.ask(who, Kind.EXPLANATION, "为什么看我的户口?")
    copy = await requests.ask(who, Kind.ACCESS)
    assert [each.row.id for each in await requests.waiting(officer, limit=10, after=None)] == [
        asked.row.id
    ]
    with pytest.raises(RequestByItself):
        await requests.decide(officer, copy.row.id, "不用看了。", granted=False)
    await requests.decide(officer, asked.row.id, "依据不动产登记条例,要核对户籍。", granted=True)
    with pytest.raises(RequestEnded):
        await requests.decide(officer, asked.row.id, "再说一次。", granted=False)
    done = await requests.get(who, asked.row.id)
    assert (done.row.status, done.answer) == ("DONE", "依据不动产登记条例,要核对户籍。")
    assert done.row.handled_by == officer.id
    acts = [row["action"] for row in await world.rows("audit_log")]
    assert [act for act in acts if act.startswith("personal_request.")] == [
        "personal_request.make",
        "personal_request.make",
        "personal_request.read",
        "personal_request.decide",
    ]


async def test_what_nobody_can_act_on_is_asked_for_again(world: World) -> None:
    who = await make.citizen(world)
    for kind in (Kind.CORRECTION, Kind.EXPLANATION):
        with pytest.raises(WishMissing):
            await world.ctx.personal_requests.ask(who, kind, "  ")
    assert await world.rows("personal_requests") == []


async def test_erasing_deletes_drafts_and_restricts_what_was_filed(world: World) -> None:
    filed = await withdrawn(world)
    who = filed.citizen
    draft = await stages.drafted(world, who, "ITEM11")
    await world.ctx.accounts.set_phone(who, await take_code(world, kind="phone"))
    officer = await make.officer(world, (Role.WINDOW, Role.DEPT))
    await world.ctx.reviews.show(officer, filed.case_id)
    form = (await CaseForm.get(case_id=filed.case_id)).sealed
    asked = await world.ctx.personal_requests.ask(who, Kind.ERASURE)
    assert asked.row.status == "DONE"
    assert "1份" in asked.answer
    assert "1件" in asked.answer
    assert (await draft.case()).state is State.VOIDED
    assert await Material.filter(case_id=draft.case_id).count() == 0
    assert (await world.ctx.cases.forms.read(draft.case_id)).values == {}
    assert (await Account.get(id=who.account_id)).phone_sealed is None
    assert not await consents.has(who.account_id, Purpose.COURIER)
    # What was filed is all there, and nobody of the staff gets to see it.
    case = await filed.case()
    assert case.restricted_at == world.clock.now()
    assert (await CaseForm.get(case_id=case.id)).sealed == form
    assert await Material.filter(case_id=case.id).count() > 0
    async with refused(world, CaseRestricted):
        await world.ctx.reviews.show(officer, filed.case_id)
    assert (await world.ctx.cases.get(who, filed.case_id)).case.id == filed.case_id


async def test_an_open_case_goes_on_for_who_asked_for_it(world: World) -> None:
    filed = await stages.reviewed(world)
    await world.ctx.personal_requests.ask(filed.citizen, Kind.ERASURE)
    await world.ctx.reviews.show(reviewer(filed), filed.case_id)
    await step(world, filed, Event.WITHDRAW_CONFIRMED, Role.BACKOFFICE)
    async with refused(world, CaseRestricted):
        await world.ctx.reviews.show(reviewer(filed), filed.case_id)


async def test_no_account_is_closed_over_an_open_case(world: World) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    before = [await world.rows(table) for table in ("accounts", "sessions", "wechat_identities")]
    async with refused(world, ClosureNotNow):
        await world.ctx.personal_requests.ask(filed.citizen, Kind.CLOSURE)
    after = [await world.rows(table) for table in ("accounts", "sessions", "wechat_identities")]
    assert before == after
    assert await world.rows("personal_requests") == []


async def test_a_closed_account_is_nobodys_and_its_person_may_come_again(world: World) -> None:
    filed = await withdrawn(world)
    who = filed.citizen
    asked = await world.ctx.personal_requests.ask(who, Kind.CLOSURE)
    assert asked.answer.startswith("账号已经注销。")
    account = await Account.get(id=who.account_id)
    assert (account.closed_at, account.level) == (world.clock.now(), 0)
    assert not await WechatIdentity.exists(account_id=who.account_id)
    assert not await Session.exists(account_id=who.account_id, revoked_at=None)
    assert not await Consent.exists(
        account_id=who.account_id, case_id=None, answer="GIVEN", withdrawn_at=None
    )
    with pytest.raises(Unauthenticated):
        await world.ctx.accounts.me(who)
    # Who they were stays with what they filed.
    assert (await world.ctx.cases.applicants.get(who.account_id)).name
    assert (await filed.case()).restricted_at == world.clock.now()
    # The same WeChat and the same ID number make a new account that sees nothing of it.
    again, _ = await come_in(world)
    assert again.account_id != who.account_id
    person = await make.person(world)
    await world.ctx.accounts.verify_real_name(again, person["name"], person["id_number"])
    cases, _ = await world.ctx.cases.list(again, limit=10, before=None)
    assert list(cases) == []
    assert await world.parts.keys.misindexed(100) == 0


async def test_who_filed_nothing_leaves_nothing(world: World) -> None:
    who = await make.citizen(world)
    await stages.drafted(world, who, "ITEM10")
    await world.ctx.personal_requests.ask(who, Kind.CLOSURE)
    assert not await Person.exists(account_id=who.account_id)
    [case] = await Case.filter(account_id=who.account_id)
    assert case.state is State.VOIDED
