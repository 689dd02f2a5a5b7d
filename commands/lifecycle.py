"""``zhangban lifecycle``: the state diagram, from the table that the code obeys."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from models.rules.diagram import between, diagram, page

README = Path("README.md")
PAGE = Path("docs/lifecycle.md")


def lifecycle(words: Sequence[str]) -> int:
    """Print the diagram, or with ``--write`` bring README and docs/lifecycle.md up to date."""
    parser = argparse.ArgumentParser(prog="zhangban lifecycle", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write README.md and docs/")
    if not parser.parse_args(words).write:
        print(diagram())
        return 0
    try:
        for file, text in current().items():
            file.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        print(f"zhangban: {error}; run this in the project's folder", file=sys.stderr)
        return 1
    return 0


def current(folder: Path = Path()) -> dict[Path, str]:
    """Return the files as they should be; raise ``OSError`` or ``ValueError`` for other files."""
    parts = {README: f"```mermaid\n{diagram()}\n```", PAGE: page()}
    return {
        folder / file: between((folder / file).read_text(encoding="utf-8"), part)
        for file, part in parts.items()
    }
