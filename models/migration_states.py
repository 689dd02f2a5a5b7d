"""The states between migrations, made without doing the same work again.

Each operation of a migration makes every model anew, twice, with filters and queries that no
operation looks at: five sixths of the time of a first start. Ours are statements; a migration
that queried by the ORM could not run so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tortoise.models
from tortoise.fields import JSONField
from tortoise.fields.relational import BackwardFKRelation, ManyToManyFieldInstance
from tortoise.migrations.schema_generator.state_apps import StateApps

Filters = Callable[..., dict[str, Any]]


@contextmanager
def light_states() -> Iterator[None]:
    """Make equal filters once and no queries at all while migrations run."""
    module: Any = tortoise.models
    states: Any = StateApps
    kept = module.get_filters_for_field, states._build_initial_querysets
    module.get_filters_for_field = _made_once(module.get_filters_for_field)
    states._build_initial_querysets = _finalise_fields
    try:
        yield
    finally:
        module.get_filters_for_field, states._build_initial_querysets = kept


def _made_once(make: Filters) -> Filters:
    """Return the same filters for equal columns; those of relations are each their own."""
    made: dict[tuple[str, str, str, bool], dict[str, Any]] = {}

    def filters(field_name: str, field: Any, source_field: str) -> dict[str, Any]:
        if field is None or isinstance(field, ManyToManyFieldInstance | BackwardFKRelation):
            return make(field_name, field, source_field)
        key = (field_name, field.model_field_name, source_field, isinstance(field, JSONField))
        if key not in made:
            made[key] = make(field_name, field, source_field)
        return made[key]

    return filters


def _finalise_fields(apps: StateApps) -> None:
    for app in apps.apps.values():
        for model in app.values():
            if model._meta.default_connection is not None and model._meta._inited:
                model._meta.finalise_fields()
