"""What a package holds, byte for byte: its body, its files, and what they are read by."""

from uuid import UUID

from pydantic import BaseModel
from sanic.response import HTTPResponse

from api.auth import PUBLIC, PULLING, READING
from api.call import Call
from api.files import send_bytes, send_file
from api.materials import KINDS
from api.routes import Binary, Routes
from services.actors import Machine
from services.handoff import LeaseLost, PackageUnknown
from services.materials import MaterialUnknown
from services.packages import SCHEMAS
from services.quarantine import KEPT_IN

handed = Routes("handoff", "/backoffice/v1", PULLING)
ROUTES = (handed,)


@handed.add(
    "GET",
    "/packages/<package_id:uuid>/body",
    answer=Binary(("application/json",), partial=True),
    errors=(PackageUnknown, LeaseLost),
    etag=True,
)
async def get_body(call: Call[Machine], package_id: UUID) -> HTTPResponse:
    """Download the body of a package that one has leased or acknowledged: its very bytes."""
    package = await call.ctx.handoff.body(call.who, package_id)
    signed = {} if package.signature is None else {"Package-Signature": package.signature}
    content = package.body.encode()
    return send_bytes(call.request, content, "application/json", package.digest, signed)


@handed.add(
    "GET",
    "/packages/<package_id:uuid>/materials/<material_id:uuid>",
    surface=READING,
    answer=Binary(KINDS, partial=True),
    errors=(MaterialUnknown, *KEPT_IN),
    etag=True,
)
async def get_material(call: Call[Machine], package_id: UUID, material_id: UUID) -> HTTPResponse:
    """Download a material of a package: the bytes that its applicant uploaded."""
    file = await call.ctx.materials.open_for_machine(call.who, package_id, material_id)
    return await send_file(call.request, call.ctx.materials.files, file)


@handed.add(
    "GET",
    "/packages/<package_id:uuid>/materials/<material_id:uuid>/pages/<no:int>",
    surface=READING,
    answer=Binary(KINDS, partial=True),
    errors=(MaterialUnknown, *KEPT_IN),
    etag=True,
)
async def get_page(
    call: Call[Machine], package_id: UUID, material_id: UUID, no: int
) -> HTTPResponse:
    """Download a photo that became a page of a material: the bytes that its applicant took."""
    file = await call.ctx.materials.open_for_machine(call.who, package_id, material_id, no)
    return await send_file(call.request, call.ctx.materials.files, file)


SCHEMA = Binary(("application/schema+json",))


def _schema(version: str) -> HTTPResponse:
    return HTTPResponse(SCHEMAS[version], content_type="application/schema+json")


@handed.add("GET", "/schemas/package-v1", surface=PUBLIC, answer=SCHEMA)
async def get_first_schema(call: Call[None]) -> HTTPResponse:
    """Show the JSON Schema that first packages had before version 3."""
    return _schema("1")


@handed.add("GET", "/schemas/package-v2", surface=PUBLIC, answer=SCHEMA)
async def get_following_schema(call: Call[None]) -> HTTPResponse:
    """Show the JSON Schema that packages which follow had before version 3."""
    return _schema("2")


@handed.add("GET", "/schemas/package-v3", surface=PUBLIC, answer=SCHEMA)
async def get_schema(call: Call[None]) -> HTTPResponse:
    """Show the JSON Schema of packages as they are made now."""
    return _schema("3")


class KeySet(BaseModel):
    """A JWK Set (RFC 7517): the present key of documents and packages, and retired ones."""

    keys: list[dict[str, str]]


@handed.add("GET", "/keys", surface=PUBLIC, answer=KeySet)
async def get_keys(call: Call[None]) -> KeySet:
    """Show the public keys that packages and documents are signed by."""
    return KeySet(keys=[dict(key) for key in call.ctx.handoff.crypto.public_keys()])
