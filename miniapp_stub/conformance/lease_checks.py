"""Promises about packages, leases and materials."""

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from miniapp_stub.conformance.examiner import (
    BASE,
    Examiner,
    Leased,
    NotOffered,
    NotSeen,
    Wrong,
    expect,
    hold,
)
from miniapp_stub.puller.signatures import KEYS, fits
from miniapp_stub.puller.wire import Reply

AT_ONCE = 8
SHORTEST, LONGER = 30, 600
OTHER = "a token of nobody"


def lease_exclusive(examiner: Examiner) -> str:
    """nobody else gets what is leased"""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        taken = list(pool.map(lambda _: examiner.lease(SHORTEST), range(AT_ONCE)))
    leased = list(chain.from_iterable(taken))
    ids = [each.id for each in leased]
    first = [each for each in leased if each.row["kind"] == "ACCEPTED"]
    # One with materials shows more.
    first.sort(key=lambda each: not json.loads(each.row["body"])["materials"])
    examiner.subject = first[0] if first else None
    examiner.having()
    hold(
        not set(ids) & {each.id for each in examiner.lease(SHORTEST)}, "leased while it was leased"
    )
    return f"{len(ids)} package(s), each leased once"


def body_and_digest(examiner: Examiner) -> str:
    """the body is what its digest says, and fits its schema"""
    subject = examiner.having()
    body = str(subject.row["body"])
    digest = hashlib.sha256(body.encode()).hexdigest()
    hold(digest == subject.row["digest"], "the digest is not that of the body's UTF-8")
    subject.content = json.loads(body)
    same = {"package_id": "id", "case_no": "case_no", "seq": "seq", "kind": "kind"}
    for inside, outside in same.items():
        hold(subject.content[inside] == subject.row[outside], f"{inside} differs inside")
    hold(subject.content["receipt_code"], "there is no receipt_code in the body")
    path = f"{BASE}/schemas/package-v{subject.content['schema']}"
    schema = expect(examiner.call("GET", path, token=""), 200, what=path).json
    try:
        Draft202012Validator(schema).validate(subject.content)
    except ValidationError as error:
        raise Wrong(f"the body does not fit {path}: /{'/'.join(map(str, error.path))}") from error
    return f"SHA-256 and {path.rpartition('/')[2]}"


def signature(examiner: Examiner) -> str:
    """the package is signed by the county"""
    subject = _read(examiner)
    signed = subject.row.get("signature")
    if not signed:
        raise NotOffered("this server does not sign its packages")
    keys = expect(examiner.call("GET", KEYS, token=""), 200, what=KEYS).json["keys"]
    body = str(subject.row["body"]).encode()
    hold(fits(signed, body, keys), f"it is no signature of {len(keys)} published key(s)")
    hold(not fits(signed, body + b" ", keys), "it fits another body, too")
    return f"by one of {len(keys)} published key(s)"


def wrong_proof(examiner: Examiner) -> str:
    """a wrong acknowledgement is refused"""
    subject = _read(examiner)
    examiner.acknowledge_wrongly(subject, "digest_mismatch", "a wrong digest", digest="0" * 64)
    code = {"receipt_code": "0" * 32}
    examiner.acknowledge_wrongly(subject, "receipt_code_wrong", "a wrong receipt code", **code)
    examiner.acknowledge_wrongly(subject, "lease_lost", "a wrong lease token", lease_token=OTHER)
    hold(examiner.is_open(subject.id), "it is listed as acknowledged afterwards")
    return "three were refused, and the package is still open"


def lease_expired(examiner: Examiner) -> str:
    """a lease that ran out acknowledges nothing"""
    subject = _read(examiner)
    examiner.sleep(SHORTEST + 1.0)
    examiner.acknowledge_wrongly(subject, "lease_lost", "an acknowledgement after the lease")
    _again(examiner, subject)
    return "refused, then the same bytes again"


def _again(examiner: Examiner, subject: Leased) -> None:
    """Lease the subject again and compare; the old token stays worth nothing."""
    found = {each.id: each for each in examiner.lease(LONGER)}
    if subject.id not in found:
        raise Wrong("it was not served again")
    again = found[subject.id]
    for name in ("digest", "body", "case_no", "seq", "kind"):
        hold(again.row[name] == subject.row[name], f"{name} is another one now")
    again.content = subject.content
    examiner.subject = again
    examiner.acknowledge_wrongly(subject, "lease_lost", "the old lease's token")


def materials(examiner: Examiner) -> str:
    """materials come whole and in part"""
    subject = _read(examiner)
    listed = subject.content["materials"]
    if not listed:
        raise NotSeen("the package has no material")
    for material in listed:
        path = f"{subject.path}/materials/{material['id']}"
        reply = expect(examiner.call("GET", path), 200, what=path)
        digest = hashlib.sha256(reply.body)
        hold(digest.hexdigest() == material["sha256"], f"{path}: another SHA-256 than listed")
        hold(len(reply.body) == material["size"], f"{path}: another size than listed")
        named = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        hold(reply.headers.get("repr-digest") == named, f"{path}: Repr-Digest is missing or wrong")
        hold("etag" in reply.headers, f"{path}: no ETag")
        _in_part(examiner, path, reply.body)
    return f"{len(listed)} material(s)"


def _in_part(examiner: Examiner, path: str, content: bytes) -> None:
    size, middle = len(content), len(content) // 2
    for asked, start, end in ((f"{middle}-", middle, size), ("0-0", 0, 1)):
        reply = examiner.call("GET", path, headers={"Range": f"bytes={asked}"})
        expect(reply, 206, what=f"Range {asked}")
        hold(reply.body == content[start:end], f"Range {asked}: other bytes")
        span = f"bytes {start}-{end - 1}/{size}"
        hold(reply.headers.get("content-range") == span, f"Range {asked}: not {span}")
    beyond = examiner.call("GET", path, headers={"Range": f"bytes={size}-"})
    expect(beyond, 416, what="a Range beyond the end")


def extend(examiner: Examiner) -> str:
    """a lease can be made longer while it lasts"""
    subject = _read(examiner)
    body = {"lease_token": subject.lease_token, "seconds": LONGER}
    reply = _offered(examiner, subject, "extend", body)
    until = str(expect(reply, 200, what="extending").json["leased_until"])
    other = examiner.call("POST", f"{subject.path}/extend", {**body, "lease_token": OTHER})
    expect(other, 409, "lease_lost", "extending with another token")
    return f"until {until}"


def give_back(examiner: Examiner) -> str:
    """a package can be returned for a technical reason"""
    subject = _read(examiner)
    body: dict[str, Any] = {
        "lease_token": subject.lease_token,
        "code": "OTHER",
        "text": "conformance",
    }
    reply = _offered(examiner, subject, "return", body)
    if reply.status == 422:
        body["reason"] = body.pop("text")
        reply = examiner.call("POST", f"{subject.path}/return", body)
    expect(reply, 200, what="returning")
    _again(examiner, subject)
    return "returned, then the same bytes again"


def _offered(examiner: Examiner, subject: Leased, act: str, body: dict[str, Any]) -> Reply:
    reply = examiner.call("POST", f"{subject.path}/{act}", body)
    if reply.status in (404, 405) and reply.code != "package_unknown":
        raise NotOffered(f"this server has no …/{act}; a lease can only run out")
    return reply


def acknowledged_once(examiner: Examiner) -> str:
    """acknowledged twice, answered the same"""
    subject = _read(examiner)
    first = expect(examiner.call("POST", f"{subject.path}/ack", subject.ack()), 200, what="it")
    examiner.acked = True
    again = expect(examiner.call("POST", f"{subject.path}/ack", subject.ack()), 200, what="again")
    hold(first.json == again.json, f"first {first.json}, then {again.json}")
    hold(not examiner.is_open(subject.id), "it is still listed as open")
    code = {"receipt_code": "0" * 32}
    examiner.acknowledge_wrongly(subject, "receipt_code_wrong", "then a wrong code", **code)
    return f"acknowledged at {first.json['acked_at']}"


def _read(examiner: Examiner) -> Leased:
    subject = examiner.having()
    if not subject.content:
        raise NotSeen("the package could not be read")
    return subject
