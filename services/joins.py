"""Joining: two accounts of one person become one, once it is proven that both are theirs."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from models.account import Account, JoinOffer, Person, Session
from models.database import rows
from models.rules.levels import Level
from models.rules.ways import Way
from models.unit import transaction
from services import saved
from services.actors import Citizen
from services.audit import Audit
from services.entrances import Entrances
from services.errors import Conflict, NotFound, Unauthenticated
from services.ports import Tokens
from services.profiles import SignedIn
from services.real_names import PROOF_FACE, PROOF_LOGIN
from services.sessions import CITIZEN_AUDIENCE, Arrival
from services.tidings import Tiding
from services.ways import hold

FRESH = timedelta(minutes=10)

# A draft of an item that the other account has a draft of as well stays as one more.
DRAFTS = """
UPDATE cases SET extra_draft = true WHERE account_id = $1 AND state = 'DRAFT' AND item_id IN
  (SELECT item_id FROM cases WHERE account_id = $2 AND state = 'DRAFT' AND NOT extra_draft)"""
# Nobody acts for themselves by a mandate.
OWN_MANDATES = """
UPDATE mandates SET status = 'ENDED', ended_at = $2, ended_by = $1, ended_why = '两个账号已经合并'
WHERE principal_id = $1 AND agent_id = $1 AND status IN ('OFFERED', 'UNPROVEN', 'ACTIVE')"""
# What both have answered stands as the older account answered it; so does what both ask for.
ANSWERS = """
UPDATE consents SET superseded_at = $3 WHERE account_id = $1 AND case_id IS NULL
  AND superseded_at IS NULL AND purpose IN (SELECT purpose FROM consents WHERE account_id = $2
    AND case_id IS NULL AND superseded_at IS NULL)"""
REQUESTS = """
UPDATE personal_requests SET status = 'WITHDRAWN', ended_at = $3 WHERE account_id = $1
  AND status = 'OPEN' AND kind IN (SELECT kind FROM personal_requests WHERE account_id = $2
    AND status = 'OPEN')"""
# Every table that names an account as its owner and what becomes of it: tests compare this with
# the database, so that a new table cannot be forgotten.
MOVED = (
    ("wechat_identities", "account_id"),
    ("login_identities", "account_id"),
    ("cases", "account_id"),
    ("consents", "account_id"),
    ("personal_requests", "account_id"),
    ("credit_events", "account_id"),
    ("face_checks", "account_id"),
    ("messages", "account_id"),
    ("mandates", "principal_id"),
    ("mandates", "agent_id"),
    ("proxy_agents", "account_id"),
    ("co_applicants", "account_id"),
    ("uploads", "account_id"),
    ("vault_entries", "account_id"),
)
# Who did something, by a plain number: the account that is left is who did it.
DONE_BY = (("cases", "filed_by"), ("consents", "given_by"), ("mandates", "granted_by"))
LEFT_BEHIND = (
    ("persons", "account_id"),
    ("sessions", "account_id"),
    ("join_offers", "account_id"),
    ("join_offers", "target_id"),
    # Nobody comes in as an organisation, so none is ever the account that joins.
    ("enterprises", "account_id"),
)


class JoinUnknown(NotFound):
    """No such offer, not the asker's, used, or too old."""

    code = "join_unknown"
    sentence = "合并账号的请求已经失效,请重新做实名认证。"


class JoinNotProven(Conflict):
    """It is not shown that the asker controls both accounts."""

    code = "join_not_proven"
    sentence = "请先证明原来的账号也是您的:用原来的方式登录(10分钟内有效),或者做人脸核验。"


@dataclass(frozen=True)
class Joins:
    entrances: Entrances
    tokens: Tokens
    audit: Audit

    @transaction
    async def join(self, who: Citizen, offer_id: UUID, other_token: str | None) -> SignedIn:
        """Move everything of the asker's account to the account that is the same person's.

        ``other_token`` is an access token of the other account, of a session that was opened in
        the last 10 minutes; none is needed after a face check. Raises ``JoinUnknown`` or
        ``JoinNotProven``; then nothing changed.
        """
        now = self.entrances.clock.now()
        offer = await JoinOffer.get_or_none(id=offer_id, account_id=who.account_id)
        if offer is None:
            raise JoinUnknown
        mine, theirs = offer.account_id, offer.target_id
        await self._hold(mine, theirs)
        offer = await JoinOffer.select_for_update().get(id=offer_id)
        if offer.used_at is not None or now >= offer.expires_at:
            raise JoinUnknown
        proof = offer.proof or await self._proof(other_token, theirs)
        await JoinOffer.filter(id=offer.id).update(used_at=now, proof=proof)
        arrival = await self._arrival(who)
        # Told first: afterwards the one account has no address left.
        await self.entrances.tidings.tell(mine, Tiding.JOINED)
        await self.entrances.tidings.tell(theirs, Tiding.JOINED)
        await self.entrances.sessions.end(mine)
        await self._move(mine, theirs, surely=proof == PROOF_FACE)
        data = {"from": str(mine), "proof": proof}
        await self.audit.record(who.actor, "account.joined", "account", theirs, data)
        grant = await self.entrances.sessions.open(theirs, arrival)
        return SignedIn(grant, await self.entrances.profiles.of(theirs))

    async def _hold(self, mine: UUID, theirs: UUID) -> None:
        try:
            await hold({mine, theirs})
        except Unauthenticated as error:
            # One of them has joined another meanwhile, perhaps by this very offer.
            raise JoinUnknown from error

    async def _proof(self, other_token: str | None, theirs: UUID) -> str:
        if other_token is None:
            raise JoinNotProven
        try:
            claims = self.tokens.read(other_token, audience=CITIZEN_AUDIENCE)
        except Unauthenticated as error:
            raise JoinNotProven from error
        now = self.entrances.clock.now()
        session = await Session.get_or_none(id=UUID(claims["sid"]), account_id=theirs)
        if session is None or not session.is_open(now) or now - session.created_at > FRESH:
            raise JoinNotProven
        return PROOF_LOGIN

    async def _arrival(self, who: Citizen) -> Arrival:
        session = await Session.get(id=who.session_id)
        return Arrival(Way(session.way), session.way_id, session.device)

    async def _move(self, mine: UUID, theirs: UUID, *, surely: bool) -> None:
        emptier = await Account.get(id=mine)
        kept = await Account.get(id=theirs)
        await rows(DRAFTS, [mine, theirs])
        for settling in (ANSWERS, REQUESTS):
            await rows(settling, [mine, theirs, self.entrances.clock.now()])
        for table, column in (*MOVED, *DONE_BY):
            # The names are our own constants, two lines above.
            sql = f"UPDATE {table} SET {column} = $1 WHERE {column} = $2"  # noqa: S608
            await rows(sql, [theirs, mine])
        await saved.settle(theirs)
        await rows(OWN_MANDATES, [theirs, self.entrances.clock.now()])
        await self._merge_persons(mine, theirs, surely=surely)
        changes = {"level": max(kept.level, Level.FACE) if surely else kept.level}
        if kept.phone_sealed is None and emptier.phone_sealed is not None:
            await Account.filter(id=theirs).update(
                phone_sealed=emptier.phone_sealed, phone_index=emptier.phone_index, **changes
            )
        else:
            await Account.filter(id=theirs).update(**changes)
        await Account.filter(id=mine).update(
            joined_id=theirs, level=0, phone_sealed=None, phone_index=None
        )

    async def _merge_persons(self, mine: UUID, theirs: UUID, *, surely: bool) -> None:
        """Leave one person; number and assertion complete each other if they are surely one's."""
        other = await Person.get_or_none(account_id=mine)
        if other is None:
            return
        kept = await Person.get(account_id=theirs)
        await Person.filter(account_id=mine).delete()
        if not surely:
            return
        if kept.id_number_index is None and other.id_number_index is not None:
            await Person.filter(account_id=theirs).update(
                id_number_sealed=other.id_number_sealed, id_number_index=other.id_number_index
            )
        if kept.assertion_index is None and other.assertion_index is not None:
            await Person.filter(account_id=theirs).update(
                assertion_type=other.assertion_type, assertion_index=other.assertion_index
            )
