"""A thousand files that are built to do harm, made anew in each run and always the same."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain

from tests.uploads.hostile import documents, mutations, names, packages, pictures
from tests.uploads.hostile.case import Hostile

NUMBER = 1000


@cache
def thousand() -> Sequence[Hostile]:
    """Return what there is of each kind, filled up with good files that were damaged by chance."""
    all_kinds = [
        *chain(
            pictures.canvases(),
            pictures.scans(),
            pictures.bombs(),
            pictures.boxes(),
            pictures.animations(),
            documents.bombs(),
            documents.recursion(),
            documents.active(),
            packages.bombs(),
            packages.actions(),
            mutations.lies(),
            mutations.polyglots(),
            mutations.cuts(),
            names.odd(),
        )
    ]
    return [*all_kinds, *_damaged(NUMBER - len(all_kinds))]


def made(number: int) -> bytes:
    """Return the bytes of one of them; for a process that makes them and nothing else."""
    return thousand()[number].make()


def _damaged(number: int) -> Iterator[Hostile]:
    for seed in range(number):
        yield mutations.damaged(seed)
