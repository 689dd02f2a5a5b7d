"""Accounts of staff: made, changed and closed by somebody else, always on the record."""

from collections.abc import Collection
from datetime import timedelta
from uuid import uuid4

import pytest
from tortoise.exceptions import IntegrityError

from models.rules.events import Role
from models.staff import StaffMember
from services.actors import SYSTEM, Officer
from services.enrolment import OtpWrong, PasswordWeak, PasswordWrong, TotpEnrolled
from services.errors import Problem, Unauthenticated
from services.members import (
    MemberUnknown,
    OwnAccount,
    Post,
    RolesRefused,
    UsernameTaken,
    WindowElsewhere,
)
from services.staff import StaffRefused
from services.units import UnitUnknown
from tests import make
from tests.services.enrolled import (
    FIRST,
    PASSWORD,
    enrolled,
    enrolment_of,
    members_of,
    present,
    staff_of,
)
from tests.world import World

HOUSING = "11511499MB9000082B"


def post(
    *roles: Role, unit_id: str = "COUNTY", window_id: str | None = None, head: bool = False
) -> Post:
    return Post(frozenset(roles or {Role.WINDOW}), unit_id, window_id, head)


async def admin(world: World) -> Officer:
    return await make.officer(world, (Role.ADMIN,))


async def standing(world: World) -> object:
    return [await world.rows(name) for name in ("staff_members", "staff_sessions", "audit_log")]


async def test_an_administrator_makes_an_account(world: World) -> None:
    who = await admin(world)
    made = await members_of(world).create(
        who.acting_as(Role.ADMIN), "New.One", "李窗口", post(window_id="W-COUNTY", head=True)
    )
    assert made.password not in repr(made)
    row = await StaffMember.get(username="new.one")
    assert (row.roles, row.unit_id, row.window_id, row.head) == (
        ["WINDOW"],
        "COUNTY",
        "W-COUNTY",
        True,
    )
    [entry] = [each for each in await world.rows("audit_log") if each["action"] == "staff.create"]
    assert (entry["actor_role"], entry["actor_id"]) == ("ADMIN", str(who.id))
    assert entry["object_id"] == str(row.id)
    assert made.password not in repr(entry)


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (post(Role.ADMIN, Role.WINDOW), RolesRefused),
        (post(Role.AUDITOR, Role.SUPERVISOR), RolesRefused),
        (post(Role.ADMIN, Role.AUDITOR), RolesRefused),
        (post(Role.APPLICANT), RolesRefused),
        (post(Role.SYSTEM), RolesRefused),
        (Post(frozenset(), "COUNTY"), RolesRefused),
        (post(Role.DEPT), RolesRefused),
        (post(Role.SUPERVISOR, unit_id="NORTH"), RolesRefused),
        (post(unit_id="NOWHERE"), UnitUnknown),
        (post(window_id="W-NORTH"), WindowElsewhere),
        (post(window_id="nowhere"), WindowElsewhere),
    ],
)
async def test_what_nobody_may_be(world: World, wanted: Post, problem: type[Problem]) -> None:
    who = (await admin(world)).acting_as(Role.ADMIN)
    other = await make.officer(world)
    before = await standing(world)
    with pytest.raises(problem):
        await members_of(world).create(who, "somebody", "李窗口", wanted)
    with pytest.raises(problem):
        await members_of(world).change(who, other.id, wanted)
    assert await standing(world) == before


@pytest.mark.parametrize("roles", [["ADMIN", "WINDOW"], ["AUDITOR", "ADMIN"]])
async def test_the_database_keeps_the_powers_apart_too(
    world: World, roles: Collection[str]
) -> None:
    with pytest.raises(IntegrityError):
        await StaffMember.create(
            username="x",
            name="x",
            password_hash="",
            roles=list(roles),
            unit_id="COUNTY",
            created_at=world.clock.now(),
        )


async def test_roles_that_go_together(world: World) -> None:
    members = members_of(world)
    for number, wanted in enumerate(
        [
            post(Role.WINDOW, Role.SUPERVISOR),
            post(Role.WINDOW, Role.DEPT, unit_id=HOUSING),
            post(Role.WINDOW, unit_id="SOUTH", window_id="W-SOUTH"),
            post(Role.AUDITOR),
        ]
    ):
        made = await members.create(SYSTEM, f"member{number}", "李窗口", wanted)
        assert made.officer.roles == wanted.roles


async def test_a_username_is_given_once(world: World) -> None:
    await members_of(world).create(SYSTEM, "chen.window", "陈窗口", post())
    before = await standing(world)
    with pytest.raises(UsernameTaken):
        await members_of(world).create(SYSTEM, "CHEN.window", "陈窗口", post())
    assert await standing(world) == before


async def test_nobody_touches_their_own_account(world: World) -> None:
    who = await admin(world)
    actor, members = who.acting_as(Role.ADMIN), members_of(world)
    before = await standing(world)
    for act in (
        members.change(actor, who.id, post(Role.SUPERVISOR)),
        members.close(actor, who.id),
        members.reset_password(actor, who.id),
        members.reset_totp(actor, who.id),
    ):
        with pytest.raises(OwnAccount):
            await act
    assert await standing(world) == before


async def test_whom_there_is_not_cannot_be_changed(world: World) -> None:
    actor, members = (await admin(world)).acting_as(Role.ADMIN), members_of(world)
    before = await standing(world)
    for act in (
        members.change(actor, uuid4(), post()),
        members.close(actor, uuid4()),
        members.reset_password(actor, uuid4()),
        members.reset_totp(actor, uuid4()),
    ):
        with pytest.raises(MemberUnknown):
            await act
    assert await standing(world) == before


async def test_a_change_ends_the_sessions_and_tells_before_and_after(world: World) -> None:
    chen = await enrolled(world)
    token = (await staff_of(world).login(chen.username, PASSWORD, chen.code())).access_token
    await members_of(world).change(SYSTEM, chen.officer.id, post(unit_id="NORTH"))
    with pytest.raises(Unauthenticated):
        await staff_of(world).authenticate(token)
    [entry] = [each for each in await world.rows("audit_log") if each["action"] == "staff.change"]
    assert '"COUNTY"' in entry["data"]
    assert '"NORTH"' in entry["data"]
    world.clock.advance(timedelta(seconds=30))
    grant = await staff_of(world).login(chen.username, PASSWORD, chen.code())
    assert grant.officer.office.id == "NORTH"


async def test_a_closed_account_opens_nothing_from_the_next_request_on(world: World) -> None:
    chen = await enrolled(world)
    token = (await staff_of(world).login(chen.username, PASSWORD, chen.code())).access_token
    await members_of(world).close(SYSTEM, chen.officer.id)
    with pytest.raises(Unauthenticated):
        await staff_of(world).authenticate(token)
    world.clock.advance(timedelta(seconds=30))
    with pytest.raises(StaffRefused):
        await staff_of(world).login(chen.username, PASSWORD, chen.code())
    before = await standing(world)
    await members_of(world).close(SYSTEM, chen.officer.id)
    assert await standing(world) == before


async def test_a_reset_password_has_to_be_changed_and_needs_the_code(world: World) -> None:
    chen = await enrolled(world)
    token = (await staff_of(world).login(chen.username, PASSWORD, chen.code())).access_token
    first = await members_of(world).reset_password(SYSTEM, chen.officer.id)
    with pytest.raises(Unauthenticated):
        await staff_of(world).authenticate(token)
    with pytest.raises(StaffRefused):
        await staff_of(world).login(chen.username, first)
    world.clock.advance(timedelta(seconds=30))
    grant = await staff_of(world).login(chen.username, first, chen.code())
    assert grant.setup == ("password",)
    assert (await staff_of(world).authenticate(grant.access_token)).setup


async def test_a_reset_lifts_a_lock(world: World) -> None:
    chen = await enrolled(world)
    for _ in range(5):
        with pytest.raises(StaffRefused):
            await staff_of(world).login(chen.username, "wrong")
    first = await members_of(world).reset_password(SYSTEM, chen.officer.id)
    await staff_of(world).login(chen.username, first, chen.code())


async def test_a_lost_phone_is_replaced(world: World) -> None:
    chen = await enrolled(world)
    await members_of(world).reset_totp(SYSTEM, chen.officer.id)
    grant = await staff_of(world).login(chen.username, PASSWORD)
    assert grant.setup == ("totp",)
    who = await staff_of(world).authenticate(grant.access_token)
    assert (await enrolment_of(world).begin_totp(who)).secret != chen.secret
    assert (await chen.row()).recovery == []


@pytest.mark.parametrize(
    "weak",
    [
        "Short-1",
        "alllowercaseletters",
        "chen.window-A1",
        "Password-2026!",
        "P@ssw0rd-12345",
        "Admin@12345678",
        "Aa1!Aa1!Aa1!Aa1!"[:4] * 4,
        "Zhangban@2026",
        "A" * 60 + "a1" + "B" * 70,
        FIRST,
    ],
)
async def test_weak_passwords_are_refused(world: World, weak: str) -> None:
    await members_of(world).create(SYSTEM, "chen.window", "陈窗口", post(), FIRST)
    row = await StaffMember.get(username="chen.window")
    who = await present(world, row.id)
    before = await standing(world)
    with pytest.raises(PasswordWeak):
        await enrolment_of(world).change_password(who, FIRST, weak)
    assert await standing(world) == before


async def test_a_password_is_changed_by_who_knows_it(world: World) -> None:
    chen = await enrolled(world)
    who = await present(world, chen.officer.id, setup=False)
    other = await present(world, chen.officer.id, setup=False)
    before = await standing(world)
    with pytest.raises(PasswordWrong):
        await enrolment_of(world).change_password(who, "Another-horse-8", "Another-horse-9")
    assert await standing(world) == before
    await enrolment_of(world).change_password(who, PASSWORD, "Another-horse-8")
    ended = {row["id"] for row in await world.rows("staff_sessions") if row["ended_at"]}
    assert other.session_id in ended
    assert who.session_id not in ended


async def test_a_second_factor_is_set_up_once(world: World) -> None:
    chen = await enrolled(world)
    who = await present(world, chen.officer.id, setup=False)
    before = await standing(world)
    with pytest.raises(TotpEnrolled):
        await enrolment_of(world).begin_totp(who)
    with pytest.raises(TotpEnrolled):
        await enrolment_of(world).confirm_totp(who, chen.code())
    assert await standing(world) == before


async def test_an_unconfirmed_secret_counts_for_nothing(world: World) -> None:
    made = await members_of(world).create(SYSTEM, "chen.window", "陈窗口", post(), FIRST)
    who = await present(world, made.officer.id)
    with pytest.raises(OtpWrong):
        await enrolment_of(world).confirm_totp(who, "000000")
    found = await enrolment_of(world).begin_totp(who)
    assert found.uri.startswith("otpauth://totp/")
    assert f"secret={found.secret}" in found.uri
    with pytest.raises(OtpWrong):
        await enrolment_of(world).confirm_totp(who, "000000")
    assert (await StaffMember.get(id=made.officer.id)).totp_since is None
    assert (await staff_of(world).login("chen.window", FIRST)).setup == ("password", "totp")
