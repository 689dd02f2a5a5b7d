"""Cases to measure with: each kind is made once by the use-cases, then multiplied row by row.

Every copy has an account of its own, so that the limits per account stay as they are and are
never reached.
"""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from benchmarks.papers import pdf
from benchmarks.stage import Stage
from composition import Parts, compose
from models.ids import uuid7
from models.rules.events import Role
from models.rules.reasons import Verdict
from models.rules.units import UnitKind
from models.staff import OrgUnit
from services.actors import SYSTEM, Citizen, Officer
from services.item_checks import Examination
from services.members import Post
from services.seeding import catalogue
from services.sessions import CITIZEN_AUDIENCE

OPENID = "wxsandbox-wangjianguo0000000"
ITEM = "ITEM10"
FORM: Mapping[str, Any] = {
    "road_section": "人民路(一号桥至二号桥)",
    "stake_range": "K0+100至K0+160",
    "surface_type": "沥青",
    "area_m2": 12.5,
    "planned_start": "2026-04-01",
    "planned_end": "2026-04-10",
    "contractor": "示例县绿源工程有限公司",
}
LARGE_CODE = "11511499MB9000082B400011712900799"
LARGE_MEGABYTES = 210
LARGE_SLOT = "M04"

# What differs between a case and its copy; everything else is copied as it stands.
COPIED = {
    "accounts": ("id", "'id', new.account"),
    "persons": ("account_id", "'account_id', new.account, 'id_number_index', new.mark"),
    "cases": (
        "id",
        "'id', new.id, 'account_id', new.account,"
        " 'case_no', CASE WHEN old.case_no IS NOT NULL THEN new.mark END,"
        " 'query_code', CASE WHEN old.case_no IS NOT NULL THEN left(new.mark, 16) END,"
        " 'lookup_index', CASE WHEN old.case_no IS NOT NULL THEN new.mark END",
    ),
    "case_forms": ("case_id", "'case_id', new.id"),
    "materials": ("case_id", "'id', gen_random_uuid(), 'case_id', new.id"),
    "case_events": (
        "case_id",
        "'id', nextval(pg_get_serial_sequence('case_events', 'id')), 'case_id', new.id",
    ),
    "clock_instances": ("case_id", "'id', gen_random_uuid(), 'case_id', new.id"),
}


@dataclass(frozen=True)
class Draft:
    """A case and the access token of the account that it belongs to."""

    case_id: UUID
    token: str


@dataclass(frozen=True)
class Prepared:
    """``drafts`` are ready to submit, ``underway`` are accepted, ``large`` take 210 MB a file."""

    drafts: Sequence[Draft]
    underway: Sequence[Draft]
    large: Sequence[Draft]


def prepare(stage: Stage, *, drafts: int, underway: int, large: int) -> Prepared:
    """Make so many cases of each kind."""
    return asyncio.run(_prepare(stage, drafts, underway, large))


async def _prepare(stage: Stage, drafts: int, underway: int, large: int) -> Prepared:
    parts = compose(stage.settings)
    await parts.open()
    connection = await asyncpg.connect(stage.database_url)
    try:
        maker = _Maker(parts, connection, await _log_in(parts, stage.sandbox_url))
        return Prepared(
            drafts=await maker.copies(await maker.ready_draft(), drafts),
            underway=await maker.copies(await maker.accepted(), underway),
            large=await maker.copies(await maker.large_draft(), large),
        )
    finally:
        await connection.close()
        await parts.close()


async def _log_in(parts: Parts, sandbox_url: str) -> Citizen:
    phone = f"{sandbox_url}/phone/api/citizens"
    code = (await _ask(f"{phone}/{OPENID}/login-code", "POST"))["code"]
    signed_in = await parts.context.accounts.login_wechat(code)
    claims = parts.context.tokens.read(signed_in.grant.access_token, audience=CITIZEN_AUDIENCE)
    who = Citizen(UUID(claims["sub"]), UUID(claims["sid"]))
    people = (await _ask(phone, "GET"))["items"]
    person = next(each for each in people if each["openid"] == OPENID)
    await parts.context.accounts.verify_real_name(who, person["name"], person["id_number"])
    return who


async def _ask(url: str, method: str) -> Any:
    def ask() -> Any:
        with urllib.request.urlopen(urllib.request.Request(url, method=method)) as reply:
            return json.load(reply)

    return await asyncio.to_thread(ask)


@dataclass(frozen=True)
class _Maker:
    parts: Parts
    connection: "asyncpg.Connection[asyncpg.Record]"
    who: Citizen

    async def ready_draft(self) -> UUID:
        """Make a draft with a full form and every material."""
        cases, materials = self.parts.context.cases, self.parts.context.materials
        code = next(str(body["code"]) for body in catalogue() if body["id"] == ITEM)
        opened = (await cases.open_draft(self.who, code, another=True)).opened
        for name, value in FORM.items():
            opened = await cases.put_field(self.who, opened.case.id, name, value)
        for each in await cases.requirements(opened):
            if each.required and each.upload:
                await materials.upload(
                    self.who, opened.case.id, each.code, _chunks(pdf(10_000)), f"{each.code}.pdf"
                )
        return opened.case.id

    async def accepted(self) -> UUID:
        """Make a case that was submitted, pre-reviewed and accepted."""
        case_id = await self.ready_draft()
        await self.parts.context.submissions.submit(self.who, case_id, uuid4().hex)
        reviews = self.parts.context.reviews
        officer = await self._officer()
        await reviews.claim(officer, case_id)
        for code in await self.connection.fetch(
            "SELECT code FROM materials WHERE case_id = $1", case_id
        ):
            await reviews.put_verdict(officer, case_id, code["code"], Verdict.PASS)
        await reviews.accept(officer, case_id)
        return case_id

    async def _officer(self) -> Officer:
        roles = frozenset({Role.WINDOW})
        unit = await OrgUnit.get(kind=UnitKind.COUNTY_CENTER)
        post = Post(roles, unit.id)
        members = self.parts.context.members
        return (await members.create(SYSTEM, "bench01", "测试人员", post)).officer

    async def large_draft(self) -> UUID:
        """Make a draft of an item that takes larger files than any of the county's items."""
        body = next(dict(body) for body in catalogue() if body["id"] == ITEM)
        body |= {"id": "LARGE", "code": LARGE_CODE}
        body["materials"] = [{**each, "max_size_mb": LARGE_MEGABYTES} for each in body["materials"]]
        # No real item may ask for such files; the linter would say so.
        await self.parts.context.items.put(Examination(body, (), None))
        found = await self.parts.context.cases.open_draft(self.who, LARGE_CODE, another=True)
        return found.opened.case.id

    async def copies(self, case_id: UUID, number: int) -> Sequence[Draft]:
        """Copy a case and its account so many times."""
        cases = [uuid7() for _ in range(number)]
        accounts = [uuid7() for _ in range(number)]
        marks = [uuid4().hex for _ in range(number)]
        for table, (key, changes) in COPIED.items():
            old = self.who.account_id if table in ("accounts", "persons") else case_id
            await self.connection.execute(
                f'INSERT INTO "{table}" SELECT copy.* FROM "{table}" AS old,'
                " unnest($1::uuid[], $2::uuid[], $3::text[]) AS new(account, id, mark),"
                f" jsonb_populate_record(old, jsonb_build_object({changes})) AS copy"
                f" WHERE old.{key} = $4",
                *(accounts, cases, marks, old),
            )
        return [
            Draft(case, self._token(account)) for case, account in zip(cases, accounts, strict=True)
        ]

    def _token(self, account: UUID) -> str:
        claims = {"sub": str(account), "sid": str(uuid4())}
        return self.parts.context.tokens.issue(
            claims, audience=CITIZEN_AUDIENCE, ttl=timedelta(minutes=15)
        )


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    yield content
