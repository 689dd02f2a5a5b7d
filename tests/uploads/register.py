"""A register that forgets: what the store needs of one, without a database."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.ports.files import DataKey, KeptFile, NewFile, Scan


class MemoryRegister:
    """The port ``FileRegister`` in memory; ``files`` is what it knows."""

    def __init__(self) -> None:
        self.files: dict[str, KeptFile] = {}

    async def find(self, key: str) -> KeptFile | None:
        return self.files.get(key)

    async def touch(self, made: Mapping[str, bool]) -> Mapping[str, KeptFile]:
        return {key: self.files[key] for key in made if key in self.files}

    async def record(self, files: Sequence[NewFile]) -> None:
        for new in files:
            known = self.files.get(new.key)
            if known is not None and known.place != new.instead_of:
                continue
            scan = Scan.MADE if new.made else Scan.UNSCANNED
            self.files[new.key] = KeptFile(new.key, new.place, new.size, new.data_key, scan)

    async def moved(self, kept: KeptFile, place: str, data_key: DataKey) -> bool:
        if self.files.get(kept.key) != kept:
            return False
        self.files[kept.key] = replace(kept, place=place, data_key=data_key)
        return True
