"""Packages that the kit makes up: nobody's data, the same for the same seed."""

import hashlib
import json
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AGENCY = {"name": "示例县住房和城乡建设局", "uscc": "11511499MB9000082B"}
ITEM = {
    "code": "11511499MB9000082B400011700500001",
    "impl_code": "11511499MB9000082B4000117005000",
    "name": "占用、挖掘城市道路审批(演练)",
    "version": "1",
}
AT = "2026-03-02T09:10:00+08:00"
SMALL, LARGE = 3_000, 300_000


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Parcel:
    """A package with its materials, and where it stands."""

    id: str
    case_no: str
    seq: int
    kind: str
    body: str
    receipt_code: str
    materials: Mapping[str, bytes]
    photos: Mapping[str, bytes] = field(default_factory=dict)
    signature: str = ""
    lease_token: str = ""
    leased_until: float = 0.0
    leases: int = 0
    acks: int = 0
    reached: dict[str, bytearray] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return sha256(self.body.encode())

    @property
    def acked(self) -> bool:
        return self.acks > 0

    def file(self, name: str) -> bytes | None:
        """Return a material by its id, or a photo by id and page: ``ID/pages/1``."""
        return self.materials.get(name, self.photos.get(name))

    def arrived(self, material: str, start: int, end: int) -> None:
        """Remember which bytes of a material went out."""
        marks = self.reached.setdefault(material, bytearray(len(self.file(material) or b"")))
        marks[start:end] = b"\1" * (end - start)

    def is_fetched(self, material: str) -> bool:
        return all(self.reached.get(material, b"\0"))


class Mint:
    """Makes parcels; a seed makes the same ones again."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - practice data, no secret
        self.cases = 0

    def case_no(self) -> str:
        self.cases += 1
        return f"{ITEM['code']}2026030{self.random.randint(1, 9)}{self.cases:04d}"

    def parcel(
        self,
        case_no: str,
        seq: int = 1,
        kind: str = "ACCEPTED",
        sizes: tuple[int, ...] = (SMALL,),
        photos: int = 0,
        **more: Any,
    ) -> Parcel:
        """Make a package with a material of each size; ``more`` goes into its body."""
        made = {self._id(): self._picture(size) for size in sizes}
        bound = {
            f"{next(iter(made))}/pages/{no}": self._picture(SMALL) for no in range(1, photos + 1)
        }
        code = f"{self.random.getrandbits(128):032x}"
        package_id = self._id()
        body = {
            "schema": "3",
            "package_id": package_id,
            "case_no": case_no,
            "seq": seq,
            "kind": kind,
            "item": ITEM,
            "agency": AGENCY,
            "materials": [_listed(*each, bound) for each in enumerate(made.items(), 1)],
            "receipt_code": code,
            **(self._first() if kind == "ACCEPTED" else _following()),
            **more,
        }
        text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return Parcel(package_id, case_no, seq, kind, text, code, made, bound)

    def _id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _picture(self, size: int) -> bytes:
        return b"\xff\xd8\xff" + self.random.randbytes(size - 3)

    def _first(self) -> dict[str, Any]:
        return {
            "applicant": {
                "type": "NATURAL_PERSON",
                "name": "王建国",
                "id_type": "RESIDENT_ID",
                "id_number": "511499198503072813",
                "phone": None,
            },
            "filed_by": None,
            "form": {"road_section": "人民路", "area_m2": 12.5},
            "corrections": [],
            "times": {"received_at": AT, "accepted_at": AT},
            "clocks": {"promised_due_at": None, "statutory_due_at": None},
            "payment": {"status": "NOT_REQUIRED", "amount_fen": None},
        }


def _listed(number: int, made: tuple[str, bytes], bound: Mapping[str, bytes]) -> dict[str, Any]:
    material, content = made
    return {
        "id": material,
        "code": f"M{number:02d}",
        "name": f"演练材料{number}",
        "no": 1,
        "sha256": sha256(content),
        "size": len(content),
        "mime": "image/jpeg",
        "pages": 1,
        "verdict": "PASS",
        "photos": [
            {"no": no, "sha256": sha256(photo), "size": len(photo), "mime": "image/jpeg"}
            for no, (name, photo) in enumerate(bound.items(), 1)
            if name.startswith(material)
        ],
        "supply": "UPLOAD",
        "trust": "C",
    }


def _following() -> dict[str, Any]:
    return {
        "shortfall_status": "NONE",
        "answers": [],
        "withdrawal": None,
        "ended": None,
        "payment": None,
    }
