"""代办员 act for who has no phone: once somebody else has seen the signature."""

from pathlib import Path

import pytest

from models.account import Account
from models.mandate import Mandate, ProxyAgent
from models.message import Message
from models.rules.events import Role
from models.rules.mandates import Act
from services.access import CaseUnknown, PrincipalUnknown
from services.actors import Citizen, Officer
from services.errors import MaterialTypeRefused, MaterialUnreadable, Problem
from services.identities import Identity
from services.infections import REFUSED
from services.mandate_terms import MandateRefused, MandateSettled, MandateUnknown
from services.proxies import (
    Errand,
    NotProxyAgent,
    PrincipalNotFound,
    ProofMissing,
    ProxyUnknown,
)
from services.quarantine import FileInfected, FileQuarantined, check_release
from tests import make
from tests.integrations.scanning import VIRUS, FakeClamd
from tests.services import mandating, stages
from tests.services.keeping import scanned_by
from tests.services.mandating import CHEN_MING, GRANDMOTHER, account_of
from tests.services.test_mandates import refused
from tests.world import World

ACTS = (Act.FILL, Act.SUBMIT, Act.SIGN, Act.RECEIVE)


async def errand(world: World, person: Identity = GRANDMOTHER, item: str = "ITEM06") -> Errand:
    offered = mandating.offer(world, person, ACTS)
    return Errand(person, offered.acts, await make.item_code(item), offered.until)


async def proxy(world: World) -> tuple[Citizen, Officer]:
    """Return 陈明 as 代办员, and who appointed him."""
    chen = await make.citizen(world, mandating.CHEN)
    chief = await make.officer(world, (Role.SUPERVISOR,))
    await world.ctx.proxies.appoint(chief, CHEN_MING, "北桥镇便民服务中心")
    return chen, chief


@pytest.mark.requirement("专职代办员")
async def test_it_holds_once_the_window_has_seen_the_signature(world: World) -> None:
    chen, _ = await proxy(world)
    officer = await make.officer(world)
    mandate = await world.ctx.proxies.start(chen, await errand(world))
    grandmother = await account_of(world, GRANDMOTHER)
    assert (mandate.principal_id, mandate.status) == (grandmother, "UNPROVEN")
    code = await make.item_code("ITEM06")

    def opening(who: Citizen = chen) -> object:
        return world.ctx.cases.open_draft(who, code, another=False, applicant=grandmother)

    await refused(PrincipalUnknown, opening())  # type: ignore[arg-type]
    judge = world.ctx.proxies.judge
    basis = "授权书上有本人签字,身份证核对一致"
    await refused(ProofMissing, judge(officer, mandate.id, seen=True, basis=basis, in_person=False))
    await world.ctx.proxies.put_proof(chen, mandate.id, make.chunked(make.jpeg("授权委托书")))
    [waiting] = await world.ctx.proxies.waiting()
    assert waiting.id == mandate.id
    scan = await world.ctx.proxies.open_proof(officer, mandate.id)
    assert scan.mime == "image/jpeg"
    await judge(officer, mandate.id, seen=True, basis=basis, in_person=False)
    filed = await stages.drafted(world, chen, "ITEM06", grandmother)
    assert (await filed.case()).mandate_kind == "PROXY"
    other = await make.citizen(world, make.LI)
    await refused(CaseUnknown, world.ctx.cases.get(other, filed.case_id))
    assert await world.ctx.proxies.waiting() == []


async def test_in_person_needs_no_scan(world: World) -> None:
    chen, _ = await proxy(world)
    officer = await make.officer(world)
    mandate = await world.ctx.proxies.start(chen, await errand(world))
    judge = world.ctx.proxies.judge
    basis = "本人到窗口口述,核对身份证,现场录音"
    judged = await judge(officer, mandate.id, seen=True, basis=basis, in_person=True)
    assert (judged.status, judged.basis, judged.proven_by) == ("ACTIVE", basis, officer.id)


async def test_what_the_window_refuses_never_holds(world: World) -> None:
    chen, _ = await proxy(world)
    officer = await make.officer(world)
    mandate = await world.ctx.proxies.start(chen, await errand(world))
    judge = world.ctx.proxies.judge
    await judge(officer, mandate.id, seen=False, basis="签字不是本人的", in_person=False)
    for again in (True, False):
        await refused(
            MandateSettled, judge(officer, mandate.id, seen=again, basis="再看", in_person=True)
        )
    assert await world.ctx.mandates.principals(chen) == []
    assert (await Mandate.get(id=mandate.id)).status == "DECLINED"


async def test_only_who_was_appointed(world: World) -> None:
    chen, chief = await proxy(world)
    wang = await make.citizen(world)
    await refused(NotProxyAgent, world.ctx.proxies.start(wang, await errand(world)))
    mandate = await world.ctx.proxies.start(chen, await errand(world))
    await world.ctx.proxies.dismiss(chief, chen.account_id)
    assert (await Mandate.get(id=mandate.id)).ended_why == "代办员不再任职"
    await refused(NotProxyAgent, world.ctx.proxies.start(chen, await errand(world)))
    await refused(ProxyUnknown, world.ctx.proxies.dismiss(chief, chen.account_id))
    await refused(
        ProxyUnknown, world.ctx.proxies.appoint(chief, Identity("李秀芳", CHEN_MING.id_number), "x")
    )
    assert await ProxyAgent.filter(ended_at=None).count() == 0


async def test_what_cannot_be_started(world: World) -> None:
    chen, _ = await proxy(world)
    before = await Account.all().count()
    start = world.ctx.proxies.start
    whole = await errand(world)
    await refused(MandateRefused, start(chen, await errand(world, CHEN_MING)))
    await refused(MandateRefused, start(chen, await errand(world, item="ITEM11")))
    wrong = Identity("张桂花", GRANDMOTHER.id_number)
    await refused(PrincipalNotFound, start(chen, await errand(world, wrong)))
    # Nobody who is paid to help says how well they did.
    rating = Errand(whole.principal, frozenset({Act.RATE}), whole.item_code, whole.until)
    await refused(MandateRefused, start(chen, rating))
    assert (await Account.all().count(), await world.rows("mandates")) == (before, [])


async def test_a_second_start_is_the_first(world: World) -> None:
    chen, _ = await proxy(world)
    first = await world.ctx.proxies.start(chen, await errand(world))
    assert (await world.ctx.proxies.start(chen, await errand(world))).id == first.id


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"MZ not a picture", MaterialTypeRefused), (make.jpeg()[:200], MaterialUnreadable)],
)
async def test_a_scan_is_checked_like_any_file(
    world: World, content: bytes, error: type[Problem]
) -> None:
    chen, _ = await proxy(world)
    mandate = await world.ctx.proxies.start(chen, await errand(world))
    await refused(error, world.ctx.proxies.put_proof(chen, mandate.id, make.chunked(content)))
    stranger = await make.citizen(world, make.LI)
    await refused(
        MandateUnknown,
        world.ctx.proxies.put_proof(stranger, mandate.id, make.chunked(make.jpeg())),
    )
    assert (await Mandate.get(id=mandate.id)).proof is None


async def test_a_virus_in_a_letter_of_authority_has_it_sent_again(
    world: World, tmp_path: Path
) -> None:
    chen, _ = await proxy(world)
    officer = await make.officer(world)
    mandate = await world.ctx.proxies.start(chen, await errand(world))
    address = str(tmp_path / "clamd")
    async with FakeClamd().listening(address), scanned_by(world, address) as parts:
        letter = make.chunked(make.pdf("授权委托书") + VIRUS)
        await parts.context.proxies.put_proof(chen, mandate.id, letter)
        waiting = await parts.context.proxies.open_proof(officer, mandate.id)
        with pytest.raises(FileQuarantined):
            await check_release(waiting.key)
        await parts.worker().drain()
        with pytest.raises(FileInfected):
            await check_release(waiting.key)
    assert (await Mandate.get(id=mandate.id)).proof is None
    [message] = await Message.filter(key__startswith="infected:")
    assert (message.account_id, message.data["thing2"]) == (chen.account_id, REFUSED)
    with pytest.raises(MandateUnknown):
        await world.ctx.proxies.open_proof(officer, mandate.id)
