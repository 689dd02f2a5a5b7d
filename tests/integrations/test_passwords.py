"""Password hashes and the event loop."""

import asyncio

from integrations.passwords import ArgonPasswords


def make() -> ArgonPasswords:
    return ArgonPasswords(time_cost=1, memory_kib=1024)


async def test_only_the_password_that_made_the_hash_is_verified() -> None:
    passwords = make()
    hashed = await passwords.hash("掌办-correct")
    assert hashed.startswith("$argon2id$v=19$m=1024,t=1,p=1$")
    assert await passwords.verify(hashed, "掌办-correct")
    assert not await passwords.verify(hashed, "掌办-wrong")
    assert await passwords.hash("掌办-correct") != hashed


async def test_a_damaged_hash_verifies_nothing() -> None:
    passwords = make()
    for hashed in ("", "nonsense", "$argon2id$v=19$m=1024,t=1,p=1$AAAA$"):
        assert not await passwords.verify(hashed, "anything")


async def test_the_loop_goes_on_while_passwords_are_hashed() -> None:
    passwords = ArgonPasswords(time_cost=3, memory_kib=65536)
    hashing = asyncio.create_task(passwords.hash("x"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 5
