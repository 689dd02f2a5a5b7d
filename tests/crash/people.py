"""Citizens and clerks: each case on its way, every request sent until it is answered."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import uuid4

from benchmarks.papers import pdf
from tests.crash.cast import Draft
from tests.crash.history import History
from tests.crash.wire import Client, GaveUp, Reply

MATERIALS = ("M02", "M03", "M04", "M05", "M06")
UPLOADED = "M05"
PAPER_BYTES = 3_000
# Of ten callbacks two are never sent: whoever waits for one waits for the sweep, or asks.
UNDELIVERED = 0.2
MOST_COPIES = 14
POLL_SECONDS = 0.5
# Nobody looks every second for a minute; looking is not what is played here.
POLL_GROWTH, LONGEST_POLL_SECONDS = 1.6, 5.0


@dataclass
class Citizens:
    """Everybody who files, at most ``at_once`` cases at a time."""

    client: Client
    phone: Client
    history: History
    clerks: "Clerks"
    at_once: int
    finished: int = 0

    async def file_all(self, drafts: Sequence[Draft]) -> None:
        """Take every case to its end; return when all are there or the run is over."""
        waiting = iter(drafts)

        async def next_ones() -> None:
            for draft in waiting:
                try:
                    await self._one(draft)
                except GaveUp:
                    return
                self.finished += 1

        await asyncio.gather(*(next_ones() for _ in range(self.at_once)))

    async def _one(self, draft: Draft) -> None:
        who = replace(self.client, token=draft.token)
        case = str(draft.case_id)
        path = f"/v1/cases/{case}"
        paper = pdf(PAPER_BYTES) + b"\n%" + case.encode()
        headers = {"Content-Type": "application/pdf", "X-File-Name": "plan.pdf"}
        reply = await who.until("PUT", f"{path}/materials/{UPLOADED}", paper, headers)
        self._note("uploaded", case, reply, sha256=sha256(paper).hexdigest())
        key = {"Idempotency-Key": uuid4().hex}
        reply = await who.until("POST", f"{path}/submit", {"another": True}, key)
        receipt = reply.json if reply.ok else {}
        self._note("submitted", case, reply, case_no=receipt.get("case_no"))
        await self.clerks.accept(case)
        await self._until_state(who, path, "AWAIT_PAYMENT")
        await self._pay(who, draft, path)
        await self._until_state(who, path, "RESULT_READY")
        self.history.add("finished", case=case)

    async def _pay(self, who: Client, draft: Draft, path: str) -> None:
        chance = self.client.chance
        while True:
            key = {"Idempotency-Key": uuid4().hex}
            reply = await who.until("POST", f"{path}/payment", None, key)
            if reply.code == "already_paid":
                return
            if not reply.ok:
                # Closed or asked about meanwhile: another order is opened.
                await asyncio.sleep(POLL_SECONDS)
                continue
            opened = reply.json
            prepay = opened["invocation"]["package"].removeprefix("prepay_id=")
            asked = {
                "openid": draft.openid,
                "invocation": opened["invocation"],
                "copies": chance.randint(1, MOST_COPIES),
                "deliver": chance.random() >= UNDELIVERED,
            }
            paid = await self.phone.until("POST", f"/orders/{prepay}/pay", asked)
            self._note("paid", str(draft.case_id), paid, order=opened["order"]["number"])
            if paid.ok or paid.status == 409:
                break
        if chance.random() < 0.5:
            await who.until("POST", f"{path}/payment/check")

    async def _until_state(self, who: Client, path: str, wanted: str) -> None:
        pause = POLL_SECONDS
        while True:
            reply = await who.until("GET", f"{path}/progress")
            if reply.ok and reply.json["state"] == wanted:
                return
            await asyncio.sleep(pause * (0.5 + self.client.chance.random()))
            pause = min(pause * POLL_GROWTH, LONGEST_POLL_SECONDS)

    def _note(self, what: str, case: str, reply: Reply, **facts: object) -> None:
        self.history.add(what, case=case, status=reply.status, code=reply.code, **facts)


@dataclass
class Clerks:
    """The window: whoever has time looks at every material and accepts."""

    client: Client
    tokens: Sequence[str]
    history: History

    async def accept(self, case: str) -> None:
        """Accept a case, however often its steps have to be sent again."""
        who = replace(self.client, token=self.client.chance.choice(self.tokens))
        path = f"/staff/v1/cases/{case}"
        while True:
            await who.until("POST", f"{path}/claim")
            for code in MATERIALS:
                verdict = {"verdict": "PASS", "reason_code": None, "comment": ""}
                await who.until("PUT", f"{path}/verdicts/{code}", verdict)
            reply = await who.until("POST", f"{path}/accept")
            if reply.ok or reply.status == 409:
                # 409: the acceptance that was not answered has happened.
                self.history.add("accepted", case=case, status=reply.status, code=reply.code)
                return
            await asyncio.sleep(POLL_SECONDS)
