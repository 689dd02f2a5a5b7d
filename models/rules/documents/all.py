"""The template of each kind of notice."""

from collections.abc import Mapping
from types import MappingProxyType

from models.rules.documents import handling, intake, results
from models.rules.documents.template import Template
from models.rules.notices import NoticeKind

TEMPLATES: Mapping[NoticeKind, Template] = MappingProxyType(
    {
        template.kind: template
        for module in (intake, handling, results)
        for template in module.TEMPLATES
    }
)
