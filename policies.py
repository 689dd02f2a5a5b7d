"""What the settings say of the use-cases, in the use-cases' own terms."""

from collections.abc import Mapping
from datetime import timedelta

from models.rules.calendar import Limit
from services.archive import ArchivePolicy
from services.credit import CreditPolicy
from settings import Settings


def archive_policy(settings: Settings) -> ArchivePolicy:
    return ArchivePolicy(
        after=timedelta(days=settings.archive_after_days),
        rated=settings.archive_waits_for_rating,
        documents=settings.archive_waits_for_documents,
        retention=settings.archive_retention,
    )


def credit_policy(settings: Settings) -> CreditPolicy:
    return CreditPolicy(
        Limit(settings.credit_objection_days), timedelta(days=settings.credit_lasts_days)
    )


def templates(settings: Settings) -> Mapping[str, str]:
    return {
        "case_action": settings.wechat_template_action,
        "case_progress": settings.wechat_template_progress,
    }
