"""Whether a body can be kept as a draft at all, however wrong it is."""

from typing import Any

from models.rules.lint.finding import Body
from models.rules.lint.kinds import text
from models.rules.numbers import is_handling_code

DEEPEST = 30


def can_be_kept(body: Body) -> bool:
    """Whether it names its item and its organ, and goes no deeper than any item does."""
    code, agency = body.get("code"), body.get("agency")
    return isinstance(code, str) and is_handling_code(code) and text(agency, 100) and _ends(body)


def _ends(body: Body) -> bool:
    level: list[Any] = [body]
    for _ in range(DEEPEST):
        level = [
            each
            for part in level
            if isinstance(part, dict | list)
            for each in (part.values() if isinstance(part, dict) else part)
        ]
    return not level
