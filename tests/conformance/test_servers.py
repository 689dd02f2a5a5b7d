"""The kit judges servers: ours keeps every promise, and each broken one is found."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from miniapp_stub.conformance.checks import CHECKS, examine
from miniapp_stub.conformance.examiner import Examiner
from miniapp_stub.conformance.parcels import Mint, Parcel
from miniapp_stub.conformance.playing import Play
from miniapp_stub.conformance.report import Report, Verdict
from miniapp_stub.conformance.scenes import Answer, Scene, Sending
from miniapp_stub.conformance.signing import Signer
from miniapp_stub.puller.events import Events
from miniapp_stub.puller.materials import Materials
from miniapp_stub.puller.pulling import Puller
from miniapp_stub.puller.signatures import Signatures
from miniapp_stub.puller.store import Store
from miniapp_stub.puller.wire import Credentials, Wire, key_name
from models.handoff import BackofficeEvent, HandoffPackage
from models.rules.states import HandoffStatus
from tests import make
from tests.assertions import machine_key
from tests.conformance.pullers import CLIENT, nothing, stage
from tests.conformance.test_pullers import named
from tests.make import MACHINE_KID
from tests.world import World

AGENCY = "11511499MB9000082B"
ALL = {check.play.__name__ for check in CHECKS}


async def of_world(world: World) -> Report:
    """Return what the kit finds of our own server; time passes on the world's clock."""
    machine = await make.machine(world, AGENCY)

    def sleep(seconds: float) -> None:
        world.clock.advance(timedelta(seconds=seconds))

    examiner = Examiner(
        world.http.base,
        Credentials(machine.client_id, machine_key(), MACHINE_KID),
        now=lambda: world.clock.now().timestamp(),
        sleep=sleep,
    )
    return await asyncio.to_thread(examine, examiner)


async def test_our_server_keeps_its_promises(world: World) -> None:
    for _ in range(3):
        await make.accepted(world, await make.citizen(world))
    report = await of_world(world)
    assert report.passed, report.text()
    assert named(report, Verdict.PASSED) >= ALL
    statuses = sorted(package.status for package in await HandoffPackage.all())
    assert statuses.count(HandoffStatus.ACKED.value) == 1
    [event] = await BackofficeEvent.filter(seq=1)
    assert (event.type, event.event_id[:12]) == ("review_started", "conformance-")


async def test_without_a_package_most_was_not_seen(world: World) -> None:
    report = await of_world(world)
    assert named(report, Verdict.PASSED) == {
        *("token_given", "token_refused", "stranger_refused", "unknown_package", "unknown_case")
    }
    assert named(report, Verdict.FAILED) == set()
    assert not report.passed


async def of_county(scene: type[Scene]) -> Report:
    """Return what the kit finds of its own county with such a case, and a clock that can jump."""
    async with Play(stage("plain")) as play:
        [played] = play.county.scenes = [scene(Mint(1))]
        real, ahead = played.clock, [0.0]
        played.clock = lambda: real() + ahead[0]

        def sleep(seconds: float) -> None:
            ahead[0] += seconds

        credentials = Credentials(CLIENT, machine_key(), key_name(machine_key()))
        return await asyncio.to_thread(examine, Examiner(play.base, credentials, sleep=sleep))


async def test_the_kits_own_county_keeps_them_too() -> None:
    report = await of_county(Scene)
    assert named(report, Verdict.PASSED) == ALL, report.text()


class Generous(Scene):
    """Hands a package to everybody who asks."""

    def ready(self) -> Sequence[Parcel]:
        return [parcel for parcel in self.parcels if not parcel.acked]


class Timeless(Scene):
    """Takes an acknowledgement after its lease, and hands the package out all the same."""

    def acknowledge(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        late = parcel.leased_until <= self.clock()
        if late and given["lease_token"] == parcel.lease_token:
            parcel.acks += 1
            return Answer(200, {"acked_at": "now"})
        return super().acknowledge(parcel, given)


class Credulous(Scene):
    """Believes any digest."""

    def _proof(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer | None:
        return super()._proof(parcel, {**given, "digest": parcel.digest})


class Unsigned(Scene):
    """Signs with a key that it does not publish."""

    def row(self, parcel: Parcel) -> dict[str, Any]:
        return {**super().row(parcel), "signature": Signer().over(parcel.body)}


class Whole(Scene):
    """Sends the whole material whatever part was asked for."""

    def material(self, parcel: Parcel, material: str, span: tuple[int, int]) -> Sending | Answer:
        return Sending(parcel.materials[material], 0, len(parcel.materials[material]))


class Eager(Scene):
    """Applies each event as often as it comes, in any order."""

    def event(self, given: Mapping[str, Any]) -> Answer:
        return self.reported("applied") if self.parcels[0].acked else super().event(given)


class Restless(Scene):
    """Says another time each time it is asked when a package was acknowledged."""

    def acknowledge(self, parcel: Parcel, given: Mapping[str, Any]) -> Answer:
        answer = super().acknowledge(parcel, given)
        return Answer(answer.status, {**answer.body, "acked_at": str(parcel.acks)})


@pytest.mark.parametrize(
    ("scene", "failing"),
    [
        (Generous, {"lease_exclusive"}),
        (Timeless, {"lease_expired"}),
        (Credulous, {"wrong_proof"}),
        (Unsigned, {"signature"}),
        (Whole, {"materials"}),
        (Eager, {"event_early", "event_once", "event_id_reused", "number_used"}),
        (Restless, {"acknowledged_once"}),
    ],
)
async def test_a_broken_promise_is_found(scene: type[Scene], failing: set[str]) -> None:
    report = await of_county(scene)
    assert named(report, Verdict.FAILED) == failing, report.text()
    assert not report.passed


async def test_a_stranger_is_let_in_nowhere(world: World) -> None:
    """The kit with a key that nobody registered: nothing passes that needs a token."""
    await make.accepted(world, await make.citizen(world))
    await make.machine(world, AGENCY)
    credentials = Credentials("nobody", machine_key(), MACHINE_KID)
    examiner = Examiner(
        world.http.base,
        credentials,
        now=lambda: world.clock.now().timestamp(),
        sleep=lambda _: None,
    )
    report = await asyncio.to_thread(examine, examiner)
    assert "token_given" in named(report, Verdict.FAILED)
    assert not report.passed
    [package] = await HandoffPackage.all()
    assert (package.status, package.leases) == (HandoffStatus.READY.value, 0)


async def test_the_reference_pulls_from_our_server(world: World, tmp_path: Path) -> None:
    filed = await make.accepted(world, await make.citizen(world))
    machine = await make.machine(world, AGENCY)
    now = world.clock.now().timestamp

    def rounds() -> tuple[dict[str, int], int]:
        (tmp_path / "materials").mkdir()
        credentials = Credentials(machine.client_id, machine_key(), MACHINE_KID)
        wire = Wire(world.http.base, credentials, now=now)
        store = Store(tmp_path / "puller.sqlite")
        files = Materials(wire, tmp_path / "materials", nothing)
        puller = Puller(
            wire, store, files, Signatures(wire), nothing, reports=(("review_started", {}),)
        )
        events = Events(wire, store, nothing)
        try:
            leased = puller.pull()
            # The world's clock stands still, and ours goes on.
            store.db.execute("UPDATE outbox SET occurred_at = ?", (world.clock.now().isoformat(),))
            events.send()
            assert puller.pull() == 0
            return store.tally(), leased
        finally:
            store.close()

    tally, leased = await asyncio.to_thread(rounds)
    assert (tally, leased) == ({"packages ACKED": 1, "events SENT": 1}, 1)
    case = await filed.case()
    assert (case.handoff_status, case.backoffice_seq) == (HandoffStatus.ACKED.value, 1)
    [package] = await HandoffPackage.all()
    contents = {file.read_bytes() for file in (tmp_path / "materials").iterdir()}
    assert contents == {make.jpeg(f"{code} of {filed.case_id}") for code in filed.codes}
    assert package.leases == 1
