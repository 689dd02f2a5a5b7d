"""Pages of a material over HTTP."""

import hashlib
import io

from PIL import Image, ImageChops

from models.rules.events import Role
from tests import make
from tests.api import tokens
from tests.world import World


async def test_photos_are_uploaded_ordered_and_opened(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world))
    token = make.token(world, filed.citizen)
    ids = []
    for text in ("one", "two"):
        sent = await world.http.put("/v1/uploads", token=token, data=make.jpeg(text))
        assert sent.status == 201
        ids.append(sent.json["id"])
    place = f"/v1/cases/{filed.case_id}/materials/M02/pages"
    made = await world.http.put(place, token=token, json={"pages": ids[::-1]})
    assert (made.status, made.json["pages"], made.json["mime"]) == (201, 2, "application/pdf")
    again = await world.http.put(place, token=token, json={"pages": ids[::-1]})
    assert (again.status, again.json["id"]) == (200, made.json["id"])
    base = f"/v1/materials/{made.json['id']}/pages"
    listed = (await world.http.get(base, token=token)).json["pages"]
    digests = [hashlib.sha256(make.jpeg(text)).hexdigest() for text in ("two", "one")]
    assert [(page["no"], page["sha256"]) for page in listed] == [(1, digests[0]), (2, digests[1])]
    for name, size in (("content", (800, 600)), ("thumbnail", (480, 360))):
        page = await world.http.get(f"{base}/2/{name}", token=token)
        assert page.headers["Content-Disposition"].startswith("attachment")
        with Image.open(io.BytesIO(page.body)) as seen:
            assert (page.status, seen.size) == (200, size)
    staff = tokens.of_staff(world, await make.officer(world, (Role.WINDOW, Role.DEPT)))
    await world.ctx.submissions.submit(filed.citizen, filed.case_id, "key-of-this-test")
    first = f"/staff/v1/materials/{made.json['id']}/pages/1/content"
    seen_by_staff = await world.http.get(first, token=staff, params={"original": "1"})
    assert hashlib.sha256(seen_by_staff.body).hexdigest() == digests[0]
    # What an officer looks at says what it is for; the citizen's own copy does not.
    marked = await world.http.get(first, token=staff)
    plain = await world.http.get(f"{base}/1/content", token=token)
    assert (marked.status, plain.status) == (200, 200)
    with Image.open(io.BytesIO(marked.body)) as seen, Image.open(io.BytesIO(plain.body)) as own:
        assert ImageChops.difference(seen.convert("L"), own.convert("L")).getbbox() is not None
    beyond = await world.http.get(first.replace("/1/", "/3/"), token=staff)
    assert (beyond.status, beyond.json["code"]) == (404, "page_unknown")
    whole = await world.http.get(f"/v1/materials/{made.json['id']}/content", token=token)
    assert whole.body.startswith(b"%PDF-")


async def test_what_is_no_order_is_refused(world: World) -> None:
    filed = await make.draft(world, await make.citizen(world))
    token = make.token(world, filed.citizen)
    place = f"/v1/cases/{filed.case_id}/materials/M02/pages"
    before = await world.rows("materials")
    some = "01a22156-8593-77c4-9113-2424cbb87bc1"
    bodies: list[dict[str, object]] = [{}, {"pages": []}, {"pages": ["x"]}, {"pages": some}]
    for body in (*bodies, {"pages": [some] * 31}):
        answer = await world.http.put(place, token=token, json=body)
        assert (answer.status, answer.json["code"]) == (422, "fields_invalid"), body
    answer = await world.http.put(place, token=token, json={"pages": [some]})
    assert (answer.status, answer.json["code"]) == (404, "page_unknown")
    for path in ("/0/content", "/99999999999999999999/content", "/1/thumbnail"):
        answer = await world.http.get(f"/v1/materials/{some}/pages{path}", token=token)
        assert answer.status == 404
    assert await world.rows("materials") == before
