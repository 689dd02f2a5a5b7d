"""What no citizen sees: the callback log, the parcels' next step, and faults on demand."""

import secrets
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from .answers import answer
from .callbacks import Callbacks
from .courier import push_form
from .credentials import Credentials
from .faults import Faults, read_fault
from .parcels import CannotAdvance, Parcels
from .phonerules import PhoneRefused, read_body
from .store import Store


@dataclass(frozen=True)
class Backstage:
    credentials: Credentials
    store: Store
    callbacks: Callbacks
    parcels: Parcels
    faults: Faults

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/phone/api/callbacks", self.list_callbacks),
            web.post("/phone/api/callbacks/{seq:[0-9]{1,15}}/redeliver", self.redeliver),
            web.get("/phone/api/parcels", self.list_parcels),
            web.post("/phone/api/parcels/{waybill}/advance", self.advance),
            web.get("/phone/api/faults", self.list_faults),
            web.post("/phone/api/faults", self.add_fault),
            web.delete("/phone/api/faults", self.clear_faults),
        ]

    async def list_callbacks(self, request: web.Request) -> web.Response:
        return answer({"items": self.callbacks.log()})

    async def redeliver(self, request: web.Request) -> web.Response:
        copy = self.callbacks.redeliver(int(request.match_info["seq"]))
        if copy is None:
            raise PhoneRefused(404, "没有这条回调")
        return answer({"seq": copy})

    async def list_parcels(self, request: web.Request) -> web.Response:
        return answer({"items": self.parcels.all()})

    async def advance(self, request: web.Request) -> web.Response:
        waybill = request.match_info["waybill"]
        state = (await read_body(request)).get("state")
        try:
            reached = self._step(waybill, None if state is None else str(state))
        except CannotAdvance as refused:
            raise PhoneRefused(409, str(refused)) from refused
        self.callbacks.wake()
        return answer({"waybill": waybill, "state": reached})

    async def list_faults(self, request: web.Request) -> web.Response:
        return answer({"items": self.faults.all()})

    async def add_fault(self, request: web.Request) -> web.Response:
        try:
            fault = read_fault(await read_body(request))
        except ValueError as error:
            raise PhoneRefused(400, str(error)) from error
        return answer({"id": self.faults.add(fault)})

    async def clear_faults(self, request: web.Request) -> web.Response:
        self.faults.clear()
        return web.Response(status=204)

    def _step(self, waybill: str, state: str | None) -> str:
        """Record the step and its push together: neither is ever without the other."""
        with self.store.transaction():
            step = self.parcels.advance(waybill, state)
            track = self.parcels.track(waybill)
            if step is None or track is None:
                raise PhoneRefused(404, "没有这个快件")
            reached, push_url = step
            form = urlencode(push_form(track, self.credentials.courier_salt)).encode()
            self.callbacks.add(f"wxsandbox{secrets.token_hex(13)}", "courier", push_url, form)
        return reached
