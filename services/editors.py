"""Who looks after an item: its own department's officers, and supervisors."""

from collections.abc import Mapping
from typing import Any

from models.item import Item
from models.rules.events import Role
from services.actors import Actor, Officer
from services.errors import Forbidden


class ItemNotYours(Forbidden):
    """An item is written by the department whose it is, or by a supervisor (新乡方案2018)."""

    code = "item_not_yours"
    sentence = "只能处理本部门的事项。"


def sees(who: Officer, agency: str) -> bool:
    """Whether an officer sees what is being written about an agency's items."""
    return Role.SUPERVISOR in who.roles or (Role.DEPT in who.roles and agency == who.unit)


def check_editor(who: Officer, *agencies: str) -> None:
    """Raise ``ItemNotYours`` unless the officer looks after the items of all these agencies."""
    if not all(sees(who, agency) for agency in agencies):
        raise ItemNotYours


def acting(who: Officer) -> Actor:
    """Return the officer in the role in which they look after items."""
    return who.acting_as(Role.SUPERVISOR if Role.SUPERVISOR in who.roles else Role.DEPT)


async def check_author(who: Officer, body: Mapping[str, Any]) -> None:
    """Raise ``ItemNotYours`` for a body that takes over another department's item or codes."""
    uscc = body.get("agency_uscc")
    known = [
        *await Item.filter(code=body["code"]).values_list("agency", flat=True),
        *await Item.filter(agency_uscc=uscc if isinstance(uscc, str) else "")
        .distinct()
        .values_list("agency", flat=True),
    ]
    check_editor(who, str(body["agency"]), *map(str, known))
