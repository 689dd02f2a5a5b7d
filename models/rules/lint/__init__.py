"""The linter of items: what keeps an item from being published, and what only warns.

``RULES`` is the whole of it, in the order of reading: each rule has a code, a sentence, the rule
of law or plan that it comes from, and one small function that finds it.
"""

from models.rules.lint import (
    codes,
    conditions,
    elements,
    flavours,
    forms,
    joint,
    limits,
    money,
    reading,
    redirect,
    sizes,
    wording,
)
from models.rules.lint.finding import Body, Finding, Policy, Rule, Severity
from models.rules.lint.keeping import can_be_kept
from models.rules.markdown import table

__all__ = [
    "RULES",
    "Body",
    "Finding",
    "Policy",
    "Rule",
    "Severity",
    "can_be_kept",
    "is_readable",
    "lint",
    "rules_table",
]

RULES: tuple[Rule, ...] = (
    *sizes.RULES,
    *elements.RULES,
    *codes.RULES,
    *wording.RULES,
    *limits.RULES,
    *flavours.RULES,
    *joint.RULES,
    *money.RULES,
    *forms.RULES,
    *reading.RULES,
    *conditions.RULES,
    *redirect.RULES,
)
# While one of these stands, nothing can be computed from the item.
UNREADABLE = frozenset(
    {
        "list_too_long",
        "body_too_deep",
        "conditions_too_many",
        "element_missing",
        "fee_incomplete",
        "fee_by_unknown",
        "form_too_deep",
        "form_pattern_wrong",
        "form_field_not_described",
        "condition_unreadable",
        "condition_field_unknown",
        "condition_too_complex",
    }
)


def lint(body: Body, policy: Policy = Policy()) -> tuple[Finding, ...]:  # noqa: B008 - a value
    """Return everything that is wrong with an item's body, in the order of the rules.

    What is too large or lacks an element ends it: the other rules read what is there.
    """
    for stage in (sizes.RULES, elements.RULES, forms.RULES):
        found = tuple(finding for rule in stage for finding in rule.findings(body, policy))
        if not is_readable(found):
            return found
    return tuple(finding for rule in RULES for finding in rule.findings(body, policy))


def is_readable(findings: tuple[Finding, ...]) -> bool:
    """Whether an item with these findings can be computed with: simulated, filed, charged."""
    return not any(finding.code in UNREADABLE for finding in findings)


def rules_table() -> str:
    """Return every rule as a Markdown table; ``{}`` stands for what it found."""
    rows = ([rule.code, rule.severity.value, rule.sentence, rule.basis] for rule in RULES)
    return table(("code", "effect", "what is told", "basis"), rows)
