"""Fields at rest, checked against the standards' vectors and the standard library."""

import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.crypto import FieldCrypto

OLD, NEW, INDEX = bytes(range(16)), bytes(range(16, 32)), bytes(range(32))
ID_NUMBER = "511499198803162013"


def make(active: int = 2) -> FieldCrypto:
    return FieldCrypto({1: OLD, 2: NEW}, active, INDEX)


def test_the_cipher_is_the_one_of_rfc_8998() -> None:
    """RFC 8998, appendix A.1: the library's SM4-GCM agrees with the published vector."""
    plain = bytes.fromhex(
        "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
        "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
    )
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    encryptor = Cipher(SM4(key), GCM(bytes.fromhex("00001234567800000000ABCD"))).encryptor()
    encryptor.authenticate_additional_data(
        bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    )
    sealed = encryptor.update(plain) + encryptor.finalize()
    assert sealed[:16].hex() == "17f399f08c67d5ee19d0dc9969c4bb7d"
    assert encryptor.tag.hex() == "83de3541e4c2b58177e065a9bf7b62ec"


def test_sealed_bytes_have_the_documented_layout() -> None:
    sealed = make().seal(ID_NUMBER.encode(), "account.id_number")
    assert sealed[:2] == b"\x01\x02"
    assert len(sealed) == 2 + 12 + len(ID_NUMBER) + 16
    decryptor = Cipher(SM4(NEW), GCM(sealed[2:14], sealed[-16:])).decryptor()
    decryptor.authenticate_additional_data(b"\x01\x02account.id_number")
    assert decryptor.update(sealed[14:-16]) + decryptor.finalize() == ID_NUMBER.encode()


@given(st.binary(max_size=200), st.text(max_size=20))
@settings(max_examples=50)
def test_what_was_sealed_opens_for_its_purpose_only(plain: bytes, purpose: str) -> None:
    crypto = make()
    sealed = crypto.seal(plain, purpose)
    assert crypto.open(sealed, purpose) == plain
    with pytest.raises(ValueError, match="another purpose"):
        crypto.open(sealed, purpose + "x")


def test_the_same_field_is_never_sealed_twice_alike() -> None:
    crypto = make()
    assert len({crypto.seal(b"same", "p") for _ in range(100)}) == 100


def test_a_former_key_still_opens_and_an_unknown_one_does_not() -> None:
    sealed = make(active=1).seal(b"old", "p")
    assert make(active=2).open(sealed, "p") == b"old"
    with pytest.raises(ValueError, match="known key"):
        FieldCrypto({2: NEW}, 2, INDEX).open(sealed, "p")


def test_every_changed_bit_is_noticed() -> None:
    crypto = make()
    sealed = crypto.seal(b"plain", "p")
    for position in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(ValueError, match="seal"):
            crypto.open(bytes(changed), "p")


@pytest.mark.parametrize("length", range(30))
def test_too_few_bytes_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="known key"):
        make().open((b"\x01\x02" + bytes(30))[:length], "p")


def test_the_index_is_hmac_sm3_separated_by_purpose() -> None:
    crypto = make()
    expected = hmac.new(INDEX, b"account.id_number\0" + ID_NUMBER.encode(), "sm3").digest()
    assert crypto.index(ID_NUMBER, "account.id_number") == expected
    assert crypto.index(ID_NUMBER, "agent.id_number") != expected
    assert crypto.index("c", "ab") != crypto.index("bc", "a")


@pytest.mark.parametrize(
    ("keys", "active", "index_key"),
    [
        ({1: OLD}, 2, INDEX),
        ({1: OLD[:15]}, 1, INDEX),
        ({256: OLD}, 256, INDEX),
        ({1: OLD}, 1, INDEX[:31]),
    ],
)
def test_wrong_keys_are_refused_at_once(
    keys: dict[int, bytes], active: int, index_key: bytes
) -> None:
    with pytest.raises(ValueError, match="key"):
        FieldCrypto(keys, active, index_key)
