"""Ten thousand mutated callbacks: nothing changes, nothing breaks, nobody else is asked."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock
from uuid import uuid4

import aiohttp
import pytest
from structlog.testing import capture_logs

from integrations.sandbox.paysign import PaySigner
from models.payment import PaymentOrder, Refund
from tests import make
from tests.api import mutating
from tests.api.mutating import NOT_TEXTS, Mutant, whole
from tests.databases import TABLES
from tests.services import refunding, stages
from tests.services.channel import Callback
from tests.services.refunding import RefundPen
from tests.world import World

SEED = 20260302
NUMBER = 10_000
CONNECTIONS = 8
# What an authentic callback may leave although it changes nothing: that it came, and that
# somebody should look at it.
LOGS = {"payment_events", "refund_events", "monitor_alerts"}


@dataclass(frozen=True)
class Scene:
    """An order that waits for its payment, and a refund that waits for its end."""

    world: World
    pen: RefundPen
    order: PaymentOrder
    refund: Refund
    refunded: PaymentOrder

    def payment(self, **changes: Any) -> Callback:
        return self.pen.callback(self.pen.trade(self.order, **changes))

    def back(self, **changes: Any) -> Callback:
        changes = {"refund_id": self.refund.channel_refund_id, **changes}
        return self.pen.refund_callback(self.pen.refund(self.refund, self.refunded, **changes))

    def resource(self, callback: Callback, **changes: Any) -> Callback:
        """Return a callback, signed anew, with some fields of its envelope changed."""
        said = json.loads(callback.body)
        inner = {name: changes.pop(name) for name in list(changes) if name in said["resource"]}
        said = {**said, **changes, "resource": {**said["resource"], **inner}}
        return self.pen.signed(json.dumps(said).encode())


@pytest.fixture
async def scene(world: World) -> Scene:
    rejected = await refunding.rejected(world)
    await refunding.send(world)
    [refund] = await Refund.filter(case_id=rejected.case_id)
    filed = await stages.owing(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    refunded = await PaymentOrder.get(id=refund.order_id)
    return Scene(world, RefundPen(world), payable.order, refund, refunded)


async def test_ten_thousand_mutants_change_nothing(scene: Scene) -> None:
    genuine = [scene.payment(), scene.back()]
    others = [scene.payment(), scene.back()]
    bases = [whole("payment", genuine[0]), whole("refund", genuine[1])]
    signed = [whole(f"signed {n}", each) for n, each in enumerate(authentic(scene))]
    mutants = mutating.some(mutating.forged(bases, others, SEED), NUMBER - len(signed))
    before = await standing(scene.world)
    with capture_logs() as logs, outbound_calls() as calls:
        forged = await post(scene.world, mutants)
        proven = await post(scene.world, signed)
    assert len(forged) + len(proven) == NUMBER
    assert {name: status for name, status in forged.items() if not 400 <= status <= 499} == {}
    assert {name: status for name, status in proven.items() if status not in (204, 401)} == {}
    assert set(proven.values()) == {204, 401}, "some are for others, some are nonsense"
    assert await standing(scene.world) == before
    assert calls == []
    assert [log for log in logs if log["event"] == "request.crashed"] == []
    await _still_counts(scene, genuine)


async def _still_counts(scene: Scene, genuine: list[Callback]) -> None:
    """What all of them were made from is as good as ever."""
    for callback in genuine:
        assert await scene.pen.deliver(callback) == 204
    assert (await PaymentOrder.get(id=scene.order.id)).status == "PAID"
    assert (await Refund.get(id=scene.refund.id)).status == "PAID"


def authentic(scene: Scene) -> Iterator[Callback]:
    """Yield what the platform did sign, for somebody else or without a meaning for us."""
    for age in (301, 302, 3_600, 86_400, -301, -3_600, 366 * 86_400):
        yield scene.pen.callback(scene.pen.trade(scene.order), age=age)
    yield from payments_of_others(scene)
    yield from refunds_of_others(scene)
    for callback in (scene.payment(), scene.back()):
        yield from envelopes(scene, callback)
    for body in mutating.JSONS:
        if len(body) < 65_000:
            yield scene.pen.signed(body)


def payments_of_others(scene: Scene) -> Iterator[Callback]:
    fen = scene.order.amount_fen
    for total in (
        0,
        1,
        fen - 1,
        fen + 1,
        fen * 100,
        fen // 100,
        2**31,
        2**63,
        -fen,
        str(fen),
        None,
    ):
        yield scene.payment(amount={"total": total, "currency": "CNY"})
    for currency in ("JPY", "USD", "cny", "", None, "CNY "):
        yield scene.payment(amount={"total": fen, "currency": currency})
    for name in ("mchid", "appid", "out_trade_no"):
        for value in (
            "1900000109",
            "wx8888888888888888",
            "",
            None,
            "x" * 5_000,
            "a\x00b",
            "\ud800",
        ):
            yield scene.payment(**{name: value})
    for number in (scene.order.number[:-1], f"{scene.order.number}0", scene.order.number + " "):
        yield scene.payment(out_trade_no=number)
    # Another order of ours, which was paid already: in its own amount, then in this one's.
    for paid in (scene.refunded.amount_fen, fen):
        amount = {"total": paid, "currency": "CNY"}
        yield scene.payment(
            out_trade_no=scene.refunded.number, amount=amount, payer={"openid": "x"}
        )
    for openid in (make.LI, "", None, make.WANG.upper(), make.WANG + "0", "o" * 500):
        yield scene.payment(payer={"openid": openid})
    yield scene.payment(payer=None)
    for held in (scene.refunded.transaction_id, "", None, "\x00", 7):
        yield scene.payment(transaction_id=held)
    for state in ("NOTPAY", "USERPAYING", "PAYERROR", "PAID", "success", "", None, 1, ["SUCCESS"]):
        yield scene.payment(trade_state=state)
    for moment in ("", None, "yesterday", "0000-01-01T00:00:00+08:00", 1_772_413_800):
        yield scene.payment(success_time=moment)


def refunds_of_others(scene: Scene) -> Iterator[Callback]:
    back, total = scene.refund.amount_fen, scene.refunded.amount_fen
    for said in (back - 1, back + 1, 0, -back, str(back), None, 2**63):
        yield scene.back(amount={"refund": said, "total": total})
        yield scene.back(amount={"refund": back, "total": said})
    yield scene.back(amount={"refund": back, "total": total, "currency": "JPY"})
    for name in ("mchid", "out_trade_no", "out_refund_no", "transaction_id"):
        for value in ("1900000109", "", "x" * 5_000, "a\x00b", "\ud800", 7, None):
            yield scene.back(**{name: value})
    yield scene.back(out_trade_no=scene.order.number)
    for state in ("PROCESSING", "REFUND", "", None, 1):
        yield scene.back(refund_status=state)


def envelopes(scene: Scene, callback: Callback) -> Iterator[Callback]:
    """Yield what holds a right content in a wrong envelope."""
    kinds = (
        "TRANSACTION.SUCCESS",
        "REFUND.SUCCESS",
        "REFUND.CLOSED",
        "TRANSACTION.ODD",
        "",
        None,
        7,
    )
    own = json.loads(callback.body)["event_type"]
    for kind in (each for each in kinds if each != own):
        yield scene.resource(callback, event_type=kind)
    for algorithm in ("AEAD_AES_128_GCM", "AEAD_SM4_GCM", "AES_256_ECB", "none", "", None):
        yield scene.resource(callback, algorithm=algorithm)
    for name in ("original_type", "associated_data", "nonce", "ciphertext"):
        for value in (*NOT_TEXTS, "AAAA", "other", "\x00" * 12, "A" * 20_000):
            yield scene.resource(callback, **{name: value})
    sealed = json.loads(callback.body)["resource"]["ciphertext"]
    for place in range(0, len(sealed), 8):
        letter = "B" if sealed[place] == "A" else "A"
        yield scene.resource(callback, ciphertext=sealed[:place] + letter + sealed[place + 1 :])
    for number in NOT_TEXTS:
        yield scene.resource(callback, id=number)
    stranger = replace(scene.pen.credentials, apiv3_key="0" * 32)
    other = PaySigner.of(stranger, lambda: 0.0)
    plain = json.dumps(scene.pen.trade(scene.order)).encode()
    yield scene.resource(callback, **other.seal(plain, "transaction"))


async def standing(world: World) -> dict[str, str]:
    """Return a digest of every table that has rows, but for the logs of what was heard."""
    found = {row["relname"] for row in await world.database.fetch(TABLES)} - LOGS
    query = """SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM "{}" t"""
    return {name: str(await world.database.fetchval(query.format(name))) for name in sorted(found)}


@contextmanager
def outbound_calls() -> Iterator[list[str]]:
    """Collect what is asked of other systems meanwhile: everything goes out by this client."""
    seen: list[str] = []
    original = aiohttp.ClientSession._request

    async def spy(self: Any, method: str, url: Any, **more: Any) -> Any:
        seen.append(f"{method} {url}")
        return await original(self, method, url, **more)

    # The client is not ours: this is the wire, not a module of ours.
    with mock.patch.object(aiohttp.ClientSession, "_request", spy):
        yield seen


async def post(world: World, mutants: Iterable[Mutant]) -> dict[str, int]:
    """Post each in turn over a few connections; return the statuses by unique name."""
    waiting, statuses = iter(mutants), dict[str, int]()

    async def talk() -> None:
        line = None
        for mutant in waiting:
            line = line or await asyncio.open_connection("127.0.0.1", world.settings.port)
            async with asyncio.timeout(60):
                status, kept = await _exchange(*line, mutant)
            statuses[f"{mutant.name} #{len(statuses)}"] = status
            if not kept:
                line[1].close()
                line = None
        if line is not None:
            line[1].close()

    await asyncio.gather(*(talk() for _ in range(CONNECTIONS)))
    return statuses


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mutant: Mutant
) -> tuple[int, bool]:
    """Return the status, and whether the connection goes on."""
    writer.write(mutant.wire())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = head.partition("content-length: ")[2].partition("\r\n")[0]
    await reader.readexactly(int(length or 0))
    return int(head[9:12]), "connection: close" not in head
