"""The states between migrations, made without doing the same work again.

Each operation of a migration makes every model anew, twice, with filters and queries that no
operation looks at: five sixths of the time of a first start. Ours are statements; a migration
that queried by the ORM could not run so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import tortoise.models
from tortoise.fields import JSONField
from tortoise.fields.relational import BackwardFKRelation, ManyToManyFieldInstance
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

Filters = Callable[..., dict[str, Any]]


@contextmanager
def light_states() -> Iterator[None]:
    """Make equal filters once, no queries, and no model twice while migrations run."""
    module: Any = tortoise.models
    apps: Any = StateApps
    state: Any = State
    kept = module.get_filters_for_field, apps._build_initial_querysets, state.clone
    module.get_filters_for_field = _made_once(module.get_filters_for_field)
    apps._build_initial_querysets = _finalising()
    state.clone = _as_it_stands
    try:
        yield
    finally:
        module.get_filters_for_field, apps._build_initial_querysets, state.clone = kept


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


def _as_it_stands(state: State) -> State:
    """Return the state before an operation, with the models that were made of it.

    An operation makes new models of what it changes and puts them in the place of the old ones.
    """
    models = {key: model.clone() for key, model in state.models.items()}
    apps = StateApps(dict(state.apps._default_connections), state.apps._connections)
    apps.apps = {label: dict(app) for label, app in state.apps.apps.items()}
    return State(models, apps)


def _finalising() -> Callable[[StateApps], None]:
    """Finalise what is new; what stands is, unless another model has given it a relation."""
    known: WeakKeyDictionary[type[Model], int] = WeakKeyDictionary()

    def finalise(apps: StateApps) -> None:
        for app in apps.apps.values():
            for model in app.values():
                meta = model._meta
                ready = meta.default_connection is not None and meta._inited
                if ready and known.get(model) != len(meta.fields_map):
                    meta.finalise_fields()
                    known[model] = len(meta.fields_map)

    return finalise
