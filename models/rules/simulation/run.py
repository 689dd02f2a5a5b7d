"""Synthetic applicants: every branch of an item's conditions, before anybody real meets them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, islice, zip_longest
from typing import Any

from models.rules.branches import MOST, TooManyBranches, combinations
from models.rules.calendar import Limit, Unit, WorkCalendar, last_day
from models.rules.condition_tree import Condition, Facts, parse
from models.rules.conditions import Exemption, exemption_for, required_materials
from models.rules.fees import Assessment, FeeUndetermined, assess
from models.rules.lint.conditions import readable
from models.rules.lint.finding import Finding, Severity
from models.rules.lint.limits import limit_of
from models.rules.simulation.ways import (
    Body,
    Flavour,
    Step,
    flavours_of,
    reach,
    shortest,
)
from models.rules.transitions import ROWS


@dataclass(frozen=True)
class Branch:
    """One kind of applicant: what they answer, and what follows. ``fee`` None: undetermined."""

    facts: Facts
    materials: tuple[str, ...]
    optional: tuple[str, ...]
    exemption: Exemption | None
    fee: Assessment | None
    fee_fault: str = ""

    @property
    def owes(self) -> bool:
        return self.fee is None or self.fee.total_fen > 0


@dataclass(frozen=True)
class Walk:
    """The shortest way to a delivered result in one flavour; ``steps`` None: there is none."""

    flavour: Flavour
    owes: bool
    steps: tuple[Step, ...] | None


@dataclass(frozen=True)
class Due:
    """A limit of the item as it falls for a case that starts on the sample's day."""

    name: str
    limit: Limit
    last_day: date


@dataclass(frozen=True)
class Simulation:
    """What the synthetic applicants met. ``complete``: every combination was looked at."""

    body: Body
    start: date
    branches: tuple[Branch, ...]
    complete: bool
    walks: tuple[Walk, ...]
    dues: tuple[Due, ...]
    rows: tuple[str, ...]
    problems: tuple[Finding, ...]

    @property
    def unreached(self) -> tuple[str, ...]:
        """The rows of the table that no case of this item can take."""
        return tuple(row.id for row in ROWS if row.id not in self.rows)


def simulate(body: Body, start: date, calendar: WorkCalendar) -> Simulation:
    """Run an item whose data can be read (see ``lint.is_readable``) through all its branches."""
    found, complete = _applicants(body)
    branches = tuple(_branch(body, facts) for facts in found)
    owing = sorted({branch.owes for branch in branches if not branch.exemption})
    ways = [(flavour, owes) for flavour in flavours_of(body) for owes in owing]
    walks = tuple(Walk(flavour, owes, shortest(body, flavour, owes=owes)) for flavour, owes in ways)
    reaches = [reach(body, flavour, owes=owes) for flavour, owes in ways]
    taken = frozenset().union(*(each.rows for each in reaches))
    dead = {state for each in reaches for state in each.dead_ends}
    dues = tuple(_dues(body, start, calendar))
    unmet = [*_branch_problems(body, branches), *_unused(body, branches)]
    if not complete:  # not everybody was tried, so somebody may meet it after all
        unmet = [replace(problem, severity=Severity.WARNS) for problem in unmet]
    problems = (
        *unmet,
        *_way_problems(walks, sorted(state.zh for state in dead)),
        *_due_problems(dues),
    )
    rows = tuple(row.id for row in ROWS if row.id in taken)
    return Simulation(body, start, branches, complete, walks, dues, rows, problems)


def _applicants(body: Body) -> tuple[list[Facts], bool]:
    conditions = [condition for _, condition in readable(body)]
    rules = body["fee"].get("rules", ())
    by_kind = {rule["unit_price_by"] for rule in rules if "unit_price_by" in rule}
    counted = {rule[key] for rule in rules for key in ("per", "each_of") if key in rule}
    asks = {"apart": by_kind, "given": counted}
    try:
        return list(combinations(body, conditions, **asks)), True
    except TooManyBranches:
        return _one_by_one(body, conditions, asks), False


def _one_by_one(
    body: Body, conditions: list[Condition], asks: Mapping[str, set[str]]
) -> list[Facts]:
    """Vary one condition at a time, the other answers as they come first; ``MOST`` in all.

    The conditions take turns, so that each is varied before the number is full.
    """
    parts = [combinations(body, [condition]) for condition in conditions]
    parts += [combinations(body, [], apart=[field]) for field in sorted(asks["apart"])]
    parts += [combinations(body, [], given=[field]) for field in sorted(asks["given"])]
    firsts = [next(part, {}) for part in parts]
    usual: dict[str, Any] = {}
    for first in firsts:
        usual = {**first, **usual}
    turns = (facts for turn in zip_longest(*parts) for facts in turn if facts is not None)
    return [{**usual, **facts} for facts in islice(chain(firsts, turns), MOST)]


def _branch(body: Body, facts: Facts) -> Branch:
    asked = required_materials(body["materials"], facts)
    fee, fault = None, ""
    try:
        fee = assess({"basis": "", **body["fee"]}, facts)  # no basis is the linter's to tell
    except FeeUndetermined as error:
        fault = str(error)
    return Branch(
        facts=facts,
        materials=tuple(each.code for each in asked if each.required),
        optional=tuple(each.code for each in asked if each.asked and not each.required),
        exemption=exemption_for(body.get("exemption_rules", ()), facts),
        fee=fee,
        fee_fault=fault,
    )


def _dues(body: Body, start: date, calendar: WorkCalendar) -> Iterator[Due]:
    """Accepted on the day it was filed; what counts from elsewhere counts from that day too."""
    acceptance = body["acceptance"]
    days = {
        "预审承诺期限": acceptance["pre_review_sla_wd"],
        "补正期限(从通知补正起)": acceptance["correction_deadline_wd"],
    }
    if acceptance["legal_clock_start"] == "ON_SUBMIT":
        days["一次性告知期限"] = acceptance["notify_deadline_wd"]
    limits = {name: Limit(value, Unit.WORKING_DAY) for name, value in days.items()}
    for key, name in (("promised", "承诺办结时限"), ("statutory", "法定办结时限")):
        limit = limit_of(body, key)
        if limit is not None:
            limits[name] = limit
    for name, limit in limits.items():
        yield Due(name, limit, last_day(start, limit, calendar))


def _problem(code: str, pointer: str, sentence: str, basis: str) -> Finding:
    return Finding(code, Severity.REFUSES, pointer, sentence, basis)


def _branch_problems(body: Body, branches: tuple[Branch, ...]) -> Iterator[Finding]:
    applying = [branch for branch in branches if not branch.exemption]
    if not applying:
        yield _problem(
            "nobody_can_apply",
            "/exemption_rules",
            "按不需办理的情形,没有人能申请。",
            "行政许可法32(一)",
        )
    asked = {code for branch in applying for code in (*branch.materials, *branch.optional)}
    for place, material in enumerate(body["materials"]):
        if material["code"] not in asked:
            sentence = f"材料“{material['name']}”不会向任何人要。"
            yield _problem(
                "material_never_asked", f"/materials/{place}", sentence, "青神方案2018 清单"
            )
    stuck = [branch for branch in applying if branch.fee is None]
    if stuck and body["fee"].get("amount_set_by") != "BACK_OFFICE":
        sentence = f"有的情况算不出收多少钱({len(stuck)}种),例如:{stuck[0].fee_fault}。"
        yield _problem(
            "fee_undetermined", "/fee/rules", sentence, "安阳方案2014: 金额只能来自公布的标准"
        )


def _unused(body: Body, branches: tuple[Branch, ...]) -> Iterator[Finding]:
    """Rules that no synthetic applicant comes to, because an earlier one takes them all."""
    exemptions = body.get("exemption_rules", ())
    first = {
        next((n for n, rule in enumerate(exemptions) if parse(rule["when"]).holds(each.facts)), -1)
        for each in branches
    }
    for place, rule in enumerate(exemptions):
        if place not in first:
            sentence = f"不需办理的情形“{rule['basis']}”轮不到:前面的情形已经包括了。"
            yield _problem(
                "exemption_never_applies",
                f"/exemption_rules/{place}",
                sentence,
                "行政许可法32(一)",
            )
    applying = [branch.facts for branch in branches if not branch.exemption]
    for place, rule in enumerate(body["fee"].get("rules", ())):
        when = rule["when"]
        if when and applying and not any(parse(when).holds(facts) for facts in applying):
            sentence = "这条收费标准对谁都用不上。"
            yield _problem(
                "fee_rule_never_applies", f"/fee/rules/{place}", sentence, "安阳方案2014"
            )


def _way_problems(walks: tuple[Walk, ...], dead: list[str]) -> Iterator[Finding]:
    for walk in walks:
        if walk.steps is None:
            sentence = f"按“{walk.flavour.zh}”办,批准以后结果送不到申请人手里。"
            yield _problem("no_way_to_result", "/delivery", sentence, "行政许可法44")
    for state in dead:
        sentence = f"办件到“{state}”以后,走不到任何终点。"
        yield _problem("dead_end", "/flags", sentence, "design: every case can end")


def _due_problems(dues: tuple[Due, ...]) -> Iterator[Finding]:
    days = {due.name: due.last_day for due in dues}
    promised, statutory = days.get("承诺办结时限"), days.get("法定办结时限")
    if promised and statutory and promised > statutory:
        sentence = f"从这一天起算,承诺到{promised},法定到{statutory}。"
        yield _problem("promised_after_statutory", "/limits/promised", sentence, "行政许可法42")
