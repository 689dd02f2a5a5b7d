"""People at their phones and desks: everything they do goes over HTTP."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pyotp

from models.rules.events import Role
from models.staff import OrgUnit
from services.actors import SYSTEM, Officer
from services.members import Post
from tests import make
from tests.api import tokens
from tests.world import Answer, World

FIRST, PASSWORD = "First-password-1", "Correct-horse-7"


class Phone:
    """Somebody's phone: logged in, and with their real name."""

    def __init__(self, world: World, token: str, openid: str = "") -> None:
        self.world, self.token, self.openid = world, token, openid

    @classmethod
    async def of(cls, world: World, openid: str) -> "Phone":
        phone = cls(world, "", openid)
        await phone.log_in()
        who = await make.person(world, openid)
        named = {"name": who["name"], "id_number": who["id_number"]}
        assert (await phone.post("/v1/me/real-name", named)).json["level"] >= 1
        return phone

    async def log_in(self) -> None:
        code = await make.login_code(self.world, self.openid)
        entered = await self.world.http.post("/v1/login/wechat", json={"code": code})
        assert entered.status == 200, entered.body
        self.token = entered.json["access_token"]

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.world.http.get(path, token=self.token, **more)

    async def post(self, path: str, body: object = None) -> Answer:
        more = {} if body is None else {"json": body}
        return await self.world.http.post(path, token=self.token, key=uuid4().hex, **more)

    async def agree(self, purpose: str, applicant: str | None = None) -> Answer:
        body = {"version": "2026.1", "given": True, "applicant": applicant}
        path = f"/v1/me/consents/{purpose}"
        return await self.world.http.put(path, token=self.token, json=body)

    async def fill(self, case_id: str, form: Mapping[str, Any]) -> None:
        for field, value in form.items():
            path = f"/v1/cases/{case_id}/form/{field}"
            answer = await self.world.http.put(path, token=self.token, json={"value": value})
            assert answer.status == 200, answer.body

    async def upload_all(self, case_id: str, *, but: str = "") -> None:
        slots = (await self.get(f"/v1/cases/{case_id}/materials")).json["slots"]
        for slot in slots:
            if slot["required"] and slot["upload"] and slot["code"] != but:
                await self.upload(case_id, slot["code"], slot["name"])

    async def upload(self, case_id: str, code: str, text: str) -> None:
        path = f"/v1/cases/{case_id}/materials/{code}"
        answer = await self.world.http.put(path, token=self.token, data=make.jpeg(text))
        assert answer.status == 201, answer.body


class Desk(Phone):
    """An officer's desk."""

    @classmethod
    async def at(cls, world: World, officer: Officer) -> "Desk":
        return cls(world, tokens.of_staff(world, officer))

    async def accept(self, case_id: str) -> Answer:
        await self.judge(case_id)
        return await self.post(f"/staff/v1/cases/{case_id}/accept")

    async def judge(self, case_id: str) -> None:
        """Claim a case and find all of its materials good."""
        path = f"/staff/v1/cases/{case_id}"
        assert (await self.post(f"{path}/claim")).status == 200
        dossier = (await self.get(path)).json
        for material in dossier["materials"]:
            verdict = await self.world.http.put(
                f"{path}/verdicts/{material['code']}", token=self.token, json={"verdict": "PASS"}
            )
            assert verdict.status == 200, verdict.body


class Employee(Desk):
    """An officer with a login of their own: username, password and one-time code."""

    def __init__(self, world: World, username: str, member_id: UUID) -> None:
        super().__init__(world, "")
        self.username, self.member_id, self.secret = username, member_id, ""

    @classmethod
    async def hired(cls, world: World, unit: str, *roles: Role, name: str = "陈窗口") -> "Employee":
        """Return somebody of a unit who went through the first login and is logged in."""
        username = f"staff-{uuid4().hex[:12]}"
        post = Post(frozenset(roles), (await OrgUnit.get(name=unit)).id)
        made = await world.ctx.members.create(SYSTEM, username, name, post, FIRST)
        employee = cls(world, username, made.officer.id)
        await employee._set_up()
        await employee.log_in()
        return employee

    async def log_in(self) -> None:
        """Log in by password and code, as on the morning of any day."""
        # A code is good once: the next one is half a minute away.
        self.world.clock.advance(timedelta(seconds=30))
        entered = await self._enter(PASSWORD, self._code())
        assert (entered.status, entered.json["setup"]) == (200, []), entered.body
        self.token = entered.json["access_token"]

    async def _set_up(self) -> None:
        self.token = (await self._enter(FIRST, "")).json["access_token"]
        change = {"current": FIRST, "password": PASSWORD}
        changed = await self.world.http.put("/staff/v1/me/password", token=self.token, json=change)
        assert changed.status == 204, changed.body
        self.secret = str((await self.post("/staff/v1/me/totp")).json["secret"])
        confirmed = await self.post("/staff/v1/me/totp/confirm", {"otp": self._code()})
        assert confirmed.status == 200, confirmed.body

    async def _enter(self, password: str, otp: str) -> Answer:
        body = {"username": self.username, "password": password, "otp": otp}
        return await self.world.http.post("/staff/v1/login", json=body)

    def _code(self) -> str:
        return pyotp.TOTP(self.secret).at(int(self.world.clock.now().timestamp()))
