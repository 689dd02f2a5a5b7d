"""Messages (订阅消息, 短信): recorded first, then sent, then their outcome recorded."""

from collections.abc import Mapping, Sequence
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
from models.rules.ways import Way
from models.unit import transaction
from services import consents
from services.access import receivers
from services.errors import OutsideUnavailable
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
        await self._deliver_all(await self._record(UUID(payload["case_id"]), payload["seq"]))

    async def remind(self, payload: Mapping[str, Any]) -> None:
        """Remind the applicant of a limit of theirs (job ``case.remind``: case_id, clock_id, ...).

        Nothing is sent when the clock has stopped, rests or ends at another time since. Raises
        like ``tell``.
        """
        await self._deliver_all(await self._record_reminder(payload))

    async def deliver(self, payload: Mapping[str, Any]) -> None:
        """Send what a use-case has recorded (job ``message.deliver``: key); see ``tell``."""
        await self._deliver_all(await Message.filter(key=payload["key"]))

    async def tell_moved(self, payload: Mapping[str, Any]) -> None:
        """Tell the applicant that they have longer (job ``case.tell_moved``: clock_id, version).

        A clock that has ended or moved again meanwhile is not told of. Repeated and raising like
        ``tell``.
        """
        await self._deliver_all(
            await self._record_moved(UUID(payload["clock_id"]), str(payload["version"]))
        )

    async def _deliver_all(self, messages: Sequence[Message]) -> None:
        """Send to each; whom nothing reached now is tried again, and the others not twice."""
        failed: OutsideUnavailable | None = None
        for message in messages:
            try:
                await self._deliver(message)
            except OutsideUnavailable as error:
                failed = error
        if failed is not None:
            raise failed

    async def _deliver(self, message: Message) -> None:
        if message.status != PENDING:
            return
        sent, channel = await self._send(message)
        await Message.filter(id=message.id, status=PENDING).update(
            status=sent.value, channel=channel, sent_at=self.clock.now()
        )

    async def _keep(
        self, case: Case, key: str, template: str, data: dict[str, str]
    ) -> list[Message]:
        """Return the messages of an occasion, recorded now or before: one for each who hears."""
        kept = []
        for account_id in (None, *await receivers(case.id, self.clock.now())):
            own = key if account_id is None else f"{key}:{account_id}"
            known = await Message.get_or_none(key=own)
            kept.append(
                known
                or await Message.create(
                    case_id=case.id,
                    account_id=account_id,
                    key=own,
                    template=template,
                    data=data,
                    created_at=self.clock.now(),
                )
            )
        return kept

    @transaction
    async def _record(self, case_id: UUID, seq: int) -> list[Message]:
        case = await Case.filter(id=case_id).select_for_update().first()
        event = await CaseEvent.get_or_none(case_id=case_id, seq=seq)
        if case is None or event is None or Event(event.event) not in OCCASIONS:
            return []
        template, words = OCCASIONS[Event(event.event)]
        await case.fetch_related("item")
        data = data_of(case, case.item.name, words, event.at)
        return await self._keep(case, f"{TELL}:{case_id}:{seq}", template, data)

    @transaction
    async def _record_reminder(self, payload: Mapping[str, Any]) -> list[Message]:
        case = await Case.filter(id=UUID(payload["case_id"])).select_for_update().get()
        clock = await ClockInstance.get(id=UUID(payload["clock_id"]))
        if clock.stopped_at or clock.paused_at or clock.due_at.isoformat() != payload["due_at"]:
            return []
        await case.fetch_related("item")
        # 24:00 of a day is 0:00 of the next, which nobody takes for the same day.
        until = clock.due_at - timedelta(minutes=1)
        data = data_of(case, case.item.name, WORDS[ClockName(clock.name)], until)
        return await self._keep(case, f"{REMIND}:{clock.id}:{payload['at']}", "case_action", data)

    @transaction
    async def _record_moved(self, clock_id: UUID, version: str) -> list[Message]:
        clock = await ClockInstance.get_or_none(
            id=clock_id, stopped_at=None, calendar_version=version
        )
        if clock is None:
            return []
        case = await Case.filter(id=clock.case_id).select_for_update().get()
        await case.fetch_related("item")
        words = moved_words(clock.name, clock.due_at)
        data = data_of(case, case.item.name, words, self.clock.now())
        return await self._keep(case, f"{TELL_MOVED}:{clock_id}:{version}", MOVED, data)

    async def _send(self, message: Message) -> tuple[Sent, str | None]:
        account = await _addressee(message)
        identity = (
            await WechatIdentity.filter(account_id=account.id, app=Way.WECHAT_MINI.app)
            .order_by("-created_at", "-id")
            .first()
        )
        sent = Sent.NOT_SUBSCRIBED
        if identity is not None and await consents.has(account.id, Purpose.MESSAGES):
            page = f"pages/progress/progress?case={message.case_id}"
            if message.case_id is None:
                page = "pages/items/items"
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
    return words_of(item_name, words, moment, number)


def words_of(subject: str, words: str, moment: datetime, number: str = "-") -> dict[str, str]:
    """Return the fields of a message about something, within WeChat's limits."""
    at = moment.astimezone(SHANGHAI)
    return {
        "thing1": subject[:THING],
        "thing2": words[:THING],
        "character_string3": number,
        "time4": f"{at:%Y年%m月%d日 %H:%M}",
    }


async def _addressee(message: Message) -> Account:
    if message.account_id is not None:
        return await Account.get(id=message.account_id)
    return await Account.get(cases__id=message.case_id)
