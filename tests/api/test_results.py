"""Results over HTTP: handed in by machines, downloaded by their owners."""

import io
from hashlib import sha256
from uuid import uuid4

from tests import make
from tests.api import tokens
from tests.services import stages
from tests.services.channel import Pen
from tests.world import Answer, World

PDF = {"Content-Type": "application/pdf"}


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return answer.status, answer.json["code"]


async def test_a_result_goes_from_the_back_office_to_its_owner(world: World) -> None:
    filed, certificate = await stages.owing(world), make.pdf("permit")
    machine = tokens.of_machine(world, await make.machine(world, filed.item.agency_uscc))
    put = f"/backoffice/v1/cases/{(await filed.case()).case_no}/result"
    handed = await world.http.put(put, token=machine, data=certificate, headers=PDF)
    assert (handed.status, handed.json["size"]) == (201, len(certificate))
    again = await world.http.put(put, token=machine, data=certificate, headers=PDF)
    assert (again.status, again.json) == (200, handed.json)
    citizen, path = make.token(world, filed.citizen), f"/v1/cases/{filed.case_id}/result"
    assert problem(await world.http.get(path, token=citizen)) == (409, "payment_required")
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    await Pen(world).deliver(Pen(world).callback(Pen(world).trade(payable.order)))
    answer = await world.http.get(path, token=citizen)
    assert (answer.status, answer.body) == (200, certificate)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    etag = answer.headers["Etag"]
    assert etag == f'"{handed.json["sha256"]}"'
    same = await world.http.get(path, token=citizen, headers={"If-None-Match": etag})
    assert same.status == 304
    part = await world.http.get(path, token=citizen, headers={"Range": "bytes=0-3"})
    assert (part.status, part.body) == (206, b"%PDF")


async def test_what_is_no_document_is_refused(world: World) -> None:
    filed = await stages.owing(world)
    machine = tokens.of_machine(world, await make.machine(world, filed.item.agency_uscc))
    put = f"/backoffice/v1/cases/{(await filed.case()).case_no}/result"
    picture = await world.http.put(put, token=machine, data=make.jpeg(), headers=PDF)
    assert problem(picture) == (415, "material_type_refused")
    huge = io.BytesIO(b"%PDF-1.7\n" + bytes(20 * 1024 * 1024))
    too_large = await world.http.put(put, token=machine, data=huge, headers=PDF)
    assert problem(too_large) == (413, "material_too_large")
    nobody = await world.http.put(
        "/backoffice/v1/cases/none/result", token=machine, data=make.pdf(), headers=PDF
    )
    assert problem(nobody) == (404, "case_unknown")
    assert await world.rows("result_documents") == []


async def test_strangers_learn_nothing(world: World) -> None:
    filed = await stages.owing(world)
    case_no = (await filed.case()).case_no
    put, path = f"/backoffice/v1/cases/{case_no}/result", f"/v1/cases/{filed.case_id}/result"
    other = make.token(world, await make.citizen(world, make.LI))
    foreign = tokens.of_machine(world, await make.machine(world, "11511499MB9000015D"))
    for token, get_answer, put_answer in (
        (None, (401, "unauthenticated"), (401, "unauthenticated")),
        (other, (404, "case_unknown"), (401, "unauthenticated")),
        (foreign, (401, "unauthenticated"), (404, "case_unknown")),
    ):
        assert problem(await world.http.get(path, token=token)) == get_answer
        sent = await world.http.put(put, token=token, data=make.pdf(), headers=PDF)
        assert problem(sent) == put_answer
    assert await world.rows("result_documents") == []


async def test_a_result_is_declared_before_its_file(world: World) -> None:
    filed, certificate = await stages.owing(world), make.pdf("permit")
    item = await world.ctx.items.version((await filed.case()).item_version_id)
    machine = tokens.of_machine(world, await make.machine(world, filed.item.agency_uscc))
    path = f"/backoffice/v1/cases/{(await filed.case()).case_no}/result"
    person = await make.person(world)
    declared = {
        "sha256": sha256(certificate).hexdigest(),
        "number": "示城挖〔2026〕1号",
        "holder_name": person["name"],
        "holder_id_sha256": sha256(person["id_number"].encode()).hexdigest(),
        "issuing_agency": item.agency,
        "valid_from": "2026-03-02",
        "valid_until": "2026-04-02",
    }
    wrong = await world.http.post(
        f"{path}s", token=machine, json={**declared, "holder_name": "赵六"}
    )
    assert problem(wrong) == (409, "result_mismatch")
    assert [fault["pointer"] for fault in wrong.json["errors"]] == ["/holder_name"]
    assert await world.rows("result_declarations") == []
    first = await world.http.post(f"{path}s", token=machine, json=declared)
    assert (first.status, first.json["holder"]) == (201, "APPLICANT")
    again = await world.http.post(f"{path}s", token=machine, json=declared)
    assert (again.status, again.json) == (200, first.json)
    other = await world.http.put(path, token=machine, data=make.pdf("other"), headers=PDF)
    assert problem(other) == (409, "result_mismatch")
    assert await world.rows("result_documents") == []
    handed = await world.http.put(path, token=machine, data=certificate, headers=PDF)
    assert (handed.status, handed.json["sha256"]) == (201, declared["sha256"])
    year = await world.http.post(
        f"{path}s", token=machine, json={**declared, "valid_until": "2026-02-30"}
    )
    assert problem(year) == (422, "fields_invalid")
