"""Powers (三权分立): which roles one person may hold, and in which unit.

GB/T 22239-2019, 8.1.5: who administers, who audits and who works with the data are three people.
"""

from collections.abc import Collection

from models.rules.events import Role
from models.rules.units import UnitKind

STAFF_ROLES = (
    Role.WINDOW,
    Role.DEPT,
    Role.SUPERVISOR,
    Role.AUDITOR,
    Role.ADMIN,
)
# Held alone: neither has any business with a case.
ALONE = frozenset({Role.AUDITOR, Role.ADMIN})
_ONLY_IN = {
    Role.DEPT: frozenset({UnitKind.AGENCY}),
    Role.SUPERVISOR: frozenset({UnitKind.COUNTY_CENTER}),
}


def may_hold(roles: Collection[Role], kind: UnitKind) -> bool:
    """Tell whether one person in a unit of this kind may hold these roles together."""
    held = set(roles)
    if not held or not held <= set(STAFF_ROLES):
        return False
    if held & ALONE and len(held) > 1:
        return False
    return all(kind in _ONLY_IN.get(role, frozenset(UnitKind)) for role in held)
