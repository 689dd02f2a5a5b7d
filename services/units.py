"""Units (机构): the county's hall, its agencies and its townships, and who works there."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.database import Duplicate
from models.rules.events import Role
from models.rules.identity import UsccInvalid, read_uscc
from models.rules.units import UnitKind
from models.staff import OrgUnit, StaffMember
from models.unit import transaction
from services.actors import Actor, Office, Officer
from services.audit import Audit
from services.errors import Conflict, Invalid


class UnitUnknown(Invalid):
    """There is no such unit."""

    code = "unit_unknown"
    sentence = "没有这个机构。"


class UnitTaken(Conflict):
    """There is a unit of this id, name or code."""

    code = "unit_taken"
    sentence = "已经有相同编号、名称或统一社会信用代码的机构。"


class UnitInvalid(Invalid):
    """An agency has a 统一社会信用代码, which is its id; no other unit needs one."""

    code = "unit_invalid"
    sentence = "审批部门要填写正确的统一社会信用代码,上级机构要存在。"


def office_of(unit: OrgUnit) -> Office:
    """Return a unit as an officer carries it."""
    return Office(unit.id, unit.name, unit.kind, unit.uscc)


def officer_of(member: StaffMember) -> Officer:
    """Return a member of staff, whose unit was fetched, as who acts."""
    return Officer(member.id, frozenset(map(Role, member.roles)), office_of(member.unit))


@dataclass(frozen=True)
class Units:
    audit: Audit

    async def list(self) -> Sequence[OrgUnit]:
        """Return every unit."""
        return await OrgUnit.all().order_by("kind", "id")

    async def add(self, actor: Actor, unit: OrgUnit) -> OrgUnit:
        """Add a unit; raise ``UnitInvalid`` or ``UnitTaken``."""
        if unit.kind is UnitKind.AGENCY:
            try:
                unit.id = unit.uscc = read_uscc(unit.uscc or "")
            except UsccInvalid as error:
                raise UnitInvalid from error
        elif unit.uscc is not None:
            raise UnitInvalid
        try:
            return await self._add(actor, unit)
        except Duplicate as error:
            raise UnitTaken from error

    @transaction
    async def _add(self, actor: Actor, unit: OrgUnit) -> OrgUnit:
        if unit.parent_id is not None and not await OrgUnit.exists(id=unit.parent_id):
            raise UnitInvalid
        await unit.save(force_create=True)
        facts = {"kind": unit.kind.value, "name": unit.name}
        await self.audit.record(actor, "unit.add", "unit", unit.id, facts)
        return unit
