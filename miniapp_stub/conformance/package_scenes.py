"""Hard cases of packages: what is in them, and in which order they come."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from miniapp_stub.conformance.parcels import SMALL, Mint, Parcel
from miniapp_stub.conformance.report import Line, Verdict
from miniapp_stub.conformance.scenes import Answer, Scene, problem
from miniapp_stub.conformance.signing import Signer

# Characters that take four bytes of UTF-8 and two units of UTF-16: rare names, and a smile.
RARE = "𠮷野家\U00020bb7\U0002a6d6😀"


class Unicode(Scene):
    name, title = "unicode_and_order", "another order of keys, and rare characters (生僻字)"
    expected = "acknowledged with the digest of the bytes exactly as they came"
    mend = (
        "Hash the UTF-8 bytes of the string `body` as it came. Do not write the JSON again, and do "
        "not count in UTF-16: characters beyond U+FFFF are four bytes."
    )

    def make(self, mint: Mint) -> Sequence[Parcel]:
        [parcel] = super().make(mint)
        content = json.loads(parcel.body)
        content["applicant"]["name"] = RARE
        turned = dict(reversed(content.items()))
        parcel.body = json.dumps(turned, ensure_ascii=False, indent=1)
        return [parcel]


class UnknownFields(Scene):
    name, title = "unknown_fields", "fields that nobody told you of"
    expected = "ignored: the package is taken and acknowledged"
    mend = "Read what you know and leave the rest: new fields come without a new version."

    def make(self, mint: Mint) -> Sequence[Parcel]:
        return [mint.parcel(self.case_no, added_later={"a": [1, None]}, remark="以后新增的字段")]

    def row(self, parcel: Parcel) -> dict[str, Any]:
        return {**super().row(parcel), "added_later": {"priority": 3}}


class ReceiptCode(Scene):
    name, title = "receipt_code", "the form has a field with the receipt code's name"
    expected = "acknowledged with the receipt_code at the top of the body"
    mend = (
        "Parse the body as JSON and take its own receipt_code, not the first that a search finds."
    )

    def make(self, mint: Mint) -> Sequence[Parcel]:
        return [mint.parcel(self.case_no, form={"receipt_code": "0" * 32})]


class BodyDigest(Scene):
    name, title = "body_digest", "a body that was damaged on the way"
    expected = "not acknowledged with the digest it was announced with; taken when it comes whole"
    mend = "Compare the SHA-256 of the body with `digest` before you believe a word of it."

    def row(self, parcel: Parcel) -> dict[str, Any]:
        row = super().row(parcel)
        if parcel.leases == 1:
            row["body"] = parcel.body.replace("人民路", "人民街")
        return row

    def ready(self) -> Sequence[Parcel]:
        [parcel] = self.parcels
        # Nobody can finish the damaged one: it may be had again at once.
        return [parcel] if parcel.leases == 1 and not parcel.acked else super().ready()

    def acknowledge(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        if parcel.leases == 1:
            if str(given["digest"]).lower() != parcel.digest:
                # An honest mistake is caught here: the digest named is that of the damaged body.
                self.notes.append("named the damaged body's own digest, and was refused")
                return problem(422, "digest_mismatch")
            self.faults.append("acknowledged though the body is not what its digest says")
        return super().acknowledge(parcel, given)

    def give_back(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        if parcel.leases == 1 and given["lease_token"] == parcel.lease_token:
            self.notes.append(f"returned as {given['code']}")
            return Answer(200, {"package_id": parcel.id, "status": "READY"})
        return super().give_back(parcel, given)


class Forged(Scene):
    name, title = "signature", "a package that somebody else has signed"
    expected = "not acknowledged; taken when the county's own signature comes (if you verify it)"
    mend = "Verify `signature` with the keys at /backoffice/v1/keys, and keep it as your proof."
    forger = Signer()
    believed = False

    def row(self, parcel: Parcel) -> dict[str, Any]:
        row = super().row(parcel)
        return {**row, "signature": self.forger.over(parcel.body)} if parcel.leases == 1 else row

    def ready(self) -> Sequence[Parcel]:
        [parcel] = self.parcels
        return [parcel] if parcel.leases == 1 and not parcel.acked else super().ready()

    def acknowledge(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        answer = super().acknowledge(parcel, given)
        self.believed = self.believed or (parcel.leases == 1 and answer.status == 200)
        return answer

    def give_back(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        if parcel.leases == 1 and given["lease_token"] == parcel.lease_token:
            self.notes.append(f"returned as {given['code']}")
            return Answer(200, {"package_id": parcel.id, "status": "READY"})
        return super().give_back(parcel, given)

    def line(self) -> Line:
        line = super().line()
        if self.believed and line.verdict is Verdict.PASSED:
            seen = "this client does not look at signatures; digest and receipt code are enough"
            return replace(line, verdict=Verdict.NOT_OFFERED, seen=seen)
        return line


class Photos(Scene):
    name, title = "photos", "a document that was bound from photos"
    expected = "taken; the photos may be fetched as well (…/materials/{id}/pages/{no})"
    mend = "The document is what counts; `photos` lists the pages as they were taken."

    def make(self, mint: Mint) -> Sequence[Parcel]:
        return [mint.parcel(self.case_no, photos=2)]

    def line(self) -> Line:
        [parcel] = self.parcels
        fetched = sum(parcel.is_fetched(name) for name in parcel.photos)
        line = super().line()
        passed = line.verdict is Verdict.PASSED
        return replace(line, seen=f"{fetched} of 2 photos fetched") if passed else line


class LeaseLapsed(Scene):
    name, title = "lease_lapsed", "the lease was over before you acknowledged"
    expected = "the same package is taken again and acknowledged under its new lease; one case"
    mend = "Know a package by its id: keep what you have, take the new lease_token, acknowledge."
    lapsed = False

    def acknowledge(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        if not self.lapsed:
            refusal = self._proof(parcel, given)
            self.lapsed, parcel.leased_until = True, 0.0
            return refusal or problem(409, "lease_lost")
        return super().acknowledge(parcel, given)


class ServedAgain(Scene):
    name, title = "served_again", "a package that you acknowledged comes again"
    expected = "acknowledged again; no second case is made of it"
    mend = "Make the package's id a unique key. When it is known: acknowledge, and do nothing else."
    needs_events = True

    def ready(self) -> Sequence[Parcel]:
        [parcel] = self.parcels
        # Only when the first case has spoken can a second one be told from it.
        again = parcel.acks == 1 and bool(self.applied) and parcel.leases < 3
        return [parcel] if again else super().ready()

    def acknowledge(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        answer = super().acknowledge(parcel, given)
        if parcel.leases == 1 and answer.status == 200:
            parcel.acks = 1
        return answer

    @property
    def done(self) -> bool:
        return self.parcels[0].acks > 1

    def unfinished(self) -> str:
        [parcel] = self.parcels
        return f"leased {parcel.leases} times and acknowledged {parcel.acks} times"


class OutOfOrder(Scene):
    name, title = "second_before_first", "a case's second package is handed out before its first"
    expected = "the first is acknowledged first, the second waits for it"
    mend = "Sort what you leased by seq and hold a package back until the earlier ones are taken."

    def make(self, mint: Mint) -> Sequence[Parcel]:
        return [
            mint.parcel(self.case_no),
            mint.parcel(self.case_no, 2, "SUPPLEMENT", shortfall_status="FULFILLED"),
        ]

    def ready(self) -> Sequence[Parcel]:
        return [
            parcel
            for parcel in reversed(self.parcels)
            if not parcel.acked and parcel.leased_until <= self.clock()
        ]


class Following(Scene):
    name, title = "following", "a supplement (补充材料), a payment (缴费), a withdrawal (撤回申请)"
    expected = "each is taken into the same case and acknowledged, in order; no new case"
    mend = "Take what follows into the case of its case_no, also a `kind` that you do not know."

    def make(self, mint: Mint) -> Sequence[Parcel]:
        paid = {"status": "PAID", "amount_fen": 375_000}
        asked = {"status": "OPEN", "requested_at": "2026-03-03T09:00:00+08:00"}
        return [
            mint.parcel(self.case_no),
            mint.parcel(self.case_no, 2, "SUPPLEMENT", (SMALL,), shortfall_status="FULFILLED"),
            mint.parcel(self.case_no, 3, "PAYMENT", (), payment=paid),
            mint.parcel(self.case_no, 4, "WITHDRAW_REQUEST", (), withdrawal=asked),
        ]


class Ended(Scene):
    name, title = "ended", "the case ends without you (终止), while you may have much to report"
    expected = "the ENDED package is acknowledged, and no event of the case comes after it"
    mend = "At kind ENDED stop: drop what was still to be reported, and acknowledge."
    GRACE = 1.5
    acked_at: float | None = None

    def make(self, mint: Mint) -> Sequence[Parcel]:
        told = {
            "state": "TERMINATED",
            "reason": "材料逾期未补齐。",
            "at": "2026-03-03T09:00:00+08:00",
        }
        return [mint.parcel(self.case_no), mint.parcel(self.case_no, 2, "ENDED", (), ended=told)]

    def acknowledge(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        answer = super().acknowledge(parcel, given)
        if parcel.seq == 2 and parcel.acked and self.acked_at is None:
            self.acked_at = self.clock()
        return answer

    def event(self, given: Mapping[str, Any]) -> Answer:
        # One that was on its way when the package came is nobody's fault.
        if self.acked_at is not None and self.clock() > self.acked_at + self.GRACE / 2:
            self.faults.append("reported on the case after its end was acknowledged")
        return problem(409, "step_not_allowed")

    @property
    def done(self) -> bool:
        return self.acked_at is not None and self.clock() > self.acked_at + self.GRACE
