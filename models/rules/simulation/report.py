"""A simulation as a text to read before one signs."""

from collections.abc import Iterator, Mapping
from typing import Any

from models.rules.branches import AGENT
from models.rules.simulation.run import Branch, Simulation, Walk
from models.rules.states import State

_WORDS: Mapping[Any, str] = {True: "是", False: "否", None: "没有"}
_NAMES = {"agent": "代理人", "applicant.type": "申请人类型", "applicant.age": "申请人年龄"}


def report(simulation: Simulation) -> str:
    """Return the whole report, one line for each thing."""
    return "\n".join(_lines(simulation)) + "\n"


def _lines(simulation: Simulation) -> Iterator[str]:
    body = simulation.body
    yield f"事项: {body['name']} ({body['code']}) 版本 {body['version']}"
    yield f"开始: {simulation.start.isoformat()}"
    yield "期限:"
    for due in simulation.dues:
        yield f"  {due.name}: {due.limit.text},到{due.last_day.isoformat()}"
    outcomes = grouped(simulation)
    looked = "全部" if simulation.complete else "太多,逐个条件看了"
    yield f"申请人: {looked}{len(simulation.branches)}种答案,{len(outcomes)}种结果"
    for number, (branch, count) in enumerate(outcomes, start=1):
        yield from _outcome(simulation, number, branch, count)
    yield "走法:"
    for walk in simulation.walks:
        yield f"  {walk.flavour.zh}({'要缴费' if walk.owes else '不缴费'}): {path_of(walk)}"
    yield f"用到的步骤: {' '.join(simulation.rows)}"
    yield f"用不到的步骤: {' '.join(simulation.unreached) or '没有'}"
    yield f"问题: {len(simulation.problems)}个"
    for problem in simulation.problems:
        yield f"  {problem.code} {problem.pointer} {problem.sentence}"


def grouped(simulation: Simulation) -> list[tuple[Branch, int]]:
    """Return one branch for each outcome, with how many lead to it, in their order."""
    found: dict[tuple[object, ...], list[Branch]] = {}
    for branch in simulation.branches:
        found.setdefault(_outcome_of(branch), []).append(branch)
    return [(branches[0], len(branches)) for branches in found.values()]


def _outcome_of(branch: Branch) -> tuple[object, ...]:
    if branch.exemption:
        return ("exempt", branch.exemption.basis)
    return (branch.materials, branch.optional, branch.fee, branch.fee_fault)


def _outcome(simulation: Simulation, number: int, branch: Branch, count: int) -> Iterator[str]:
    yield f"  {number}. {facts_text(simulation.body, branch)} ({count}种)"
    if branch.exemption:
        yield f"     不需办理: {branch.exemption.reason_code} {branch.exemption.basis}"
        return
    optional = f";可交可不交 {' '.join(branch.optional)}" if branch.optional else ""
    yield f"     材料: {' '.join(branch.materials)}{optional}"
    yield f"     费用: {fee_text(branch)}"


def facts_text(body: Mapping[str, Any], branch: Branch) -> str:
    """Return the answers of a branch in words."""
    fields = body["form_schema"]["properties"]

    def said(field: str, value: Any) -> str:
        title = _NAMES.get(field) or fields[field.removeprefix("form.")]["title"]
        plain = value is None or isinstance(value, bool)
        word = _WORDS[value] if plain else "有" if value == AGENT else value
        return f"{title}={word}"

    return ", ".join(said(*fact) for fact in branch.facts.items()) or "所有人"


def fee_text(branch: Branch) -> str:
    """Return what a branch costs in yuan."""
    if branch.fee is None:
        return f"算不出({branch.fee_fault})"
    fen = branch.fee.total_fen
    return f"{fen // 100}.{fen % 100:02d}元" if branch.fee.lines else "不收费"


def path_of(walk: Walk) -> str:
    """Return the states of a walk with the rows between them."""
    if walk.steps is None:
        return "走不通"
    steps = [f" -{step.id}-> {step.to.state.zh}" for step in walk.steps]
    return State.DRAFT.zh + "".join(steps)
