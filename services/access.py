"""Who may do what in whose case: asked of the case itself, each time, and of nothing else.

There is no current principal in a session. A case belongs to its applicant; a request is allowed
when the asker is the applicant or holds a good mandate of theirs that covers this case and act.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from models.case import Case
from models.database import rows
from models.rules.mandates import WORKING, Act, MandateKind
from services.actors import Citizen
from services.errors import Forbidden, NotFound

_WORKING = ", ".join(f"'{act.value}'" for act in sorted(WORKING))
# Of a case c and a mandate m: the act is $2, the time $3.
SCOPE = f"""m.principal_id = c.account_id AND m.status = 'ACTIVE'
  AND m.valid_from <= $3 AND (m.valid_until IS NULL OR m.valid_until > $3)
  AND (m.item_id IS NULL OR m.item_id = c.item_id
    OR m.item_id = (SELECT p.item_id FROM cases p WHERE p.id = c.parent_id))
  AND (m.case_id IS NULL OR m.case_id IN (c.id, c.parent_id))
  AND ($2::text = 'VIEW' OR m.acts ? $2::text
    OR ($2::text = 'READ' AND m.acts ?| ARRAY[{_WORKING}]))"""  # noqa: S608
# Who asks is $1.
COVERS = f"{SCOPE} AND m.agent_id = $1"
# Who signs with the applicant sees what they sign.
SHARES = "SELECT FROM co_applicants o WHERE o.case_id = c.id AND o.account_id = $1"
MAY = f"""(c.account_id = $1 OR EXISTS (SELECT FROM mandates m WHERE {COVERS})
  OR ($2::text IN ('VIEW', 'READ') AND EXISTS ({SHARES})))"""
SEEN = f"SELECT c.* FROM cases c WHERE c.id = $4 AND {MAY}"  # noqa: S608
# Nearly everybody asks for what is their own: a question that costs half as much comes first.
OWN = "SELECT * FROM cases WHERE id = $1 AND account_id = $2"
# A mandate that is being ended meanwhile is waited for, and looked at again.
STANDING = f"""
SELECT m.id, m.kind FROM cases c JOIN mandates m ON {COVERS}
WHERE c.id = $4 ORDER BY m.id FOR SHARE OF m"""  # noqa: S608
RECEIVERS = f"""
SELECT DISTINCT m.agent_id FROM cases c JOIN mandates m ON {SCOPE}
WHERE c.id = $1 AND m.agent_id IS NOT NULL ORDER BY m.agent_id"""  # noqa: S608
POWERS = """
SELECT m.id, m.kind, m.acts, m.item_id, m.case_id, m.valid_until FROM mandates m
WHERE m.principal_id = $1 AND m.agent_id = $2 AND m.status = 'ACTIVE'
  AND m.valid_from <= $3 AND (m.valid_until IS NULL OR m.valid_until > $3)
ORDER BY m.id"""


class CaseUnknown(NotFound):
    """No such case, or not the asker's."""

    code = "case_unknown"
    sentence = "没有找到这个办件。"


class PrincipalUnknown(NotFound):
    """No such applicant, or nobody for whom the asker may act."""

    code = "principal_unknown"
    sentence = "您没有替这位申请人办事的授权。"


class ActNotGranted(Forbidden):
    """The asker may act in this case, but not so; ``facts`` name the act."""

    code = "act_not_granted"
    sentence = "授权里没有这一项,请申请人本人办理或者补充授权。"


@dataclass(frozen=True)
class Standing:
    """The mandate by which somebody acts in a case."""

    id: UUID
    kind: MandateKind


@dataclass(frozen=True)
class Given:
    """A mandate; ``None`` stands for every item, every case."""

    id: UUID
    kind: MandateKind
    acts: frozenset[Act]
    item_id: UUID | None
    case_id: UUID | None
    until: datetime | None


@dataclass(frozen=True)
class Power:
    """What an asker may do for a principal; ``given`` is None for their own affairs."""

    given: tuple[Given, ...] | None

    def all(self) -> frozenset[Act]:
        """Return every act that is given somewhere; every act there is for one's own affairs."""
        if self.given is None:
            return frozenset(Act)
        return frozenset(act for each in self.given for act in each.acts)

    def managing(self) -> Given | None:
        """Return the mandate by which its holder gives others a part of what it holds.

        One that is narrowed to an item or a case gives nothing on.
        """
        for each in self.given or ():
            if Act.MANAGE in each.acts and each.item_id is None and each.case_id is None:
                return each
        return None

    def by(self, act: Act, item_id: UUID) -> Given | None:
        """Return the mandate by which an act is allowed in any case of an item; None for one's own.

        Raises ``ActNotGranted``.
        """
        if self.given is None:
            return None
        for each in self.given:
            if act in each.acts and each.case_id is None and each.item_id in (None, item_id):
                return each
        raise ActNotGranted(facts={"act": act.value})


async def seen(who: Citizen, case_id: UUID, now: datetime, act: Act = Act.VIEW) -> Case:
    """Return a case that the asker may look at, or do this in.

    Raises ``CaseUnknown``, or ``ActNotGranted`` for an act that their mandate leaves out.
    """
    return await _found(who, case_id, now, act)


async def held(who: Citizen, case_id: UUID, now: datetime, act: Act) -> Case:
    """Return a case with its row held in which the asker may do this; raises like ``seen``.

    The mandate is held too: what ended it came before this, or comes after.
    """
    case = await _found(who, case_id, now, act, own=" FOR UPDATE", others=" FOR UPDATE OF c")
    await standing(who, case, now, act)
    return case


async def _found(
    who: Citizen, case_id: UUID, now: datetime, act: Act, *, own: str = "", others: str = ""
) -> Case:
    """Return a case, its row locked as the two endings of the statements say."""
    found = await rows(OWN + own, [case_id, who.account_id])
    if not found:
        found = await rows(SEEN + others, [who.account_id, act.value, now, case_id])
    if found:
        return Case._init_from_db(**found[0])
    if act is not Act.VIEW and await rows(SEEN, [who.account_id, Act.VIEW.value, now, case_id]):
        raise ActNotGranted(f"您的授权里没有“{act.zh}”这一项。", facts={"act": act.value})
    raise CaseUnknown


async def standing(who: Citizen, case: Case, now: datetime, act: Act) -> Standing | None:
    """Hold the mandate by which somebody acts in a case and return it; None for one's own.

    Raises ``CaseUnknown`` when it has ended meanwhile.
    """
    if case.account_id == who.account_id:
        return None
    found = await rows(STANDING, [who.account_id, act.value, now, case.id])
    if not found:
        raise CaseUnknown
    return Standing(found[0]["id"], MandateKind(found[0]["kind"]))


async def receivers(case_id: UUID, now: datetime) -> list[UUID]:
    """Return the accounts of who hears of a case beside its applicant."""
    found = await rows(RECEIVERS, [case_id, Act.RECEIVE.value, now])
    return [row["agent_id"] for row in found]


async def power(who: Citizen, principal_id: UUID, now: datetime) -> Power:
    """Return what the asker may do for a principal; raise ``PrincipalUnknown`` for nothing."""
    if principal_id == who.account_id:
        return Power(None)
    found = await rows(POWERS, [principal_id, who.account_id, now])
    if not found:
        raise PrincipalUnknown
    given = [
        Given(
            row["id"],
            MandateKind(row["kind"]),
            frozenset(map(Act, orjson.loads(row["acts"]))),
            row["item_id"],
            row["case_id"],
            row["valid_until"],
        )
        for row in found
    ]
    return Power(tuple(given))
