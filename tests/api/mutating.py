"""Mutants of signed callbacks: what strangers, broken proxies and confused platforms could post.

Everything is drawn from one seed, so that a number in a report names the same bytes again.
"""

import base64
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice

from tests.services.channel import Callback

PROVING = ("Wechatpay-Serial", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature")
# What the framework itself takes off the front of a value would leave a genuine one.
CONTROLS = [chr(code) for code in (*range(9), *range(14, 28), 127)]
ODD_VALUES = (
    *("", " ", "0", "-1", "null", "undefined", "true", "NaN", "1e9", "%00", "a\x00b", "=", "=="),
    *("é", "测试", "\u0661\u0662", "\ufeff", "\U0001f4b0", "\udcff", "\udc80\udcfe", "A" * 300),
    *("A" * 5_000, "9" * 7_000, "../../etc/passwd", "..%2f..%2fkeys", "/dev/null", "C:\\keys.pem"),
    *("' OR '1'='1", "1; DROP TABLE fees;--", "${jndi:ldap://127.0.0.1/a}", "{{7*7}}", "<x>"),
)
TIMES = (301, 302, 600, 3_600, 86_400, 366 * 86_400)
ODD_TIMES = (
    *("0", "-0", "+1", "1.0", "1e9", "0x7fffffff", "1_772_413_800", " 1 2", "now", "９９"),
    *("2026-03-02T09:10:00+08:00", "253402300800", "999999999999", "9" * 13, "9" * 400),
)
JSONS = (
    *(
        b"",
        b"{}",
        b"[]",
        b"null",
        b"0",
        b'""',
        b"{",
        b"NaN",
        b"\xff\xfe{\x00}\x00",
        b"\x00",
        b"{}\n",
    ),
    *(
        b"[" * 60_000,
        b'{"a":' * 9_000 + b"1" + b"}" * 9_000,
        b"9" * 60_000,
        b'"\\ud800"',
        b" " * 100,
    ),
    *(b"\xc3\x28", b"\xed\xa0\x80", b"\xf5" * 40, b"x" * 70_000, b"<xml></xml>", b"a=1&b=2"),
)

NOT_TEXTS: tuple[object, ...] = (None, 7, [], {"a": 1}, "", True)


@dataclass(frozen=True)
class Mutant:
    """A request's header fields and body; ``name`` says what was done to a genuine one."""

    name: str
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def wire(self) -> bytes:
        """Return the request as it is sent: a value of any bytes is not looked at any more."""
        lines = [f"{name}: {value}" for name, value in self.fields]
        head = "\r\n".join(
            [
                "POST /callbacks/wechatpay HTTP/1.1",
                "Host: 127.0.0.1",
                "Content-Type: application/json",
                *lines,
                f"Content-Length: {len(self.body)}",
            ]
        )
        return head.encode(errors="surrogateescape") + b"\r\n\r\n" + self.body


def whole(name: str, callback: Callback) -> Mutant:
    return Mutant(name, tuple(callback.headers.items()), callback.body)


def _with(mutant: Mutant, name: str, value: str | None) -> tuple[tuple[str, str], ...]:
    """Return the fields with another value of one; None takes it out."""
    kept = [(key, value if key == name else old) for key, old in mutant.fields]
    return tuple((key, text) for key, text in kept if text is not None)


def headers(base: Mutant) -> Iterator[Mutant]:
    """Take each proving header out, double it, and say something else in it."""
    said = dict(base.fields)
    for name in PROVING:
        yield replace(base, name=f"no {name}", fields=_with(base, name, None))
        twice = (name, said[name])
        yield replace(base, name=f"{name} twice", fields=(*base.fields, twice))
        lower = (name.lower(), said[name])
        yield replace(base, name=f"{name} twice, in small letters", fields=(lower, *base.fields))
        for other in ("", "0", "A" * 64):
            yield replace(
                base, name=f"{name} and then {other!r}", fields=(*base.fields, (name, other))
            )
            yield replace(
                base, name=f"{name} after {other!r}", fields=((name, other), *base.fields)
            )
        for spelt in (f"{name} ", name.replace("-", "_"), f"X-{name}"):
            fields = tuple((spelt if key == name else key, text) for key, text in base.fields)
            yield replace(base, name=f"{name} as {spelt!r}", fields=fields)
        values = [*ODD_VALUES, said[name] + "A", said[name][:-1], said[name].swapcase() + "."]
        values += [said[name][:5] + sign + said[name][5:] for sign in (*CONTROLS, "\t", "\n")]
        values += [sign + said[name] for sign in CONTROLS] + [
            said[name] + sign for sign in CONTROLS
        ]
        values += [f"{said[name]},{said[name]}", f"{said[name]}, ", f'"{said[name]}"']
        for number, value in enumerate(values):
            yield replace(base, name=f"{name} odd {number}", fields=_with(base, name, value))


def times(base: Mutant) -> Iterator[Mutant]:
    """Move the timestamp, which the signature covers too."""
    at = int(dict(base.fields)["Wechatpay-Timestamp"])
    moved = [str(at + sign * by) for by in (1, 299, 300, *TIMES) for sign in (-1, 1)]
    for value in (*moved, f"0{at}", f"{at}000", f"{at}.0", f"-{at}", *ODD_TIMES):
        yield replace(
            base, name=f"at {value[:20]}", fields=_with(base, "Wechatpay-Timestamp", value)
        )


def signatures(base: Mutant) -> Iterator[Mutant]:
    """Flip bits of the signature, pad it otherwise, spell it otherwise, probe."""
    text = dict(base.fields)["Wechatpay-Signature"]
    raw = base64.b64decode(text)
    said = [_flipped(raw, bit) for bit in range(0, len(raw) * 8, 5)]
    said += [raw[:cut] for cut in range(0, len(raw), 16)] + [raw + raw, raw[::-1], bytes(256)]
    values = [base64.b64encode(each).decode() for each in said]
    bare = text.rstrip("=")
    values += [bare, f"{bare}=", f"{text}=", f"{text}==", f"{text}\x0b", f"{text[:40]} {text[40:]}"]
    # The last letter before the padding has bits that mean nothing: still another signature.
    values += [f"{bare[:-1]}{letter}==" for letter in "BCDEFGHIJKLMNOP" if letter != bare[-1]]
    values += [
        base64.urlsafe_b64encode(raw).decode() + "!",
        raw.hex(),
        base64.b85encode(raw).decode(),
    ]
    for probe in (text, base64.b64encode(bytes(256)).decode(), "", "AAAA", bare, text * 2):
        values += [f"WECHATPAY/SIGNTEST/{probe}", f"{probe}WECHATPAY/SIGNTEST/"]
    for number, value in enumerate(value for value in values if value != text):
        fields = _with(base, "Wechatpay-Signature", value)
        yield replace(base, name=f"signature {number}", fields=fields)


def bodies(base: Mutant, other: Callback, chance: random.Random) -> Iterator[Mutant]:
    """Cut the body at each byte, flip bits, and put other bodies under the same signature."""
    for cut in range(len(base.body)):
        yield replace(base, name=f"body cut at {cut}", body=base.body[:cut])
    for place in range(len(base.body)):
        flipped = bytearray(base.body)
        flipped[place] ^= 1 << chance.randrange(8)
        yield replace(base, name=f"body flipped at {place}", body=bytes(flipped))
    said = json.loads(base.body)
    for name in said:
        less = {key: value for key, value in said.items() if key != name}
        yield replace(base, name=f"body without {name}", body=json.dumps(less).encode())
        for value in NOT_TEXTS:
            odd = json.dumps({**said, name: value}).encode()
            yield replace(base, name=f"body with odd {name}", body=odd)
    spelt = json.dumps(said, indent=1).encode()
    for body in (*JSONS, other.body, spelt, base.body + b" ", b"\xef\xbb\xbf" + base.body):
        yield replace(base, name=f"another body of {len(body)}", body=body)
    yield replace(whole("another's headers", other), body=base.body)


def noise(bases: Sequence[Mutant], chance: random.Random) -> Iterator[Mutant]:
    """Yield for ever what none of the above has: a genuine one with one to three accidents."""
    for number in count():
        mutant = base = chance.choice(bases)
        while (mutant.fields, mutant.body) == (base.fields, base.body):
            for _ in range(chance.randint(1, 3)):
                mutant = _accident(mutant, chance)
        yield replace(mutant, name=f"noise {number}")


def _accident(mutant: Mutant, chance: random.Random) -> Mutant:
    place = chance.randrange(len(mutant.body) + 1)
    kind = chance.randrange(6)
    if kind == 0:
        junk = chance.randbytes(chance.randint(1, 40))
        return replace(mutant, body=mutant.body[:place] + junk + mutant.body[place:])
    if kind == 1:
        return replace(
            mutant, body=mutant.body[:place] + mutant.body[place + chance.randint(1, 40) :]
        )
    name, other = chance.sample(PROVING, 2)
    said = dict(mutant.fields)
    value = said.get(name, "")
    if kind == 2:
        return replace(mutant, fields=_with(mutant, name, said.get(other, "")))
    at = chance.randrange(len(value) + 1)
    if kind == 3:
        return replace(mutant, fields=_with(mutant, name, value[:at] + value[at + 1 :]))
    letter = chr(chance.randrange(33, 127))
    if kind == 4:
        return replace(mutant, fields=_with(mutant, name, value[:at] + letter + value[at:]))
    return replace(mutant, fields=_with(mutant, name, value[:at] + letter + value[at + 1 :]))


def forged(bases: Sequence[Mutant], others: Sequence[Callback], seed: int) -> Iterator[Mutant]:
    """Yield for ever what nobody signed: first everything above, then noise."""
    chance = random.Random(seed)
    for base, other in zip(bases, others, strict=True):
        yield from headers(base)
        yield from times(base)
        yield from signatures(base)
        yield from bodies(base, other, chance)
    yield from noise(bases, chance)


def some(mutants: Iterator[Mutant], number: int) -> list[Mutant]:
    return list(islice(mutants, number))


def _flipped(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
