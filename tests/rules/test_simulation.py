"""The simulator: every kind of applicant, every flavour, and what nobody should meet."""

from datetime import date, timedelta
from typing import Any

import pytest

from models.rules import branches
from models.rules.calendar import WorkCalendar
from models.rules.condition_tree import parse
from models.rules.simulation import Simulation, simulate
from models.rules.simulation.report import grouped, path_of, report
from models.rules.states import State
from tests.rules.items import NAMES, item, put

MONDAY = date(2026, 3, 2)
OWN: dict[str, Any] = {"field": "form.owner_is_individual", "op": "eq", "value": True}


def run(body: dict[str, Any], calendar: WorkCalendar, start: date = MONDAY) -> Simulation:
    return simulate(body, start, calendar)


def problems(simulation: Simulation) -> dict[str, str]:
    return {problem.code: problem.pointer for problem in simulation.problems}


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogue_has_no_dead_ends(name: str, calendar: WorkCalendar) -> None:
    simulation = run(item(name), calendar)
    assert simulation.problems == ()
    assert simulation.complete
    for walk in simulation.walks:
        assert walk.steps is not None
        assert walk.steps[-1].to.state is State.DELIVERED


def test_every_combination_of_answers_that_conditions_tell_apart(calendar: WorkCalendar) -> None:
    # Seven yes-or-no questions: agent, a person or not, the two kinds of land, whose wood it is,
    # bamboo, the reserve, more than 15 m3.
    simulation = run(item("item05"), calendar)
    assert len(simulation.branches) == 2**7
    outcomes = {
        (branch.materials, branch.exemption is not None) for branch, _ in grouped(simulation)
    }
    plain = ("M01", "M02", "M03", "M04", "M05")
    assert {materials for materials, exempt in outcomes if not exempt} == {
        plain,
        (*plain, "M06"),
        (*plain, "M90"),
        (*plain, "M06", "M90"),
    }
    # 森林法56: the household's own wood (8 of 128: twice agent, volume, reserve; bamboo counts
    # below), or bamboo outside a reserve.
    exempt = [branch for branch in simulation.branches if branch.exemption]
    own = 2**7 // 8
    bamboo = 2**7 // 4
    both = 2**7 // 32
    assert len(exempt) == own + bamboo - both


def test_fees_of_every_kind(calendar: WorkCalendar) -> None:
    simulation = run(item("item09"), calendar)
    fees = {branch.fee.total_fen for branch in simulation.branches if branch.fee}
    # 80 yuan for a home, 550 for the rest, 10 for one more certificate.
    assert fees == {8000, 55000, 9000, 56000}


def test_ways_of_every_flavour(calendar: WorkCalendar) -> None:
    def ways(name: str) -> dict[str, list[str]]:
        found = run(item(name), calendar).walks
        return {walk.flavour: [step.id for step in walk.steps or ()] for walk in found}

    assert ways("item10") == {
        "NORMAL": ["T01", "T03", "T09", "T28", "T30", "T31", "T35"],
        "SHORTFALL": ["T01", "T03", "T10", "T25", "T28", "T30", "T31", "T35"],
        "VERIFY_LATER": ["T01", "T03", "T11", "T33", "T37", "T30", "T31", "T35"],
    }
    assert ways("item11") == {"PREPAYMENT": ["T01", "T03", "T18", "T19", "T28", "T34", "T42"]}
    assert ways("item09") == {
        "WINDOW": ["T01", "T03", "T14", "T15", "缴费", "T28", "T34", "T42"],
    }
    assert ways("item08") == {
        "NORMAL": ["T01", "T03", "T09", "T28", "T35"],
        "COMMITMENT": ["T01", "T03", "T12", "T28", "T35"],
    }


def test_no_flavour_that_is_not_offered_takes_its_row(calendar: WorkCalendar) -> None:
    rows = set(run(item("item03"), calendar).rows)
    assert not rows & {"T10", "T11", "T12", "T13", "T14", "T18", "T26", "T27", "T33", "T43"}
    assert {"T26", "T27"} & set(run(item("item01"), calendar).rows) == {"T26"}
    ended = item("item01", acceptance__shortfall_expiry="TERMINATE")
    assert {"T26", "T27"} & set(run(ended, calendar).rows) == {"T27"}


def test_limits_fall_as_the_story_has_them(calendar: WorkCalendar) -> None:
    # 王建国 submits on Monday 2026-03-02; accepted on the 3rd, his promise may last to the 10th.
    days = {due.name: due.last_day for due in run(item("item01"), calendar).dues}
    assert days["一次性告知期限"] == date(2026, 3, 9)
    days = {
        due.name: due.last_day
        for due in run(item("item01"), calendar, MONDAY + timedelta(days=1)).dues
    }
    assert days["承诺办结时限"] == date(2026, 3, 10)
    assert days["法定办结时限"] == date(2026, 3, 31)


def test_a_holiday_between(calendar: WorkCalendar) -> None:
    # Four calendar days before the Spring Festival of 2026 (15 to 23 February).
    body = item("item11", limits__promised__unit="WORKING_DAY", limits__promised__value=10)
    start = date(2026, 2, 9)
    assert problems(run(body, calendar, start)) == {"promised_after_statutory": "/limits/promised"}
    assert problems(run(body, calendar)) == {}


def test_a_result_that_reaches_nobody(calendar: WorkCalendar) -> None:
    body = item("item03", result__electronic=False, result__paper=True)
    found = problems(run(body, calendar))
    assert {"no_way_to_result", "dead_end"} <= found.keys()
    body = item("item01", delivery=["ELECTRONIC"], result__electronic=False)
    assert "no_way_to_result" in problems(run(body, calendar))


def test_a_material_that_is_never_asked(calendar: WorkCalendar) -> None:
    # Only who needs no permit at all would have to bring it.
    body = item("item05")
    bamboo = body["exemption_rules"][1]["when"]
    put(body, "materials/5/condition", bamboo)
    assert problems(run(body, calendar)) == {"material_never_asked": "/materials/5"}


def test_an_exemption_that_an_earlier_one_covers(calendar: WorkCalendar) -> None:
    body = item("item05")
    bamboo = body["exemption_rules"][1]
    closer = {**bamboo, "basis": "竹林", "when": {"all": [bamboo["when"], OWN]}}
    body["exemption_rules"] = [bamboo, closer]
    assert problems(run(body, calendar)) == {"exemption_never_applies": "/exemption_rules/1"}
    body["exemption_rules"] = [closer, bamboo]
    assert problems(run(body, calendar)) == {}


def test_a_fee_rule_for_those_who_need_no_permit(calendar: WorkCalendar) -> None:
    body = item("item05")
    body["fee"] = {
        **{"charged": True, "stage": "AFTER_DECISION", "name": "采伐费", "basis": "森林法"},
        "rules": [
            {"when": None, "amount_cent": 100},
            {"when": body["exemption_rules"][1]["when"], "amount_cent": 50},
        ],
    }
    assert problems(run(body, calendar)) == {"fee_rule_never_applies": "/fee/rules/1"}


def test_the_rows_that_an_item_uses_and_those_that_it_does_not(calendar: WorkCalendar) -> None:
    for name in NAMES:
        simulation = run(item(name), calendar)
        assert len(simulation.rows) + len(simulation.unreached) == 50
        assert not set(simulation.rows) & set(simulation.unreached)
    # Free, fully online, with every flavour: no money, no paper before acceptance, no 终止.
    assert set(run(item("item05"), calendar).unreached) == {
        *("T14", "T15", "T16", "T17", "T18", "T19", "T20", "T27", "T30", "T31", "T32"),
    }


def test_a_fee_that_cannot_be_told(calendar: WorkCalendar) -> None:
    body = item("item09")
    del body["fee"]["rules"][1]
    assert "fee_undetermined" in problems(run(body, calendar))
    body["fee"]["amount_set_by"] = "BACK_OFFICE"
    assert "fee_undetermined" not in problems(run(body, calendar))


def test_an_item_for_nobody(calendar: WorkCalendar) -> None:
    body = item("item05")
    either = [
        {"field": "form.in_nature_reserve", "op": "eq", "value": one} for one in (True, False)
    ]
    put(body, "exemption_rules/1/when", {"any": either})
    assert "nobody_can_apply" in problems(run(body, calendar))


def test_too_many_combinations_are_looked_at_one_by_one(calendar: WorkCalendar) -> None:
    body = item("item01")
    switch = body["form_schema"]["properties"]["has_central_ac"]
    for number in range(13):
        body["form_schema"]["properties"][f"switch_{number}"] = switch
        body["form_schema"]["required"].append(f"switch_{number}")
        material = {**body["materials"][6], "code": f"N{number}", "name": f"报告{number}"}
        material["condition"] = {"field": f"form.switch_{number}", "op": "eq", "value": True}
        body["materials"].append(material)
    simulation = run(body, calendar)
    assert not simulation.complete and simulation.problems == ()
    asked = {code for branch in simulation.branches for code in branch.materials}
    assert {f"N{number}" for number in range(13)} <= asked


def test_the_report_is_the_same_every_time_and_says_it_all(calendar: WorkCalendar) -> None:
    text = report(run(item("item05"), calendar))
    assert text == report(run(item("item05"), calendar))
    for words in ("林木采伐许可证核发", "PERMIT_NOT_REQUIRED 森林法56", "先办后验", "问题: 0个"):
        assert words in text
    walk = run(item("item08"), calendar).walks[0]
    assert path_of(walk).startswith("草稿 -T01-> 已提交(待预审) -T03-> 预审中 -T09-> 已受理")


COMPARISONS: list[dict[str, Any]] = [
    {"field": "form.volume_m3", "op": "gt", "value": 15},
    {"field": "form.volume_m3", "op": "lt", "value": 15.005},
    {"field": "form.area_mu", "op": "eq", "value": 2.25},
    {"field": "applicant.age", "op": "ge", "value": 80},
    {"field": "form.species", "op": "in", "value": ["竹", "杉木"]},
    {"field": "form.felling_location", "op": "ne", "value": "北桥镇桥头村"},
    {"field": "agent", "op": "not_null"},
]


@pytest.mark.parametrize("data", COMPARISONS, ids=lambda data: f"{data['field']} {data['op']}")
def test_both_outcomes_of_a_comparison_have_a_stand_in(data: dict[str, Any]) -> None:
    body = item("item05", applicant_types=["NATURAL_PERSON", "COOPERATIVE"])
    condition = parse(data)
    outcomes = {condition.holds(facts) for facts in branches.combinations(body, [condition])}
    assert outcomes == {True, False}


def test_a_window_between_two_numbers_is_found() -> None:
    narrow = parse(
        {
            "all": [
                {"field": "form.volume_m3", "op": "gt", "value": 15},
                {"field": "form.volume_m3", "op": "lt", "value": 15.5},
            ]
        }
    )
    found = list(branches.combinations(item("item05"), [narrow]))
    assert any(narrow.holds(facts) for facts in found)
    closed = parse(
        {
            "all": [
                {"field": "form.volume_m3", "op": "gt", "value": 15},
                {"field": "form.volume_m3", "op": "lt", "value": 15},
            ]
        }
    )
    assert not any(closed.holds(facts) for facts in branches.combinations(item("item05"), [closed]))


def test_only_people_have_an_age() -> None:
    both = parse(
        {
            "all": [
                {"field": "applicant.type", "op": "eq", "value": "COOPERATIVE"},
                {"field": "applicant.age", "op": "ge", "value": 18},
            ]
        }
    )
    found = list(branches.combinations(item("item05"), [both]))
    assert found and not any(both.holds(facts) for facts in found)
