"""The kit judges clients: the reference passes everything, each carelessness fails its cases."""

from collections.abc import Callable
from pathlib import Path

import pytest

from miniapp_stub.conformance.playing import SCENES, Play
from miniapp_stub.conformance.report import Report, Verdict
from tests.conformance import pullers
from tests.conformance.pullers import Parts, judged

DIGESTS = {"body_digest", "material_digest"}
DOUBLES = {"lease_lapsed", "served_again"}
PATIENCE = {"unavailable_503", "limited_429"}


def named(report: Report, verdict: Verdict) -> set[str]:
    return {line.name for line in report.lines if line.verdict is verdict}


async def test_the_reference_passes_every_case(tmp_path: Path) -> None:
    report = await judged(pullers.reference, tmp_path)
    assert report.passed, report.text()
    every = {scene.name for scene in SCENES} | {"token", "calls"}
    assert named(report, Verdict.PASSED) == every
    assert len(report.lines) == len(every) == 24


@pytest.mark.parametrize(
    ("make", "failing"),
    [
        (pullers.believing, DIGESTS),
        (pullers.doubling, DOUBLES),
        (pullers.impatient, PATIENCE),
        (pullers.all_of_it, DIGESTS | DOUBLES | PATIENCE),
    ],
)
async def test_a_careless_client_fails_exactly_its_cases(
    make: Callable[[str, Path], Parts], failing: set[str], tmp_path: Path
) -> None:
    report = await judged(make, tmp_path)
    assert named(report, Verdict.FAILED) == failing, report.text()
    assert named(report, Verdict.NOT_SEEN) == set()
    # The believing ones do not look at signatures either; nobody has to.
    believes = {"signature"} if failing >= DIGESTS else set()
    assert named(report, Verdict.NOT_OFFERED) == believes
    assert not report.passed


async def test_what_was_not_seen_is_not_passed(tmp_path: Path) -> None:
    only = ("plain", "event_answer_lost", "event_out_of_order", "served_again")
    report = await judged(pullers.silent, tmp_path, *only, seconds=4)
    assert named(report, Verdict.NOT_SEEN) == set(only) - {"plain"}
    assert named(report, Verdict.FAILED) == set()
    assert not report.passed


async def test_a_client_that_never_calls_was_not_seen_at_all(tmp_path: Path) -> None:
    async with Play(pullers.stage("plain")) as play:
        await play.until_over(0.1)
        report = play.report()
    assert {line.verdict for line in report.lines} == {Verdict.NOT_SEEN}
    assert not report.passed
