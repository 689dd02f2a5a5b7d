"""Messages (订阅消息, 短信): recorded first, then sent, then their outcome recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from models.account import Account, WechatIdentity
from models.case import Case, CaseEvent, ClockInstance
from models.message import Message
from models.rules.calendar import SHANGHAI
from models.rules.clock_table import ClockName
from models.rules.events import Event
from models.rules.privacy import Purpose
from models.unit import transaction
from services import consents
from services.moved import TELL_MOVED
from services.occasions import MOVED, OCCASIONS, moved_words
from services.ports import Clock, Crypto, Sent, Sms, WechatMessages
from services.reminders import REMIND, WORDS
from services.transitions import TELL

PENDING = "PENDING"
# What WeChat takes: thing 20 characters, character_string 32, letters and digits only.
THING = 20
CHARACTER_STRING = 32


@dataclass(frozen=True)
class Messages:
    """``templates`` gives WeChat's template id for each template name of ``OCCASIONS``."""

    clock: Clock
    crypto: Crypto
    wechat: WechatMessages
    sms: Sms
    templates: Mapping[str, str]

    async def tell(self, payload: Mapping[str, Any]) -> None:
        """Tell the applicant of one step of their case (job ``case.tell``: case_id, seq).

        A repeated job sends nothing once an outcome is known. Raises ``OutsideUnavailable`` to be
        tried again.
        """
        await self._deliver(await self._record(UUID(payload["case_id"]), payload["seq"]))

    async def remind(self, payload: Mapping[str, Any]) -> None:
        """Remind the applicant of a limit of theirs (job ``case.remind``: case_id, clock_id, ...).

        Nothing is sent when the clock has stopped, rests or ends at another time since. Raises
        like ``tell``.
        """
        await self._deliver(await self._record_reminder(payload))

    async def deliver(self, payload: Mapping[str, Any]) -> None:
        """Send what a use-case has recorded (job ``message.deliver``: key); see ``tell``."""
        await self._deliver(await Message.get_or_none(key=payload["key"]))

    async def tell_moved(self, payload: Mapping[str, Any]) -> None:
        """Tell the applicant that they have longer (job ``case.tell_moved``: clock_id, version).

        A clock that has ended or moved again meanwhile is not told of. Repeated and raising like
        ``tell``.
        """
        await self._deliver(
            await self._record_moved(UUID(payload["clock_id"]), str(payload["version"]))
        )

    async def _deliver(self, message: Message | None) -> None:
        if message is None or message.status != PENDING:
            return
        sent, channel = await self._send(message)
        await Message.filter(id=message.id, status=PENDING).update(
            status=sent.value, channel=channel, sent_at=self.clock.now()
        )

    @transaction
    async def _record(self, case_id: UUID, seq: int) -> Message | None:
        case = await Case.filter(id=case_id).select_for_update().first()
        event = await CaseEvent.get_or_none(case_id=case_id, seq=seq)
        if case is None or event is None or Event(event.event) not in OCCASIONS:
            return None
        key = f"{TELL}:{case_id}:{seq}"
        known = await Message.get_or_none(key=key)
        if known is not None:
            return known
        template, words = OCCASIONS[Event(event.event)]
        await case.fetch_related("item")
        return await Message.create(
            case_id=case_id,
            key=key,
            template=template,
            data=data_of(case, case.item.name, words, event.at),
            created_at=self.clock.now(),
        )

    @transaction
    async def _record_reminder(self, payload: Mapping[str, Any]) -> Message | None:
        case = await Case.filter(id=UUID(payload["case_id"])).select_for_update().get()
        clock = await ClockInstance.get(id=UUID(payload["clock_id"]))
        if clock.stopped_at or clock.paused_at or clock.due_at.isoformat() != payload["due_at"]:
            return None
        key = f"{REMIND}:{clock.id}:{payload['at']}"
        known = await Message.get_or_none(key=key)
        if known is not None:
            return known
        await case.fetch_related("item")
        # 24:00 of a day is 0:00 of the next, which nobody takes for the same day.
        until = clock.due_at - timedelta(minutes=1)
        return await Message.create(
            case_id=case.id,
            key=key,
            template="case_action",
            data=data_of(case, case.item.name, WORDS[ClockName(clock.name)], until),
            created_at=self.clock.now(),
        )

    @transaction
    async def _record_moved(self, clock_id: UUID, version: str) -> Message | None:
        clock = await ClockInstance.get_or_none(
            id=clock_id, stopped_at=None, calendar_version=version
        )
        if clock is None:
            return None
        case = await Case.filter(id=clock.case_id).select_for_update().get()
        key = f"{TELL_MOVED}:{clock_id}:{version}"
        known = await Message.get_or_none(key=key)
        if known is not None:
            return known
        await case.fetch_related("item")
        now = self.clock.now()
        return await Message.create(
            case_id=case.id,
            key=key,
            template=MOVED,
            data=data_of(case, case.item.name, moved_words(clock.name, clock.due_at), now),
            created_at=now,
        )

    async def _send(self, message: Message) -> tuple[Sent, str | None]:
        account = await Account.get(cases__id=message.case_id)
        identity = (
            await WechatIdentity.filter(account_id=account.id)
            .order_by("-created_at", "-id")
            .first()
        )
        sent = Sent.NOT_SUBSCRIBED
        if identity is not None and await consents.has(account.id, Purpose.MESSAGES):
            page = f"pages/progress/progress?case={message.case_id}"
            template = self.templates[message.template]
            sent = await self.wechat.send(identity.openid, template, message.data, page)
        if sent is not Sent.NOT_SUBSCRIBED:
            return sent, "WECHAT"
        if account.phone_sealed is None:
            return sent, None
        phone = self.crypto.open(account.phone_sealed, "account.phone").decode()
        return await self.sms.send(phone, message.template, message.data), "SMS"


def data_of(case: Case, item_name: str, words: str, moment: datetime) -> dict[str, str]:
    """Return the fields of the subscribe-message templates, within WeChat's limits.

    A 办件编号 has 43 to 45 characters, more than a field holds: the query code stands for it.
    """
    number = case.case_no or ""
    if not 0 < len(number) <= CHARACTER_STRING:
        number = case.query_code or "-"
    at = moment.astimezone(SHANGHAI)
    return {
        "thing1": item_name[:THING],
        "thing2": words[:THING],
        "character_string3": number,
        "time4": f"{at:%Y年%m月%d日 %H:%M}",
    }
