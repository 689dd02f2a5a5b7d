"""Scopes: what a back-office system may do with its agency's cases."""

from enum import StrEnum


class Scope(StrEnum):
    """A word that an administrator grants and each route asks for."""

    PACKAGES_PULL = "packages:pull"
    MATERIALS_READ = "materials:read"
    EVENTS_WRITE = "events:write"
