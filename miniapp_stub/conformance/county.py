"""The county's side of the hand-off over HTTP: it finds the scene that a call is about."""

import asyncio
import base64
import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from miniapp_stub.conformance import forms
from miniapp_stub.conformance.entrance import Entrance
from miniapp_stub.conformance.parcels import Parcel
from miniapp_stub.conformance.report import Line, Verdict
from miniapp_stub.conformance.scenes import Answer, Scene, Sending, problem
from miniapp_stub.conformance.signing import Signer

BASE = "/backoffice/v1"
RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")
PACKAGE = f"{BASE}/packages/{{package}}"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
# How often a token that was refused may come again before it is more than a race.
STUBBORN = 3


class County:
    """Plays these scenes for one client."""

    def __init__(self, entrance: Entrance, scenes: Sequence[Scene], lease_cap: int = 60) -> None:
        self.entrance = entrance
        self.scenes = scenes
        self.lease_cap = lease_cap
        self.signer = Signer()
        self.revoked: dict[str, int] = {}
        self.faults: list[str] = []
        self.calls = 0

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._watch], client_max_size=64 * 1024 * 1024)
        app.router.add_post(f"{BASE}/token", self._token)
        app.router.add_post(f"{BASE}/packages/lease", self._lease)
        app.router.add_get(f"{BASE}/packages", self._list)
        app.router.add_post(f"{PACKAGE}/ack", self._acknowledge)
        app.router.add_post(f"{PACKAGE}/extend", self._extend)
        app.router.add_post(f"{PACKAGE}/return", self._return)
        app.router.add_get(f"{PACKAGE}/materials/{{material}}", self._material)
        app.router.add_get(f"{PACKAGE}/materials/{{material}}/pages/{{page}}", self._material)
        app.router.add_get(f"{BASE}/keys", self._keys)
        app.router.add_post(f"{BASE}/events", self._event)
        app.router.add_get(f"{BASE}/schemas/{{name}}", self._schema)
        app.router.add_put(f"{BASE}/cases/{{case_no}}/result", self._result)
        return app

    @property
    def over(self) -> bool:
        """Tell whether there is nothing more to wait for."""
        return all(scene.over for scene in self.scenes)

    def lines(self) -> list[Line]:
        return [self.entrance.line(), self._calls(), *(scene.line() for scene in self.scenes)]

    def _calls(self) -> Line:
        if self.faults:
            verdict, seen = Verdict.FAILED, "; ".join(dict.fromkeys(self.faults))
        elif self.calls:
            verdict, seen = Verdict.PASSED, f"{self.calls} calls"
        else:
            verdict, seen = Verdict.NOT_SEEN, "nobody called"
        expected = "every call is one that the county knows, with the right fields"
        mend = "See /docs of the county's server: paths, fields and their bounds."
        return Line("calls", "the form of the calls", verdict, expected, seen, mend)

    @web.middleware
    async def _watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.calls += 1
        public = request.path.startswith((f"{BASE}/token", f"{BASE}/schemas/", f"{BASE}/keys"))
        if not public and (refused := self._refusal(request)):
            return shown(refused)
        try:
            return await handler(request)
        except web.HTTPException as error:
            self.faults.append(f"{request.method} {request.path}: {error.status}")
            return shown(problem(error.status, "not_found"))

    def _refusal(self, request: web.Request) -> Answer | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token in self.entrance.good:
            return None
        times = self.revoked[token] = self.revoked.get(token, 0) + 1
        if times > STUBBORN:
            self.faults.append("went on with a token that was refused")
        return problem(401, "unauthenticated", {"WWW-Authenticate": "Bearer"})

    async def _token(self, request: web.Request) -> web.StreamResponse:
        if request.content_type == "application/x-www-form-urlencoded":
            body: Any = {**await request.post()}
        else:
            body = await self._body(request)
        said = body if isinstance(body, dict) else {}
        # A proxy in front may have ended TLS.
        addresses = [f"{scheme}://{request.host}{BASE}/token" for scheme in ("http", "https")]
        return shown(self.entrance.token(said, *addresses))

    async def _body(self, request: web.Request) -> Any:
        try:
            return await request.json()
        except ValueError:
            return None

    async def _asked(
        self, request: web.Request, wanted: Mapping[str, forms.Check]
    ) -> Mapping[str, Any] | Answer:
        body = await self._body(request)
        fault = forms.fault_of(body, wanted)
        if fault is None:
            return dict(body)
        self.faults.append(f"{request.method} {request.path.rpartition('/')[2]}: {fault}")
        return problem(422, "fields_invalid", errors=[{"pointer": "", "detail": fault}])

    async def _lease(self, request: web.Request) -> web.StreamResponse:
        asked = await self._asked(request, forms.LEASE)
        if isinstance(asked, Answer):
            return shown(asked)
        limit = asked.get("limit", forms.DEFAULTS["limit"])
        seconds = min(asked.get("seconds", forms.DEFAULTS["seconds"]), self.lease_cap)
        ready = [(scene, parcel) for scene in self.scenes for parcel in scene.ready()][:limit]
        if not ready:
            return shown(Answer(200, {"lease_token": None, "leased_until": None, "packages": []}))
        token = secrets.token_urlsafe(24)
        rows = []
        for scene, parcel in ready:
            parcel.lease_token, parcel.leased_until = token, scene.clock() + seconds
            parcel.leases += 1
            parcel.signature = self.signer.over(parcel.body)
            rows.append(scene.row(parcel))
        until = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        return shown(Answer(200, {"lease_token": token, "leased_until": until, "packages": rows}))

    async def _list(self, _: web.Request) -> web.StreamResponse:
        rows = [
            {name: value for name, value in scene.row(parcel).items() if name != "body"}
            for scene in self.scenes
            for parcel in scene.parcels
            if not parcel.acked
        ]
        return shown(Answer(200, {"packages": rows, "next_cursor": None}))

    def _found(self, request: web.Request) -> tuple[Scene, Parcel] | None:
        wanted = request.match_info["package"]
        for scene in self.scenes:
            for parcel in scene.parcels:
                # What was never handed out cannot be known.
                if parcel.id == wanted and parcel.leases:
                    return scene, parcel
        return None

    async def _acknowledge(self, request: web.Request) -> web.StreamResponse:
        return await self._about(request, forms.ACK, lambda scene: scene.acknowledge)

    async def _extend(self, request: web.Request) -> web.StreamResponse:
        return await self._about(request, forms.EXTEND, lambda scene: scene.extend)

    async def _return(self, request: web.Request) -> web.StreamResponse:
        return await self._about(request, forms.RETURN, lambda scene: scene.give_back)

    async def _about(
        self,
        request: web.Request,
        wanted: Mapping[str, forms.Check],
        act: Callable[[Scene], Callable[[Parcel, Mapping[str, Any]], Answer]],
    ) -> web.StreamResponse:
        asked = await self._asked(request, wanted)
        if isinstance(asked, Answer):
            return shown(asked)
        found = self._found(request)
        if found is None:
            return shown(problem(404, "package_unknown"))
        scene, parcel = found
        answer = act(scene)(parcel, asked)
        if answer.revoke:
            self.entrance.good.discard(request.headers["Authorization"].removeprefix("Bearer "))
        return shown(answer)

    async def _event(self, request: web.Request) -> web.StreamResponse:
        asked = await self._asked(request, forms.EVENT)
        if isinstance(asked, Answer):
            return shown(asked)
        scene = next((each for each in self.scenes if each.case_no == asked["case_no"]), None)
        answer = scene.event(asked) if scene else problem(404, "case_unknown")
        if answer.lost and request.transport is not None:
            request.transport.abort()
        return shown(answer)

    async def _schema(self, _: web.Request) -> web.StreamResponse:
        # Whatever the kit sends is right by this one; the county's own say more.
        return shown(Answer(200, {"type": "object"}))

    async def _keys(self, _: web.Request) -> web.StreamResponse:
        return shown(Answer(200, {"keys": [self.signer.jwk()]}))

    async def _result(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        return shown(Answer(201, {"case_no": request.match_info["case_no"], "size": len(content)}))

    async def _material(self, request: web.Request) -> web.StreamResponse:
        found = self._found(request)
        wanted = _name(request)
        file = None if found is None else found[1].file(wanted)
        if found is None or file is None:
            return shown(problem(404, "material_unknown"))
        (scene, parcel), size = found, len(file)
        match = RANGE.fullmatch(request.headers.get("Range", ""))
        start = int(match[1]) if match else 0
        end = min(int(match[2]) + 1, size) if match and match[2] else size
        if start >= end:
            headers = {"Content-Range": f"bytes */{size}"}
            return shown(problem(416, "range_not_satisfiable", headers))
        sending = scene.material(parcel, wanted, (start, end))
        if isinstance(sending, Answer):
            return shown(sending)
        return await self._send(request, scene, parcel, sending, partial=match is not None)

    async def _send(
        self, request: web.Request, scene: Scene, parcel: Parcel, sending: Sending, *, partial: bool
    ) -> web.StreamResponse:
        await asyncio.sleep(sending.delay)
        if request.transport is None:
            scene.hung_up()
            return web.Response(status=499)
        size = len(sending.content)
        response = web.StreamResponse(status=206 if partial else 200)
        response.content_type = "image/jpeg"
        response.content_length = sending.end - sending.start
        response.headers.update(_digests(sending.content))
        if partial:
            span = f"bytes {sending.start}-{sending.end - 1}/{size}"
            response.headers["Content-Range"] = span
        await response.prepare(request)
        end = sending.end if sending.broken_at is None else sending.broken_at
        await response.write(sending.content[sending.start : end])
        parcel.arrived(_name(request), sending.start, end)
        if sending.broken_at is not None:
            # Closed, not aborted: what was written still arrives.
            request.transport.close()
            return response
        await response.write_eof()
        return response


def _name(request: web.Request) -> str:
    page = request.match_info.get("page")
    return request.match_info["material"] + (f"/pages/{page}" if page else "")


def _digests(content: bytes) -> dict[str, str]:
    digest = hashlib.sha256(content)
    named = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    return {"Accept-Ranges": "bytes", "ETag": f'"{digest.hexdigest()}"', "Repr-Digest": named}


def shown(answer: Answer) -> web.Response:
    kind = "application/json" if answer.status < 400 else "application/problem+json"
    return web.json_response(
        answer.body, status=answer.status, headers=dict(answer.headers), content_type=kind
    )
