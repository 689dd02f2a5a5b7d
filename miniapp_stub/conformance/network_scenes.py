"""Hard cases of the way: what breaks off, is refused for a while, is slow, ends between calls."""

from collections.abc import Mapping, Sequence
from typing import Any

from miniapp_stub.conformance.parcels import LARGE, Mint, Parcel
from miniapp_stub.conformance.scenes import Answer, Scene, Sending, problem

WAIT = 2


class MaterialBroken(Scene):
    name, title = "material_broken", "the connection breaks in the middle of a material"
    expected = "gone on with by Range, or begun again; acknowledged when it is whole"
    mend = "Compare the size with the list's. Ask for the rest with `Range: bytes=N-`."
    broken = False

    def make(self, mint: Mint) -> Sequence[Parcel]:
        return [mint.parcel(self.case_no, sizes=(LARGE,))]

    def material(self, parcel: Parcel, material: str, span: tuple[int, int]) -> Sending | Answer:
        content = parcel.materials[material]
        if not self.broken:
            self.broken = True
            return Sending(content, *span, broken_at=span[0] + (span[1] - span[0]) // 2)
        self.notes.append(f"went on at byte {span[0]}" if span[0] else "began again")
        return Sending(content, *span)


class MaterialDigest(Scene):
    name, title = "material_digest", "a material whose bytes are not what the list says"
    expected = "returned with a technical reason, not acknowledged; taken when it comes right"
    mend = (
        "Compare each material's SHA-256 with the list before you acknowledge; when it differs, "
        "POST …/return with lease_token, code and reason."
    )
    returned = False

    def material(self, parcel: Parcel, material: str, span: tuple[int, int]) -> Sending | Answer:
        content = parcel.materials[material]
        return Sending(content if self.returned else content[::-1], *span)

    def acknowledge(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        if not self.returned:
            self.faults.append("acknowledged though a material is not what the list says")
        return super().acknowledge(parcel, given)

    def give_back(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        if self.returned or given["lease_token"] != parcel.lease_token:
            return super().give_back(parcel, given)
        self.returned, parcel.leased_until = True, 0.0
        parcel.reached.clear()
        self.notes.append(f"returned as {given['code']}")
        return Answer(200, {"package_id": parcel.id, "status": "READY"})


class Held(Scene):
    """A call is refused for a while; it may come again after ``WAIT`` seconds, not before."""

    until: float | None = None

    def hold(self, status: int, code: str) -> Answer | None:
        if self.until is None:
            self.until = self.clock() + WAIT
            return problem(status, code, {"Retry-After": str(WAIT)})
        # Half a tenth for clocks that do not agree to the hundredth.
        if (early := self.until - self.clock()) > 0.05:
            self.faults.append(
                f"came back {early:.1f} s before the {WAIT} s of Retry-After were over"
            )
        return None


class Unavailable(Held):
    name, title = "unavailable_503", "503 with Retry-After, at the acknowledgement"
    expected = f"the same call again after {WAIT} s or more"
    mend = "Wait as long as Retry-After says before you try that call again."

    def acknowledge(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        return self.hold(503, "unavailable") or super().acknowledge(parcel, given)


class Limited(Held):
    name, title = "limited_429", "429 with Retry-After, at a material"
    expected = f"the same call again after {WAIT} s or more"
    mend = "Wait as long as Retry-After says; it is the whole client that is too fast."

    def material(self, parcel: Parcel, material: str, span: tuple[int, int]) -> Sending | Answer:
        held = self.hold(429, "too_many_requests")
        return held or super().material(parcel, material, span)


class Slow(Scene):
    name, title = "slow_answer", "three seconds pass before a material begins"
    expected = "waited for"
    mend = "Give a call 30 s before you hang up: a large file on a busy evening needs them."

    def make(self, mint: Mint) -> Sequence[Parcel]:
        return [mint.parcel(self.case_no)]

    def material(self, parcel: Parcel, material: str, span: tuple[int, int]) -> Sending | Answer:
        return Sending(parcel.materials[material], *span, delay=3.0)

    def hung_up(self) -> None:
        self.faults.append("hung up before three seconds were over")


class TokenEnds(Scene):
    name, title = "token_ends", "the access token ends between two calls"
    expected = "a new token is fetched, and the call made again"
    mend = "At a 401 get one new token and repeat the call; do not wait for expires_in."
    revoked = False

    def acknowledge(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        if not self.revoked:
            self.revoked = True
            headers = {"WWW-Authenticate": "Bearer"}
            refused = problem(401, "unauthenticated", headers)
            return Answer(refused.status, refused.body, headers, revoke=True)
        return super().acknowledge(parcel, given)
