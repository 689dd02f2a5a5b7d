"""Reading (自动预审): what an item declares about its materials is what the machine can check."""

from collections.abc import Iterator

from models.rules.lint.finding import Body, Hit, Policy, Rule, Severity
from models.rules.reading.wants import Owner, Wants, wants_of


def readable(value: object) -> bool:
    """Tell whether a ``reading`` entry says only what is known."""
    try:
        return wants_of({"reading": value}) is not None
    except (KeyError, ValueError, TypeError, AttributeError):
        return False


def fields_unknown(body: Body, _: Policy) -> Iterator[Hit]:
    """A field that is to be compared or filled is on the form."""
    form = body["form_schema"]["properties"]
    for place, material in enumerate(body["materials"]):
        wants = wants_of(material)
        if wants is None:
            continue
        for name in _named(wants):
            if name not in form:
                yield Hit(f"/materials/{place}/reading", name)


def _named(wants: Wants) -> Iterator[str]:
    yield from (name for name in (wants.name, wants.number) if name is not None)
    yield from (name for name, _ in wants.fills)


def owner_unsaid(body: Body, _: Policy) -> Iterator[Hit]:
    """Whose a document is, when the form says it, has to be one of its fields."""
    for place, material in enumerate(body["materials"]):
        wants = wants_of(material)
        if wants is not None and wants.owner is Owner.FORM and not (wants.name or wants.number):
            yield Hit(f"/materials/{place}/reading", str(material["name"]))


_BASIS = "design: 自动预审"
RULES = (
    Rule(
        "reading_field_unknown",
        Severity.REFUSES,
        "自动预审要用的字段“{}”不在表单里。",
        _BASIS,
        fields_unknown,
    ),
    Rule(
        "reading_owner_unsaid",
        Severity.REFUSES,
        "材料“{}”要和表单核对,但没有写和哪个字段核对。",
        _BASIS,
        owner_unsaid,
    ),
)
