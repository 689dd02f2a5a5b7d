"""``zhangban lifecycle``: the state diagram, from the table that the code obeys."""

import argparse
from collections.abc import Sequence

from commands import pages
from models.rules.diagram import diagram


def lifecycle(words: Sequence[str]) -> int:
    """Print the diagram, or with ``--write`` bring README and docs/lifecycle.md up to date."""
    parser = argparse.ArgumentParser(prog="zhangban lifecycle", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write README.md and docs/")
    if parser.parse_args(words).write:
        return pages.write("lifecycle")
    print(diagram())
    return 0
