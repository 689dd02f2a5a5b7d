"""What the province's registers say of who may act for whom (数据共享平台)."""

from enum import StrEnum
from typing import Protocol


class RegisterAnswer(StrEnum):
    """``DENIED``: the register knows both and says no. ``NO_RECORD``: it does not know."""

    CONFIRMED = "CONFIRMED"
    DENIED = "DENIED"
    NO_RECORD = "NO_RECORD"


class Registers(Protocol):
    """Every call raises ``OutsideUnavailable`` when there is no answer."""

    async def is_legal_representative(
        self, uscc: str, organisation: str, name: str, id_number: str
    ) -> RegisterAnswer:
        """Ask the register of organisations whether a person represents one of this name."""
        ...

    async def is_guardian(
        self, name: str, id_number: str, ward_name: str, ward_id_number: str
    ) -> RegisterAnswer:
        """Ask the household register whether the first person is the second one's guardian."""
        ...
