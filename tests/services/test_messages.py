"""Messages: one per occasion, within WeChat's rules, by text message where WeChat may not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from models.account import WechatIdentity
from models.case import Case, CaseEvent
from models.rules.events import Event
from services.actors import Citizen
from services.errors import OutsideUnavailable
from services.messages import Messages, data_of
from services.ports import Sent
from tests import make
from tests.make import WANG, Filed
from tests.services import reviewing
from tests.world import World


@dataclass
class Sender:
    """A port of both kinds that answers what it is told to, and keeps what it was given."""

    answer: Sent | Exception = Sent.SENT
    sent: list[tuple[Any, ...]] = field(default_factory=list)

    async def send(
        self,
        to: str,
        template: str,
        data: Mapping[str, str],
        page: str = "",
        *,
        once: str | None = None,
    ) -> Sent:
        self.sent.append((to, template, dict(data), page))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def messages(world: World, wechat: Sender, sms: Sender) -> Messages:
    made = world.parts.adapters
    templates = {"case_action": "T-action", "case_progress": "T-progress"}
    return Messages(made.clock, made.crypto, wechat, sms, templates)


async def corrected(world: World, who: Citizen) -> Filed:
    """Return a case with a correction notice: its job ``case.tell`` waits."""
    filed = await make.claimed(world, who)
    await reviewing.judge(world, filed, filed.codes[0])
    await reviewing.notify(world, filed, [reviewing.material(filed.codes[0])])
    return filed


async def payload_of(world: World) -> dict[str, Any]:
    [payload] = [payload for name, payload in await world.jobs() if name == "case.tell"]
    return payload


async def give_phone(world: World, who: Citizen) -> None:
    answer = await world.phone.post(f"/citizens/{WANG}/phone-code", json={})
    await world.ctx.accounts.set_phone(who, answer.json["code"])


async def subscribe(world: World) -> None:
    template = world.settings.wechat_template_action
    body = {"template_id": template, "times": 2}
    answer = await world.phone.post(f"/citizens/{WANG}/subscriptions", json=body)
    assert answer.status == 200


async def outbox(world: World) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await world.phone.get("/outbox")).json["items"]
    return items


async def test_a_correction_reaches_the_phone_once(world: World) -> None:
    who = await make.citizen(world)
    await subscribe(world)
    filed = await corrected(world, who)
    payload = await payload_of(world)
    await world.work()
    [message] = await outbox(world)
    case = await filed.case()
    assert (message["channel"], message["to"]) == ("subscribe", WANG)
    assert message["template"] == world.settings.wechat_template_action
    assert message["page"] == f"pages/progress/progress?case={filed.case_id}"
    assert message["data"] == {
        "thing1": "占用、挖掘城市道路审批(挖掘)",
        "thing2": "材料需要补正,请查看清单",
        "character_string3": case.query_code,
        "time4": "2026年03月02日 09:10",
    }
    [row] = await world.rows("messages")
    assert (row["status"], row["channel"], row["sent_at"]) == ("SENT", "WECHAT", world.clock.at)
    await world.parts.handlers["case.tell"](payload)
    assert await outbox(world) == [message]
    assert await world.rows("messages") == [row]


async def test_who_did_not_subscribe_gets_a_text_message(world: World) -> None:
    who = await make.citizen(world)
    await give_phone(world, who)
    await corrected(world, who)
    await world.work()
    [message] = await outbox(world)
    assert (message["channel"], message["to"], message["template"]) == (
        "sms",
        "13800000001",
        "case_action",
    )
    assert message["data"]["thing2"] == "材料需要补正,请查看清单"
    [row] = await world.rows("messages")
    assert (row["status"], row["channel"]) == ("SENT", "SMS")


async def test_who_cannot_be_reached_is_recorded_as_such(world: World) -> None:
    await corrected(world, await make.citizen(world))
    await world.work()
    assert await outbox(world) == []
    [row] = await world.rows("messages")
    assert (row["status"], row["channel"]) == ("NOT_SUBSCRIBED", None)


async def test_an_account_without_wechat_gets_a_text_message(world: World) -> None:
    who = await make.citizen(world)
    await give_phone(world, who)
    await corrected(world, who)
    await WechatIdentity.filter(account_id=who.account_id).delete()
    wechat, sms = Sender(), Sender()
    await messages(world, wechat, sms).tell(await payload_of(world))
    assert wechat.sent == []
    assert [to for to, *_ in sms.sent] == ["+8613800000001"]


async def test_an_outage_is_tried_again_until_it_is_over(world: World) -> None:
    who = await make.citizen(world)
    await corrected(world, who)
    payload = await payload_of(world)
    wechat, sms = Sender(OutsideUnavailable()), Sender()
    telling = messages(world, wechat, sms)
    with pytest.raises(OutsideUnavailable):
        await telling.tell(payload)
    [row] = await world.rows("messages")
    assert (row["status"], row["channel"], row["sent_at"]) == ("PENDING", None, None)
    wechat.answer = Sent.SENT
    await telling.tell(payload)
    await telling.tell(payload)
    assert len(wechat.sent) == 2
    assert [row["status"] for row in await world.rows("messages")] == ["SENT"]
    assert sms.sent == []


async def test_a_refused_message_is_not_sent_again(world: World) -> None:
    who = await make.citizen(world)
    await give_phone(world, who)
    await corrected(world, who)
    wechat, sms = Sender(Sent.REFUSED), Sender()
    telling = messages(world, wechat, sms)
    for _ in range(2):
        await telling.tell(await payload_of(world))
    assert (len(wechat.sent), sms.sent) == (1, [])
    [row] = await world.rows("messages")
    assert (row["status"], row["channel"]) == ("REFUSED", "WECHAT")


async def test_the_newest_wechat_identity_is_told(world: World) -> None:
    who = await make.citizen(world)
    await corrected(world, who)
    await WechatIdentity.create(
        appid="wx-newer", openid="newer", account_id=who.account_id, created_at=datetime.now(UTC)
    )
    wechat = Sender()
    await messages(world, wechat, Sender()).tell(await payload_of(world))
    assert [(to, template) for to, template, *_ in wechat.sent] == [("newer", "T-action")]


@pytest.mark.parametrize("seq", [1, 99])
async def test_no_occasion_no_message(world: World, seq: int) -> None:
    filed = await make.submitted(world, await make.citizen(world))
    wechat, sms = Sender(), Sender()
    await messages(world, wechat, sms).tell({"case_id": str(filed.case_id), "seq": seq})
    assert (wechat.sent, sms.sent, await world.rows("messages")) == ([], [], [])


def test_fields_keep_to_the_limits_of_their_kinds() -> None:
    event = CaseEvent(event=Event.ACCEPT.value, at=datetime(2026, 12, 31, 16, 5, tzinfo=UTC))
    case = Case(id=UUID(int=1), case_no="A" * 43, query_code="2345678924")
    data = data_of(case, "长" * 50, "话" * 30, event.at)
    assert data == {
        "thing1": "长" * 20,
        "thing2": "话" * 20,
        "character_string3": "2345678924",
        "time4": "2027年01月01日 00:05",
    }
    case.case_no = "B" * 32
    assert data_of(case, "短", "话", event.at)["character_string3"] == "B" * 32
