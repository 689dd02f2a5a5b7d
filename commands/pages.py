"""Pages that are made from the rules: each has a part between two markers that nobody edits."""

import sys
from collections.abc import Mapping
from pathlib import Path

from models.rules.diagram import diagram, page
from models.rules.lint import rules_table
from models.rules.markdown import between

# By the name of their markers: the files, and what stands in each.
LIFECYCLE = {"README.md": lambda: f"```mermaid\n{diagram()}\n```", "docs/lifecycle.md": page}
RULES = {"docs/items.md": rules_table}
PAGES = {"lifecycle": LIFECYCLE, "rules": RULES}


def current(name: str, folder: Path = Path()) -> Mapping[Path, str]:
    """Return the files as they should be; raise ``OSError`` or ``ValueError`` for other files."""
    return {
        folder / file: between((folder / file).read_text(encoding="utf-8"), content(), name)
        for file, content in PAGES[name].items()
    }


def write(name: str) -> int:
    """Bring the pages in this folder up to date; return the exit status."""
    try:
        for file, text in current(name).items():
            file.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        print(f"zhangban: {error}; run this in the project's folder", file=sys.stderr)
        return 1
    return 0
