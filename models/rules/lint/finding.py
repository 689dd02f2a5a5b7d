"""What the linter says, and the form in which its rules are written."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Body = Mapping[str, Any]


class Severity(StrEnum):
    """REFUSES keeps an item from being published; WARNS is for whoever signs."""

    REFUSES = "REFUSES"
    WARNS = "WARNS"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. ``pointer`` is a JSON pointer into the item's body."""

    code: str
    severity: Severity
    pointer: str
    sentence: str
    basis: str

    @property
    def refuses(self) -> bool:
        return self.severity is Severity.REFUSES


@dataclass(frozen=True)
class Policy:
    """What a region may choose: the most visits (青神方案2018: 1; 贵安方案2017: 2), and to which
    other sites people may be sent to file."""

    max_visits: int = 1
    external_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Hit:
    """Where a rule found something; ``named`` takes the place of ``{}`` in its sentence."""

    pointer: str
    named: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule: its code, how grave, the sentence, whose rule it is, and how it is found."""

    code: str
    severity: Severity
    sentence: str
    basis: str
    find: Callable[[Body, Policy], Iterator[Hit]]

    def findings(self, body: Body, policy: Policy) -> Iterator[Finding]:
        for hit in self.find(body, policy):
            sentence = self.sentence.replace("{}", hit.named)
            yield Finding(self.code, self.severity, hit.pointer, sentence, self.basis)
