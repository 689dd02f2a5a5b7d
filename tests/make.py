"""Builders: what a test needs before its own first line, made through the use-cases."""

import io
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from PIL import Image, ImageDraw

from models.account import Account
from models.case import Case
from models.item import Item
from models.rules.events import Role
from models.rules.levels import Level
from models.rules.privacy import STATEMENTS, Purpose, asked_of_adults
from models.rules.reasons import Verdict
from models.rules.scopes import Scope
from models.staff import (
    BackofficeClient,
    FileApproval,
    MachineKey,
    OrgUnit,
    StaffMember,
    StaffSession,
)
from models.stored_file import StoredFile
from services.actors import Citizen, Machine, Officer
from services.seeding import catalogue
from services.sessions import CITIZEN_AUDIENCE
from services.units import office_of
from tests.assertions import machine_jwk
from tests.world import World

WANG = "wxsandbox-wangjianguo0000000"
LI = "wxsandbox-lixiuying000000000"
PASSWORD = "Correct-Horse-9"
CENTRE = "示例县政务服务中心"
MACHINE_KID = "key-of-the-tests"

FORMS: dict[str, dict[str, Any]] = {
    "ITEM10": {
        "road_section": "人民路(一号桥至二号桥)",
        "stake_range": "K0+100至K0+160",
        "surface_type": "沥青",
        "area_m2": 12.5,
        "planned_start": "2026-04-01",
        "planned_end": "2026-04-10",
        "contractor": "示例县绿源工程有限公司",
    },
    "ITEM09": {
        "unit_number": "511499001001GB00001F00010001",
        "location": "示例县人民路88号1单元301",
        "usage": "住宅",
        "area_m2": 98.5,
        "price_fen": 50_000_000,
        "co_ownership": "单独所有",
    },
    "ITEM01": {
        "venue_name": "示例理发店",
        "business_address": "示例县人民路66号",
        "venue_category": "理发店",
        "business_area_m2": 46.5,
        "staff_count": 2,
        "has_central_ac": False,
    },
    "ITEM02": {
        "business_address": "示例县人民路70号",
        "business_type": "餐饮服务经营者",
        "business_scope": ["热食类食品制售"],
        "food_safety_manager": "陈明",
        "online_business": False,
        "vending": False,
    },
    "ITEM08": {
        "business_name": "示例县王记理发店",
        "business_scope": "理发服务",
        "business_address": "示例县人民路66号",
        "composition": "个人经营",
    },
    "ITEM11": {"reason": "丢失补领", "living_address": "示例县人民路88号1单元301"},
    "ITEM05": {
        "felling_location": "北桥镇桥头村3小班",
        "forest_type": "用材林",
        "species": "杉木",
        "area_mu": 2.5,
        "volume_m3": 12,
        "felling_method": "择伐",
        "regeneration": "补植",
        "land_type": "自留山",
        "owner_is_individual": True,
        "in_nature_reserve": False,
    },
}


def jpeg(text: str = "paper", size: tuple[int, int] = (800, 600)) -> bytes:
    """Return a small JPEG with a text on it; another text gives other bytes."""
    picture = Image.new("RGB", size, (240, 240, 235))
    ImageDraw.Draw(picture).text((40, 40), text, fill=(20, 20, 20), font_size=40)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def pdf(text: str = "paper", pages: int = 1) -> bytes:
    """Return a PDF of some drawn pages."""
    sheets = []
    for number in range(pages):
        sheet = Image.new("RGB", (600, 800), "white")
        ImageDraw.Draw(sheet).text((40, 40), f"{text} {number}", fill="black", font_size=30)
        sheets.append(sheet)
    stream = io.BytesIO()
    sheets[0].save(stream, "PDF", save_all=True, append_images=sheets[1:])
    return stream.getvalue()


async def chunked(content: bytes, size: int = 65536) -> AsyncIterator[bytes]:
    """Yield bytes as a network does."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def registered(key: str | None = None) -> str:
    """Return the key of a file that is a row only: nobody may open it."""
    key = key or uuid4().hex * 2
    at = datetime.now(UTC)
    await StoredFile.create(
        key=key, place=key, size=1, cipher="NONE", scan="UNSCANNED", touched_at=at, checked_at=at
    )
    return key


async def login_code(world: World, openid: str = WANG) -> str:
    answer = await world.phone.post(f"/citizens/{openid}/login-code")
    return str(answer.json["code"])


async def person(world: World, openid: str = WANG) -> dict[str, Any]:
    """Return the sandbox's citizen."""
    found = (await world.phone.get("/citizens")).json["items"]
    return dict(next(each for each in found if each["openid"] == openid))


async def citizen(
    world: World, openid: str = WANG, *, real_name: bool = True, consents: bool = True
) -> Citizen:
    """Return a citizen who logged in through WeChat, by default with a real name and with every
    consent given."""
    signed_in = await world.ctx.accounts.login_wechat(await login_code(world, openid))
    claims = world.ctx.tokens.read(signed_in.grant.access_token, audience=CITIZEN_AUDIENCE)
    who = Citizen(UUID(claims["sub"]), UUID(claims["sid"]))
    if real_name:
        found = await person(world, openid)
        await world.ctx.accounts.verify_real_name(who, found["name"], found["id_number"])
        # As after a face check, which some items want; test_step_up.py goes the whole way.
        await Account.filter(id=who.account_id).update(level=Level.FACE)
    if consents:
        await consent(world, who)
    return who


async def consent(world: World, who: Citizen, *, given: bool = True) -> None:
    """Give or refuse everything that a person is asked to agree to."""
    for each in asked_of_adults():
        await world.ctx.consents.answer(who, each.purpose, each.version, given=given)


def token(world: World, who: Citizen) -> str:
    """Return an access token of a citizen."""
    claims = {"sub": str(who.account_id), "sid": str(who.session_id)}
    ttl = timedelta(minutes=15)
    return world.ctx.tokens.issue(claims, audience=CITIZEN_AUDIENCE, ttl=ttl)


async def consent_for(world: World, guardian: Citizen, child: UUID) -> None:
    """Let a guardian agree to the use of a child's data, papers of doctors included."""
    for purpose in (Purpose.CHILD, Purpose.MEDICAL, Purpose.FINANCIAL):
        version = STATEMENTS[purpose].version
        answer = world.ctx.consents.answer
        await answer(guardian, purpose, version, given=True, applicant=child)


@cache
def _catalogued() -> dict[str, dict[str, str]]:
    return {
        body["id"]: {"code": str(body["code"]), "agency": str(body["agency"])}
        for body in catalogue()
    }


async def item_code(item: str) -> str:
    """Return the code of a catalogue item (``ITEM10``)."""
    return _catalogued()[item]["code"]


async def officer(
    world: World,
    roles: Iterable[Role] = (Role.WINDOW,),
    username: str | None = None,
    unit: str | None = None,
    item: "str | Filed" = "ITEM10",
) -> Officer:
    """Return a member of staff who is logged in.

    They work in the unit of this name; else in the department of an item (or of a case) when they
    are of a department, and in the county's hall when they are not.
    """
    held = frozenset(roles)
    name = username or f"staff-{uuid4().hex[:8]}"
    wanted = unit or (await _agency(item) if Role.DEPT in held else CENTRE)
    found = await OrgUnit.get(name=wanted)
    now = world.clock.now()
    row = await StaffMember.create(
        username=name,
        name="测试人员",
        password_hash="",
        roles=sorted(held),
        unit_id=found.id,
        created_at=now,
    )
    await session(world, row.id)
    return Officer(row.id, held, office_of(found))


async def session(world: World, member_id: UUID) -> None:
    """Let a member be logged in, with a session that is named as they are."""
    now = world.clock.now()
    await StaffSession.create(
        id=member_id,
        member_id=member_id,
        started_at=now,
        expires_at=now + timedelta(days=3650),
    )


async def allowed(world: World, who: Officer, filed: "Filed") -> None:
    """Let an officer open minors' and medical files of a case's item for a month."""
    now = world.clock.now()
    await FileApproval.create(
        member_id=who.id,
        item_id=filed.item.id,
        purpose="日常经办",
        asked_at=now,
        decided_at=now,
        until=now + timedelta(days=30),
    )


async def _agency(item: "str | Filed") -> str:
    if isinstance(item, Filed):
        return item.item.agency
    return _catalogued()[item]["agency"]


async def machine(world: World, agency_uscc: str, *items: str) -> Machine:
    """Return a back-office system of an agency, limited to these items if any are named."""
    client_id = f"backoffice-{uuid4().hex[:8]}"
    now = world.clock.now()
    row = await BackofficeClient.create(
        client_id=client_id,
        name="审批系统",
        agency_uscc=agency_uscc,
        scopes=sorted(Scope),
        items=sorted(items),
        created_at=now,
    )
    await MachineKey.create(
        machine_id=row.id, kid=MACHINE_KID, jwk=machine_jwk(), valid_from=now, added_at=now
    )
    return Machine(client_id, agency_uscc, "审批系统", frozenset(items))


@dataclass
class Filed:
    """A case on its way and the people in it."""

    citizen: Citizen
    case_id: UUID
    item: Item
    officer: Officer | None = None
    codes: list[str] = field(default_factory=list)

    async def case(self) -> Case:
        return await Case.get(id=self.case_id)


async def draft(
    world: World, who: Citizen, item: str = "ITEM10", applicant: UUID | None = None
) -> Filed:
    """Return a draft with its form filled and every required material uploaded."""
    code = await item_code(item)
    made = await world.ctx.cases.open_draft(who, code, another=True, applicant=applicant)
    opened = made.opened
    for name, value in FORMS[item].items():
        opened = await world.ctx.cases.put_field(who, opened.case.id, name, value)
    wanted = await world.ctx.cases.requirements(opened)
    codes = [each.code for each in wanted if each.required and each.upload]
    for each in codes:
        content = jpeg(f"{each} of {opened.case.id}")
        await world.ctx.materials.upload(
            who, opened.case.id, each, chunked(content), file_name=f"{each}.jpg"
        )
    row = await Item.get(code=code)
    return Filed(who, opened.case.id, row, codes=codes)


async def submitted(world: World, who: Citizen, item: str = "ITEM10") -> Filed:
    """Return a submitted case."""
    filed = await draft(world, who, item)
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    return filed


async def claimed(
    world: World, who: Citizen, item: str = "ITEM10", by: Officer | None = None
) -> Filed:
    """Return a case under pre-review."""
    filed = await submitted(world, who, item)
    filed.officer = by or await officer(world, (Role.WINDOW, Role.DEPT), item=item)
    await world.ctx.reviews.claim(filed.officer, filed.case_id)
    return filed


async def judged(world: World, who: Citizen, item: str = "ITEM10") -> Filed:
    """Return a case under pre-review whose materials all passed."""
    filed = await claimed(world, who, item)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(_reviewer(filed), filed.case_id, code, Verdict.PASS)
    return filed


async def accepted(world: World, who: Citizen, item: str = "ITEM10") -> Filed:
    """Return an accepted case with its package ready."""
    filed = await judged(world, who, item)
    await world.ctx.reviews.accept(_reviewer(filed), filed.case_id)
    return filed


def _reviewer(filed: Filed) -> Officer:
    assert filed.officer is not None
    return filed.officer
