"""Step-up: an item may need to be surer who applies than an account is; the draft waits."""

from uuid import UUID

from models.database import rows
from models.rules.levels import Level, steps_to
from services.errors import Forbidden

LEVEL = "SELECT level FROM accounts WHERE id = $1"


class RealNameLevelRequired(Forbidden):
    """The item needs a higher real-name level; ``facts`` say which, and how it is reached."""

    code = "real_name_level_required"
    sentence = "这个事项需要进一步核验身份。填写的内容都保存着,核验后可以继续提交。"


async def check_level(account_id: UUID, needed: int) -> None:
    """Raise ``RealNameLevelRequired`` when whoever acts is not known surely enough.

    The first level is everybody's who may submit at all, and costs no question.
    """
    if needed <= Level.TWO_FACTORS:
        return
    [row] = await rows(LEVEL, [account_id])
    if row["level"] >= needed:
        return
    raise RealNameLevelRequired(
        facts={
            "level": row["level"],
            "needed": int(needed),
            "needed_text": Level(needed).zh,
            "ways": [{"code": step.code, "text": step.text} for step in steps_to(needed)],
        }
    )
