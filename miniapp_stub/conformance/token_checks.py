"""Promises about who is let in."""

from dataclasses import replace

from miniapp_stub.conformance.entrance import new_private_key
from miniapp_stub.conformance.examiner import BASE, Examiner, expect, hold, stranger


def token_given(examiner: Examiner) -> str:
    """a signed assertion is taken for a token"""
    reply = expect(examiner.ask_token(examiner.assertion()), 200, what="the token endpoint")
    examiner.token = str(reply.json["access_token"])
    hold(str(reply.json["token_type"]).lower() == "bearer", f"type {reply.json['token_type']}")
    lasts = int(reply.json["expires_in"])
    hold(lasts > 0, f"expires_in {lasts}")
    return f"good for {lasts} s"


def token_refused(examiner: Examiner) -> str:
    """a forged, a used and an old assertion are refused"""
    used = examiner.assertion()
    expect(examiner.ask_token(used), 200, what="a good assertion")
    forger = replace(examiner.credentials, key=new_private_key())
    expect(examiner.ask_token(used), 401, what="the same assertion again")
    expect(examiner.ask_token(examiner.assertion(forger)), 401, what="another key's signature")
    expect(examiner.ask_token(examiner.old_assertion()), 401, what="an old assertion")
    nobody = replace(examiner.credentials, client_id=f"nobody-{stranger()}")
    expect(examiner.ask_token(examiner.assertion(nobody)), 401, what="an unknown client")
    return "four were refused"


def stranger_refused(examiner: Examiner) -> str:
    """without a good token nothing is answered"""
    head, _, rest = examiner.token.partition(".")
    changed = f"{head}.{rest[::-1]}" if rest else examiner.token[::-1]
    for name, token in (("no token", ""), ("a changed token", changed)):
        for method, path in (("GET", f"{BASE}/packages"), ("POST", f"{BASE}/packages/lease")):
            expect(examiner.call(method, path, token=token), 401, what=f"{name} at {path}")
    return "four calls were refused"


def unknown_package(examiner: Examiner) -> str:
    """a package that nobody has is not found"""
    path = f"{BASE}/packages/{stranger()}"
    body = {"lease_token": "x", "digest": "0" * 64, "receipt_code": "0" * 32}
    expect(examiner.call("POST", f"{path}/ack", body), 404, what="its acknowledgement")
    expect(examiner.call("GET", f"{path}/materials/{stranger()}"), 404, what="its material")
    return "404 for both"
