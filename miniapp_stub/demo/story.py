"""The story: one road-digging permit from the phone to the back-office and back, in steps."""

from collections.abc import Callable, Iterator

from miniapp_stub.demo import filing, handling
from miniapp_stub.demo.state import Story

Step = Callable[[Story], Iterator[str]]

STEPS: tuple[Step, ...] = (
    filing.login,
    filing.real_name,
    filing.consents,
    filing.choose_item,
    filing.fill_form,
    filing.upload,
    filing.read,
    filing.choose_courier,
    filing.submit,
    filing.look_up,
    filing.find_faults,
    filing.correct,
    handling.accept,
    handling.hand_off,
    handling.decide,
    handling.pay,
    handling.post,
    handling.rate,
)
