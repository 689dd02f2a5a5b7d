"""Stored files in a world of its own: their rows, their objects, and how old they are."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from composition import Parts, compose
from models.database import rows
from models.material import Material
from models.stored_file import StoredFile
from services.ports import TakenIn
from tests import make
from tests.make import Filed
from tests.uploads.drawing import tree
from tests.world import World

WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)
LIMIT = 20 * 1024 * 1024


def folder_of(world: World) -> Path:
    return world.settings.data_dir / "materials"


def objects(world: World) -> set[str]:
    """Return the places of all objects on disk."""
    return {name for name in tree(folder_of(world)) if name.startswith("objects/")}


async def places() -> set[str]:
    """Return the places that the register names."""
    return {str(row["place"]) for row in await rows("SELECT place FROM stored_files")}


def age(world: World) -> None:
    """Let every object on disk be older than what is swept."""
    then = (world.clock.now() - 5 * WEEK).timestamp()
    for place in objects(world):
        os.utime(folder_of(world) / place, (then, then))


async def taken(world: World, content: bytes) -> TakenIn:
    """Store an upload that nobody refers to (yet)."""
    files = world.parts.adapters.files
    return await files.take_in(make.chunked(content), max_bytes=LIMIT, formats=("jpg", "pdf"))


async def upload(parts: Parts, filed: Filed, code: str, content: bytes) -> Material:
    chunks = make.chunked(content)
    done = await parts.context.materials.upload(filed.citizen, filed.case_id, code, chunks, "a.jpg")
    return done.held.material


async def read(world: World, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in world.parts.adapters.files.read(key, start, end)])


async def file_of(key: str) -> StoredFile:
    return await StoredFile.get(key=key)


async def material(material_id: UUID) -> Material:
    return await Material.get(id=material_id)


@asynccontextmanager
async def scanned_by(world: World, address: str) -> AsyncIterator[Parts]:
    """Give the same installation with a scanner."""
    settings = world.settings.model_copy(update={"clamav_address": address})
    parts = compose(settings, world.clock)
    try:
        yield parts
    finally:
        await parts.adapters.close()
        # Connections that were given back are closed a turn later.
        await asyncio.sleep(0)
