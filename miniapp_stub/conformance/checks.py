"""The check of a server: its promises one after another, each with a line in the report."""

from collections.abc import Callable
from dataclasses import dataclass

from miniapp_stub.conformance import event_checks, lease_checks, token_checks
from miniapp_stub.conformance.examiner import Examiner, NotOffered, NotSeen, Wrong
from miniapp_stub.conformance.report import Line, Report, Verdict


@dataclass(frozen=True)
class Check:
    """``play`` tries it and returns what was seen; its docstring is the title."""

    play: Callable[[Examiner], str]
    expected: str
    mend: str

    def line(self, examiner: Examiner) -> Line:
        try:
            verdict, seen = Verdict.PASSED, self.play(examiner)
        except Wrong as wrong:
            verdict, seen = Verdict.FAILED, str(wrong)
        except (KeyError, ValueError, TypeError) as error:
            verdict, seen = Verdict.FAILED, f"an answer cannot be read: {error!r}"
        except NotSeen as why:
            verdict, seen = Verdict.NOT_SEEN, str(why)
        except NotOffered as why:
            verdict, seen = Verdict.NOT_OFFERED, str(why)
        title = (self.play.__doc__ or "").partition("\n")[0]
        return Line(self.play.__name__, title, verdict, self.expected, seen, self.mend)


# In this order: each leaves the package in the state that the next one begins with.
CHECKS = (
    Check(
        token_checks.token_given,
        "200 with a Bearer token",
        "Register the client with the public half of this key, and compare client_id and kid.",
    ),
    Check(
        token_checks.token_refused,
        "401 for an assertion that is forged, used before, or old",
        "Verify signature, jti and exp of each assertion, and answer 401 whatever is wrong.",
    ),
    Check(
        token_checks.stranger_refused,
        "401 for a call without a token, or with one that was changed",
        "Check the access token of every call before anything else.",
    ),
    Check(
        token_checks.unknown_package,
        "404 for a package that is not this client's",
        "Answer 404 for what does not exist and for what is another agency's, alike.",
    ),
    Check(
        lease_checks.lease_exclusive,
        "eight leases at the same moment share no package",
        "Lock the rows while you hand them out (FOR UPDATE SKIP LOCKED).",
    ),
    Check(
        lease_checks.body_and_digest,
        "the digest is the SHA-256 of the body's UTF-8, and the body fits its schema",
        "Send the bytes that were hashed, and publish the schema that the body names.",
    ),
    Check(
        lease_checks.signature,
        "a detached JWS (ES256) over the body, by a key of /backoffice/v1/keys",
        "Sign the bytes that are sent, and publish retired keys as well.",
    ),
    Check(
        lease_checks.wrong_proof,
        "a wrong digest, receipt code or lease token is refused, and nothing changes",
        "Compare all three before you look at the package's state.",
    ),
    Check(
        lease_checks.lease_expired,
        "an acknowledgement after the lease is refused; the same bytes are served again",
        "Compare the time with leased_until when acknowledged; never make the body anew.",
    ),
    Check(
        lease_checks.materials,
        "whole and in part (Range), with Repr-Digest, ETag and Content-Range",
        "Serve materials as RFC 9110 (14) and RFC 9530 say.",
    ),
    Check(
        lease_checks.extend,
        "a later leased_until under the same token; refused for another token",
        "POST …/extend sets leased_until anew while the lease lasts.",
    ),
    Check(
        lease_checks.give_back,
        "after a return the old token is worth nothing and the same bytes are served again",
        "POST …/return ends the lease and keeps the reason for the operator.",
    ),
    Check(
        event_checks.event_before_acknowledgement,
        "409 package_not_acknowledged",
        "Take no event of a case whose first package nobody has confirmed.",
    ),
    Check(
        lease_checks.acknowledged_once,
        "the same acknowledgement twice has the same answer; the package is not served again",
        "Store when it was acknowledged, and answer with that.",
    ),
    Check(
        event_checks.event_early,
        "202 parked, or 409 event_out_of_order, with expected_seq 1",
        "Count events per case; name the number that is missing.",
    ),
    Check(
        event_checks.event_once,
        "applied the first time, duplicate the second",
        "A unique key on client and event_id.",
    ),
    Check(
        event_checks.event_id_reused,
        "409 event_id_reused for the same id with another content",
        "Keep a digest of each event's content.",
    ),
    Check(
        event_checks.number_used,
        "409 event_out_of_order for another event with a number that was used",
        "Never apply two events under one number.",
    ),
    Check(
        event_checks.unknown_case,
        "404 case_unknown",
        "Answer 404 for a case that is not this client's agency's.",
    ),
)


def examine(examiner: Examiner, told: Callable[[Line], None] = lambda _: None) -> Report:
    """Try every promise; ``told`` hears of each line as it comes."""
    lines = []
    for check in CHECKS:
        lines.append(check.line(examiner))
        told(lines[-1])
    about = f"The server {examiner.base}, asked by the client {examiner.credentials.client_id}."
    return Report(about, lines)
