"""``zhangban payments``: what an operator reads, and how it ends."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from commands import payments
from settings import Settings
from tests.conftest import Servers
from tests.services import stages
from tests.services.reckoned import FEE, Day
from tests.world import World, make_settings


class Console:
    """The command over the world of a test, and what it prints."""

    def __init__(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        self.world = world
        self.capsys = capsys

    async def run(self, *words: str) -> tuple[int, list[str]]:
        self.capsys.readouterr()
        read = payments.parser().parse_args(words)
        status = await payments.ACTS[read.act](self.world.parts, read)
        said = self.capsys.readouterr().out
        lines = [line for line in said.splitlines() if "[info" not in line]
        return status, [line for line in lines if "[warning" not in line]


@pytest.fixture
def console(world: World, capsys: pytest.CaptureFixture[str]) -> Console:
    return Console(world, capsys)


async def test_a_day_is_reconciled_and_resolved(world: World, console: Console) -> None:
    day = await Day.begin(world)
    await day.paid()
    day.channel.paid("20260302stranger0000", 7, day.at)
    day.end()
    status, said = await console.run("reconcile")
    assert status == 1
    assert said[0] == (
        "2026-03-02 WECHAT DONE: 2 payment(s) of ¥80.07, 0 refund(s) of ¥0.00;"
        " 1 new difference(s), 0 mended, 1 open"
    )
    key = "PAID_THERE_UNKNOWN:20260302stranger0000"
    assert said[1].startswith(f"OPEN RED {key} (2026-03-02) there_fen=7 transaction_id=")
    assert said[2].startswith("  渠道账单里有一笔收款")
    assert said[3] == "1 open difference(s)"
    assert (await console.run("differences", "--day", "2026-03-02"))[0] == 1
    assert await console.run("differences", "--day", "2026-03-01") == (0, ["ok"])
    resolved = await console.run("resolve", key, "--why", "别的系统的收款")
    assert resolved == (0, [f"resolved {key}"])
    assert await console.run("differences") == (0, ["ok"])
    status, said = await console.run("differences", "--all")
    assert (status, said[-1]) == (0, "ok")
    assert said[0].startswith(f"RESOLVED RED {key}")
    assert said[0].endswith("by SYSTEM: 别的系统的收款")
    status, said = await console.run("reconcile", "--day", "2026-03-02")
    assert (status, said[-1]) == (0, "ok")


async def test_a_bill_that_is_not_there_is_said(world: World, console: Console) -> None:
    day = await Day.begin(world)
    await day.order((await day.case())[1], there=False)
    day.end()
    status, said = await console.run("reconcile")
    assert status == 1
    assert said[0].startswith("2026-03-02 WECHAT WAITING: 0 payment(s)")
    assert said[1] == "FAULT the bill was not used and nothing changed; run it again later"
    assert await world.rows("payment_differences") == []


async def test_an_order_is_asked_for_and_shown_whole(world: World, console: Console) -> None:
    filed = await stages.owing(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    number = payable.order.number
    await stages.pay(world, payable)
    status, said = await console.run("show", number)
    assert status == 0
    assert said[0].startswith(f"{number} PAYING ¥3750.00 ")
    assert said[1:] == ["fee: open"]
    status, said = await console.run("ask", number)
    assert status == 0
    assert said[0].startswith(f"{number} PAID ¥3750.00 ")
    assert said[1].startswith("fee: settled 2026-03-02 09:")
    assert "QUERY said PAID ¥3750.00" in said[2]
    assert said[2].endswith("-> SETTLED")
    assert (await filed.case()).payment_status == "PAID"


async def test_refunds_and_differences_stand_with_their_order(
    world: World, console: Console
) -> None:
    day = await Day.begin(world)
    order = await day.paid()
    refund = await day.refund(order, there=False)
    day.end()
    await world.parts.reckoning.reconciliation.run()
    status, said = await console.run("show", order.number)
    assert status == 0
    assert said[2] == f"refund {refund.number} PAID ¥{FEE // 100}.00 WITHDRAWN"
    assert said[3].startswith(f"OPEN RED REFUND_HERE_ONLY:{refund.number}")


def test_an_order_that_is_nobodys_is_a_fault(
    servers: Servers, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_settings(servers.folder, database, servers.valkey.url(), "http://127.0.0.1:1", 1)
    settings: Settings = made.model_copy(update={"data_dir": tmp_path})
    for act in ("show", "ask"):
        assert asyncio.run(payments.payments(settings, (act, "nobody"))) == 1
        assert "FAULT order_unknown: " in capsys.readouterr().out
    words = ("resolve", "PAID_HERE_ONLY:x", "--why", "理由")
    assert asyncio.run(payments.payments(settings, words)) == 1
    assert "FAULT difference_unknown: " in capsys.readouterr().out
