"""Templates of documents, and how one is filled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Formatter
from types import MappingProxyType

from models.rules.clock_table import ClockName
from models.rules.documents.facts import Facts
from models.rules.documents.sheet import Sheet, Table
from models.rules.documents.words import money_text, official, plain_day
from models.rules.notices import NoticeKind


@dataclass(frozen=True)
class When:
    """A sentence that is said only when all of these facts are there."""

    facts: str
    text: str


@dataclass(frozen=True)
class Listed:
    """A table of facts, by its name in ``TABLES``."""

    name: str
    heading: str


Part = str | When | Listed


@dataclass(frozen=True)
class Template:
    """A kind of document. ``word`` stands in its number, ``clocks`` are the deadlines it tells.

    ``basis`` is the law of the act; ``permit_basis`` is named too when the item is a permit
    (行政许可), any other item names the law it rests on itself.
    """

    kind: NoticeKind
    word: str
    title: str
    body: tuple[Part, ...]
    basis: str = ""
    permit_basis: str = ""
    subtitle: str = ""
    clocks: tuple[ClockName, ...] = ()


@dataclass(frozen=True)
class TableForm:
    """The columns of a table and where its rows come from."""

    columns: tuple[str, ...]
    rows: Callable[[Facts], list[tuple[str, ...]]]


TABLES: Mapping[str, TableForm] = MappingProxyType(
    {
        "materials": TableForm(
            ("材料名称", "页数"), lambda facts: [(m.name, str(m.pages)) for m in facts.materials]
        ),
        "corrections": TableForm(
            ("要补的材料或内容", "现在的问题", "怎样补"),
            lambda facts: [(d.name, d.reason, d.requirement) for d in facts.corrections],
        ),
        "promised": TableForm(
            ("材料名称", "最迟哪天补上"),
            lambda facts: [(p.name, plain_day(p.due_on)) for p in facts.promised],
        ),
        "statements": TableForm(
            ("承诺的内容",), lambda facts: [(statement,) for statement in facts.statements]
        ),
        "evidence": TableForm(
            ("证据",), lambda facts: [(evidence,) for evidence in facts.statements]
        ),
        "originals": TableForm(
            ("要带的原件",), lambda facts: [(name,) for name in facts.originals]
        ),
        "charges": TableForm(
            ("收费内容", "金额"),
            lambda facts: [(c.text, money_text(c.amount_fen)) for c in facts.charges],
        ),
        "deadlines": TableForm(
            ("事情", "最后一天", "怎么算的"),
            lambda facts: [(d.until, d.day, d.counted) for d in facts.deadlines],
        ),
    }
)


def compose(template: Template, facts: Facts, number: str, check: str, link: str) -> Sheet:
    """Fill a template with facts."""
    words = facts.words()
    blocks = [_filled(part, words, facts) for part in template.body]
    return Sheet(
        title=template.title,
        subtitle=template.subtitle,
        number=number,
        organ=words["organ"],
        addressee=facts.applicant,
        blocks=tuple(block for block in blocks if block is not None),
        basis=_basis(template, facts),
        deadlines=facts.deadlines,
        dated=facts.dated,
        check=check,
        link=link,
    )


def named_in(text: str) -> set[str]:
    """Return the facts that a sentence names."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _filled(part: Part, words: Mapping[str, str], facts: Facts) -> str | Table | None:
    if isinstance(part, Listed):
        return _table(part, facts)
    needed = set()
    if isinstance(part, When):
        needed, part = set(part.facts.split()), part.text
    if not (needed | named_in(part)) <= words.keys():
        return None
    return part.format_map(words)


def _table(part: Listed, facts: Facts) -> Table | None:
    form = TABLES[part.name]
    rows = [
        (str(number), *(official(cell) for cell in row))
        for number, row in enumerate(form.rows(facts), start=1)
    ]
    return Table(part.heading, ("序号", *form.columns), tuple(rows)) if rows else None


def _basis(template: Template, facts: Facts) -> str:
    law = (template.permit_basis if facts.permit else facts.item_basis, template.basis)
    return "；".join(each for each in map(official, law) if each)
