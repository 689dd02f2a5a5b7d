"""A process that stores uploads, and is killed at a step: ``python -m tests.services.storing``.

It reads an ``Order`` (JSON) from standard input and prints a line for each upload that was
answered: code, digest. At the step it gets SIGKILL, as from an operator or from the kernel.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from composition import Parts, compose
from models.material import Material
from services.actors import Citizen
from services.ports.files import DataKey, KeptFile, NewFile, ObjectStore, StoredObject
from services.stored_files import StoredFiles
from settings import Settings
from tests import make
from tests.make import Filed
from tests.world import FixedClock, World
from uploads.pipeline import LocalMaterialFiles

ROOT = Path(__file__).parent.parent.parent


class Step(StrEnum):
    """Where it dies."""

    BEFORE_OBJECT = "BEFORE_OBJECT"
    BETWEEN_OBJECTS = "BETWEEN_OBJECTS"
    BEFORE_ROW = "BEFORE_ROW"
    BEFORE_MATERIAL = "BEFORE_MATERIAL"
    BEFORE_ANSWER = "BEFORE_ANSWER"
    SOMEWHERE = "SOMEWHERE"


@dataclass(frozen=True)
class Order:
    """What to upload: a photo for each text, as the material ``code`` of a draft."""

    settings: Mapping[str, Any]
    at: str
    account_id: str
    session_id: str
    case_id: str
    code: str
    texts: Sequence[str]
    step: str

    @classmethod
    def of(cls, world: World, filed: Filed, code: str, texts: Sequence[str], step: Step) -> "Order":
        return cls(
            settings={
                name: _plain(value)
                for name, value in dict(world.settings).items()
                if value is not None
            },
            at=world.clock.now().isoformat(),
            account_id=str(filed.citizen.account_id),
            session_id=str(filed.citizen.session_id),
            case_id=str(filed.case_id),
            code=code,
            texts=texts,
            step=step,
        )

    def started(self) -> "subprocess.Popen[str]":
        """Start the process and give it the order."""
        with tempfile.TemporaryFile("w+") as told:
            json.dump(asdict(self), told)
            told.seek(0)
            return subprocess.Popen(
                [sys.executable, "-m", "tests.services.storing"],
                cwd=ROOT,
                stdin=told,
                stdout=subprocess.PIPE,
                text=True,
            )


def _plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value) if isinstance(value, Path) else value


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingObjects:
    """A store in whose hands the process dies."""

    def __init__(self, objects: ObjectStore, step: Step) -> None:
        self._objects = objects
        self._step = step
        self._puts = 0

    async def put(self, place: str, path: Path) -> None:
        if self._step is Step.BEFORE_OBJECT:
            die()
        await self._objects.put(place, path)
        self._puts += 1
        if self._step is Step.BETWEEN_OBJECTS and self._puts == 2:
            die()

    def get(self, place: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        return self._objects.get(place, start, end)

    async def size(self, place: str) -> int | None:
        return await self._objects.size(place)

    async def remove(self, place: str) -> None:
        await self._objects.remove(place)

    def listed(self, prefix: str) -> AsyncIterator[StoredObject]:
        return self._objects.listed(prefix)


class DyingRegister:
    """A register before or after whose note the process dies."""

    def __init__(self, register: StoredFiles, step: Step) -> None:
        self._register = register
        self._step = step

    async def find(self, key: str) -> KeptFile | None:
        return await self._register.find(key)

    async def touch(self, made: Mapping[str, bool]) -> Mapping[str, KeptFile]:
        return await self._register.touch(made)

    async def record(self, files: Sequence[NewFile]) -> None:
        if self._step is Step.BEFORE_ROW:
            die()
        await self._register.record(files)
        if self._step is Step.BEFORE_MATERIAL:
            die()

    async def moved(self, kept: KeptFile, place: str, data_key: DataKey) -> bool:
        return await self._register.moved(kept, place, data_key)


async def upload_all(order: Order) -> None:
    settings = Settings.model_validate(order.settings)
    parts = compose(settings, FixedClock(datetime.fromisoformat(order.at)))
    await parts.open()
    try:
        for text in order.texts:
            material = await _upload(parts, order, make.jpeg(text))
            if order.step == Step.BEFORE_ANSWER:
                die()
            print(material.code, material.sha256, flush=True)
    finally:
        await parts.close()


async def _upload(parts: Parts, order: Order, content: bytes) -> Material:
    made, step = parts.adapters, Step(order.step)
    files = LocalMaterialFiles.under(
        parts.settings.data_dir / "materials",
        DyingRegister(made.stored, step),
        objects=DyingObjects(made.objects, step),
    )
    who = Citizen(UUID(order.account_id), UUID(order.session_id))
    materials = replace(parts.context.materials, files=files)
    try:
        done = await materials.upload(
            who, UUID(order.case_id), order.code, make.chunked(content), "a.jpg"
        )
    finally:
        await files.close()
    return done.held.material


if __name__ == "__main__":
    asyncio.run(upload_all(Order(**json.load(sys.stdin))))
