"""Packages of version 3: photos, trust, notices, powers, consents, money, clocks, a signature."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from models.handoff import HandoffPackage
from models.material import Material
from models.material_page import MaterialPage
from models.notice import Notice
from models.payment import Fee, PaymentOrder
from services.packages import PURPOSE, SCHEMAS
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.mandating import offer, taken
from tests.world import World

VALIDATOR = Draft202012Validator(
    json.loads(SCHEMAS["3"]), format_checker=Draft202012Validator.FORMAT_CHECKER
)


async def told(world: World, filed: Filed, **which: Any) -> dict[str, Any]:
    """Return what a package of the case says, by the schema."""
    row = await HandoffPackage.filter(case_id=filed.case_id, **which).order_by("-seq").first()
    assert row is not None
    body: dict[str, Any] = json.loads(world.ctx.handoff.crypto.open(row.sealed, PURPOSE))
    VALIDATOR.validate(body)
    return body


def decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def verify(jwk: dict[str, str], signature: str, body: bytes) -> None:
    """Verify a detached JWS as a vendor does, with nothing of ours."""
    header, payload, raw = signature.split(".")
    assert payload == ""
    assert json.loads(decoded(header)) == {"alg": "ES256", "kid": jwk["kid"]}
    x, y = (int.from_bytes(decoded(jwk[name])) for name in ("x", "y"))
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    halves = decoded(raw)
    r, s = int.from_bytes(halves[:32]), int.from_bytes(halves[32:])
    signed = f"{header}.".encode() + urlsafe_b64encode(body).rstrip(b"=")
    key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))


@pytest.mark.requirement("实时流转电子材料")
async def test_a_package_is_signed_by_a_published_key(world: World) -> None:
    filed = await stages.reviewed(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    [package] = (await world.ctx.handoff.lease(machine, limit=1, seconds=60)).packages
    published = (await world.http.get("/backoffice/v1/keys")).json["keys"]
    assert [set(key) for key in published] == [{"kty", "crv", "kid", "use", "alg", "x", "y"}]
    assert package.signature is not None
    verify(published[0], package.signature, package.body.encode())
    with pytest.raises(InvalidSignature):
        verify(
            published[0], package.signature, package.body.replace("ACCEPTED", "REJECTED").encode()
        )


async def test_a_material_tells_its_photos_and_how_far_it_is_trusted(world: World) -> None:
    filed = await stages.drafted(world, await make.citizen(world), "ITEM10")
    bound = await Material.get(case_id=filed.case_id, code=filed.codes[0])
    [values] = await Material.filter(id=bound.id).values()
    shared = {name: values[name] for name in values if name in MaterialPage._meta.fields_map}
    shared.pop("id")
    for no in (2, 1):
        await MaterialPage.create(
            **{**shared, "material_id": bound.id, "no": no, "size": 100 + no, "mime": "image/jpeg"}
        )
    await Material.filter(id=bound.id).update(
        supply_mode="DATA_SHARED",
        trust_level="A",
        verification="DB_MATCHED",
        verification_source="省级共享平台",
        verified_at=world.clock.now(),
    )
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, "key-of-the-photos")
    officer = await make.officer(world, item=filed)
    await world.ctx.reviews.claim(officer, filed.case_id)
    for code in filed.codes:
        await world.ctx.reviews.put_verdict(officer, filed.case_id, code, "PASS")
    await world.ctx.reviews.accept(officer, filed.case_id)
    first, *others = (await told(world, filed))["materials"]
    assert [(photo["no"], photo["size"]) for photo in first["photos"]] == [(1, 101), (2, 102)]
    assert (first["supply"], first["trust"], first["verdict"]) == ("DATA_SHARED", "A", "PASS")
    assert first["verification"] == {
        "result": "DB_MATCHED",
        "source": "省级共享平台",
        "at": world.clock.now().isoformat(),
    }
    assert {each["trust"] for each in others} <= {"C", "D"}
    assert all(each["photos"] == [] for each in others)


async def test_a_package_names_notices_consents_and_clocks(world: World) -> None:
    filed = await stages.reviewed(world)
    body = await told(world, filed)
    notices = await Notice.filter(case_id=filed.case_id).order_by("issued_at", "id")
    assert [each["kind"] for each in body["notices"]] == [each.kind for each in notices]
    assert "N01" in [each["kind"] for each in body["notices"]]
    assert {each["purpose"]: each["answer"] for each in body["consents"]}["CASE_HANDLING"] == (
        "SHOWN"
    )
    running = {each["name"]: each["due_at"] for each in body["clocks"]["running"]}
    assert running["DECISION_PROMISED"] == body["clocks"]["promised_due_at"]
    assert "PAPER_HANDOVER" in running
    assert (body["authorisations"], body["electronic_service"]) == ([], None)


async def test_a_package_names_the_power_it_was_filed_by(world: World) -> None:
    principal = await make.citizen(world)
    agent = await make.citizen(world, make.LI)
    mandate = await taken(world, principal, agent, offer(world))
    filed = await stages.reviewed(world, who=agent, applicant=principal.account_id)
    [power] = (await told(world, filed))["authorisations"]
    assert (power["kind"], power["scope"]) == (mandate.kind, sorted(mandate.acts))
    assert power["until"] == (mandate.valid_until and mandate.valid_until.isoformat())


async def test_a_payment_after_acceptance_is_a_package_of_its_own(world: World) -> None:
    filed = await stages.owing(world)
    machine = await make.machine(world, filed.item.agency_uscc)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, "key-of-payment")
    before = await HandoffPackage.filter(case_id=filed.case_id).count()
    await stages.pay(world, payable)
    await world.ctx.payments.check(filed.citizen, filed.case_id)
    assert await HandoffPackage.filter(case_id=filed.case_id).count() == before + 1
    body = await stages.taken_over(world, machine, filed)
    VALIDATOR.validate(body)
    order = await PaymentOrder.get(case_id=filed.case_id)
    fee = await Fee.get(case_id=filed.case_id)
    assert (body["kind"], body["seq"], body["materials"]) == ("PAYMENT", before + 1, [])
    money = body["payment"]
    assert (money["status"], money["amount_fen"]) == ("PAID", stages.DIGGING_FEE)
    assert [each["settled_at"] for each in money["fees"]] == [
        fee.settled_at and fee.settled_at.isoformat()
    ]
    [settled] = money["settled"]
    assert (settled["order"], settled["channel"]) == (order.number, "WECHAT")
    assert (settled["transaction"], settled["amount_fen"]) == (
        order.transaction_id,
        stages.DIGGING_FEE,
    )
    # Heard again, it is no second package.
    await world.ctx.payments.check(filed.citizen, filed.case_id)
    assert await HandoffPackage.filter(case_id=filed.case_id, kind="PAYMENT").count() == 1


async def test_a_payment_before_acceptance_is_told_by_the_first_package(world: World) -> None:
    filed = await stages.reviewed(world, "ITEM11")
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, "key-of-payment")
    await stages.pay(world, payable)
    await world.ctx.payments.check(filed.citizen, filed.case_id)
    [row] = await HandoffPackage.filter(case_id=filed.case_id)
    body = await told(world, filed)
    assert (row.kind, body["payment"]["status"]) == ("ACCEPTED", "PAID")
    assert len(body["payment"]["settled"]) == 1


async def test_older_schemas_stay_published(world: World) -> None:
    for version, name in (("1", "package-v1"), ("2", "package-v2"), ("3", "package-v3")):
        answer = await world.http.get(f"/backoffice/v1/schemas/{name}")
        assert answer.json["$id"] == f"urn:zhangban:handoff-package:{version}"
        Draft202012Validator.check_schema(answer.json)


def test_the_schema_takes_no_payment_for_a_first_package() -> None:
    with pytest.raises(ValidationError):
        VALIDATOR.validate({"schema": "3", "kind": "PAYMENT", "seq": 1})
