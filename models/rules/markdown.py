"""Tables of the rules as Markdown, for pages that are made from them."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def between(text: str, content: str, name: str) -> str:
    """Put ``content`` between the two markers of a text; raise ``ValueError`` without them."""
    first, last = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, opened, rest = text.partition(first)
    _, closed, after = rest.partition(last)
    if not opened or not closed:
        raise ValueError(f"no {first} and {last}")
    return f"{before}{first}\n{content}\n{last}{after}"
