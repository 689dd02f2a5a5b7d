"""The service items (政务服务事项) as data, one YAML file for each; ``code`` has 33 characters.

An item holds the elements that its agency publishes, a ``guide`` for people and a ``form_schema``
(JSON Schema 2020-12). In a schema ``x-sensitive`` marks what is encrypted and masked, ``x-check``
names a rule beyond the schema, ``x-field`` the published form field that a property is part of,
and ``x-ui`` hints at the widget, its unit and its help. Amounts ending in ``_cent`` or ``_fen``
are integer fen.
"""

from pathlib import Path

DIRECTORY = Path(__file__).parent
