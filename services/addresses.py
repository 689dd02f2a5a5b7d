"""Postal addresses: what is taken, how it is kept, what of it is shown."""

import re
import unicodedata
from dataclasses import dataclass

import orjson

from models.rules.identity import mask_name, mask_phone
from services.errors import FieldFault, Invalid
from services.ports import Contact, Crypto

PURPOSE = "delivery.address"
# A mobile or a landline number with its area code.
PHONE = re.compile(r"1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8}")
LENGTHS = {"name": (2, 30), "region": (2, 60), "detail": (4, 120)}
SHOWN_OF_DETAIL = 3


class AddressInvalid(Invalid):
    """An address that nothing can be sent to; each fault names its part."""

    code = "address_invalid"
    sentence = "收件地址填写不正确,请检查后重试。"


@dataclass(frozen=True)
class Address:
    """Where a parcel goes. ``repr`` shows nothing of the person."""

    name: str
    phone: str
    region: str
    detail: str

    def __repr__(self) -> str:
        return "Address(***)"

    @property
    def contact(self) -> Contact:
        return Contact(self.name, self.phone, self.region, self.detail)

    @property
    def masked(self) -> "Address":
        """Return what its owner recognises and nobody else can use."""
        return Address(
            mask_name(self.name),
            mask_phone(self.phone),
            self.region,
            f"{self.detail[:SHOWN_OF_DETAIL]}***",
        )


def checked(address: Address) -> Address:
    """Return the address as it is kept; raise ``AddressInvalid`` with every fault at once."""
    plain = {name: _plain(value) for name, value in vars(address).items()}
    faults = [
        FieldFault(f"/address/{name}", f"请填写{shortest}到{longest}个字。")
        for name, (shortest, longest) in LENGTHS.items()
        if not shortest <= len(plain[name]) <= longest
    ]
    plain["phone"] = plain["phone"].removeprefix("+86")
    if not PHONE.fullmatch(plain["phone"]):
        faults.append(FieldFault("/address/phone", "请填写11位手机号,或带区号的座机号。"))
    if faults:
        raise AddressInvalid(faults=faults)
    return Address(**plain)


def seal(crypto: Crypto, address: Address) -> bytes:
    return crypto.seal(orjson.dumps(vars(address)), PURPOSE)


def unseal(crypto: Crypto, sealed: bytes) -> Address:
    return Address(**orjson.loads(crypto.open(sealed, PURPOSE)))


def _plain(text: str) -> str:
    """Return the text without controls and marks that turn the reading direction."""
    kept = (char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
    return " ".join("".join(kept).split())
