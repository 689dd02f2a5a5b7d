"""What the linter and the simulator say of an item, to be shown."""

from datetime import date

from pydantic import BaseModel

from models.rules.lint import Finding
from models.rules.simulation import Simulation, report
from models.rules.simulation.report import facts_text, grouped


class FindingView(BaseModel):
    """What is wrong: REFUSES keeps the draft from being published."""

    code: str
    severity: str
    pointer: str
    sentence: str
    basis: str

    @classmethod
    def of(cls, finding: Finding) -> "FindingView":
        return cls(
            code=finding.code,
            severity=finding.severity.value,
            pointer=finding.pointer,
            sentence=finding.sentence,
            basis=finding.basis,
        )


class DueView(BaseModel):
    name: str
    limit: str
    last_day: date


class OutcomeView(BaseModel):
    """What follows for ``count`` kinds of answers, of which ``answers`` is one; fees in fen."""

    answers: str
    count: int
    materials: list[str]
    optional_materials: list[str]
    not_needed: str | None
    fee_fen: int | None


class WalkView(BaseModel):
    """The shortest way to a result; ``steps`` None: there is none."""

    flavour: str
    pays: bool
    steps: list[str] | None


class SimulationView(BaseModel):
    """What synthetic applicants met.

    ``complete``: every combination of answers was tried. ``rows`` are the steps that a case of
    the item can take, ``unreached_rows`` those that none can. ``report`` is the same as a text.
    """

    start: date
    complete: bool
    dues: list[DueView]
    outcomes: list[OutcomeView]
    walks: list[WalkView]
    rows: list[str]
    unreached_rows: list[str]
    problems: list[FindingView]
    report: str

    @classmethod
    def of(cls, simulation: Simulation) -> "SimulationView":
        return cls(
            start=simulation.start,
            complete=simulation.complete,
            dues=[
                DueView(name=due.name, limit=due.limit.text, last_day=due.last_day)
                for due in simulation.dues
            ],
            outcomes=_outcomes(simulation),
            walks=[
                WalkView(
                    flavour=walk.flavour.zh,
                    pays=walk.owes,
                    steps=None if walk.steps is None else [step.id for step in walk.steps],
                )
                for walk in simulation.walks
            ],
            rows=list(simulation.rows),
            unreached_rows=list(simulation.unreached),
            problems=[FindingView.of(problem) for problem in simulation.problems],
            report=report(simulation),
        )


def _outcomes(simulation: Simulation) -> list[OutcomeView]:
    return [
        OutcomeView(
            answers=facts_text(simulation.body, branch),
            count=count,
            materials=list(branch.materials),
            optional_materials=list(branch.optional),
            not_needed=branch.exemption.basis if branch.exemption else None,
            fee_fen=branch.fee.total_fen if branch.fee else None,
        )
        for branch, count in grouped(simulation)
    ]
