"""Rules that an attacker found a way around."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import uuid4

from models.rules.reasons import DefectReason, Verdict
from models.rules.states import State
from services.actors import Citizen, Officer
from services.corrections import Point
from services.events import Decision
from services.verdicts import MaterialNotAsked
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.reviewing import refused
from tests.world import World
from uploads import messages

OPTIONAL = "M06"
ITEM12: dict[str, Any] = {
    "members": [{"name": "王建国", "id_number": "511499198803162013", "relation": "本人"}],
    "income_per_capita_fen": 30_000,
    "assets": "无",
    "hardship": "疾病",
    "payout_account": "6200000000000000000",
}


def test_the_child_that_opens_files_holds_nothing_of_the_server() -> None:
    """The server's loop hands its listening socket down; whoever has it can take requests."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        child = subprocess.Popen(
            [sys.executable, "-m", "uploads.child", str(600 * 2**20), "4"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[listener.fileno()],
        )
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            nothing = {"kind": "image/jpeg", "source": "/-", "working": "/-", "thumbnail": "/-"}
            messages.write(cast("BinaryIO", child.stdin), {"job": "picture", **nothing})
            assert messages.read(cast("BinaryIO", child.stdout)) == {
                "refused": "material_unreadable"
            }
            held = {str(fd.readlink()) for fd in Path(f"/proc/{child.pid}/fd").iterdir()}
            assert f"socket:[{os.fstat(listener.fileno()).st_ino}]" not in held
        finally:
            child.stdin.close()
            child.stdout.close()
            child.wait(10)


async def _upload(world: World, who: Citizen, filed: Filed, code: str) -> None:
    content = make.chunked(make.jpeg(f"{code} {uuid4()}"))
    await world.ctx.materials.upload(who, filed.case_id, code, content, file_name="a.jpg")


async def _reviewing(world: World, *more: str) -> tuple[Officer, Filed]:
    """Return a case of the item that has a material which nobody has to hand in."""
    make.FORMS.setdefault("ITEM12", ITEM12)
    who = await make.citizen(world)
    filed = await make.draft(world, who, "ITEM12")
    for code in more:
        await _upload(world, who, filed, code)
    await world.ctx.submissions.submit(who, filed.case_id, uuid4().hex)
    officer = await make.officer(world)
    await world.ctx.reviews.claim(officer, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(officer, filed.case_id, code, Verdict.PASS)
    return officer, filed


async def test_nobody_is_told_to_hand_in_what_is_voluntary(world: World) -> None:
    """有就交,没有可以不交: its absence is no defect (行政许可法32(四), 清单外材料禁收)."""
    officer, filed = await _reviewing(world)
    async with refused(world, MaterialNotAsked):
        await world.ctx.reviews.put_verdict(
            officer, filed.case_id, OPTIONAL, Verdict.FAIL, DefectReason.MISSING
        )
    assert (await world.ctx.reviews.accept(officer, filed.case_id)).state is State.ACCEPTED


async def test_a_voluntary_material_may_be_taken_back_in_a_correction(world: World) -> None:
    officer, filed = await _reviewing(world, OPTIONAL)
    reviews = world.ctx.reviews
    await reviews.put_verdict(officer, filed.case_id, OPTIONAL, Verdict.FAIL, DefectReason.BLURRED)
    point = Point(OPTIONAL, False, DefectReason.BLURRED, "请重新拍一张清楚的。")
    await reviews.issue_correction(officer, filed.case_id, [point], "")
    await world.ctx.materials.remove(filed.citizen, filed.case_id, OPTIONAL)
    receipt = await world.ctx.submissions.resubmit(filed.citizen, filed.case_id, uuid4().hex)
    assert receipt.state == "SUBMITTED"


async def _paying(world: World, filed: Filed) -> None:
    await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    assert [row["status"] for row in await world.rows("payment_orders")] == ["PAYING"]


async def test_withdrawing_closes_the_open_order_at_once(world: World) -> None:
    """T46: close open orders. Left to its next sweep it could be paid for up to an hour."""
    filed = await stages.reviewed(world, "ITEM11")
    await _paying(world, filed)
    await world.ctx.submissions.withdraw(filed.citizen, filed.case_id, uuid4().hex)
    await world.work()
    assert [row["status"] for row in await world.rows("payment_orders")] == ["CLOSED"]


async def test_a_rejection_closes_the_open_order_at_once(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM09")
    await _paying(world, filed)
    await stages.decided(world, filed, Decision.REJECTED)
    await world.work()
    assert [row["status"] for row in await world.rows("payment_orders")] == ["CLOSED"]
