"""Joint items (联办件): several departments, one filing, and nothing that is not one of theirs."""

from collections.abc import Iterator

from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity

LEAST = 2


def joint_of_one(body: Body, _: Policy) -> Iterator[Hit]:
    """A joint item has two children or more, each once, and not itself."""
    codes = [child["code"] for child in body.get("joint_items", ())]
    if codes and (len(set(codes)) < max(LEAST, len(codes)) or body["code"] in codes):
        yield Hit("/joint_items")


def joint_charges(body: Body, _: Policy) -> Iterator[Hit]:
    """What is charged is charged by the department that does it, once."""
    if body.get("joint_items") and body["fee"]["charged"]:
        yield Hit("/fee/charged")


def joint_at_the_window(body: Body, _: Policy) -> Iterator[Hit]:
    """A filing that is split by the system is filed online, whole."""
    if body.get("joint_items") and body["flags"]["online_depth"] == "PRE_REVIEW_THEN_WINDOW":
        yield Hit("/flags/online_depth")


def joint_material_unknown(body: Body, _: Policy) -> Iterator[Hit]:
    """A child takes its materials from those that are asked for."""
    known = {material["code"] for material in body["materials"]}
    for place, child in enumerate(body.get("joint_items", ())):
        for code, source in child.get("materials", {}).items():
            if source not in known:
                yield Hit(f"/joint_items/{place}/materials/{code}", source)


_R = Severity.REFUSES
_BASIS = "青神方案2018 联办件"
# fmt: off
RULES = (
    Rule("joint_of_one", _R, "联办件至少要有两个不同的事项,也不能包含自己。", _BASIS, joint_of_one),
    Rule("joint_charges", _R, "联办件本身不收费,由各部门的事项收费。", _BASIS, joint_charges),
    Rule("joint_at_the_window", _R, "联办件要能全程网上提交,由系统分给各部门。", _BASIS,
         joint_at_the_window),
    Rule("joint_material_unknown", _R, "联办事项要用的材料“{}”不在申请材料里。", _BASIS,
         joint_material_unknown),
)
# fmt: on
