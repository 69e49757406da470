import pytest

from aftersales.service.fault import FaultLevel, level_of

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("down", "affected", "alternative", "level"),
    [
        (True, True, False, 1),
        (True, True, True, 1),
        (True, False, False, 1),
        (True, False, True, 2),
        (False, True, False, 1),
        (False, True, True, 2),
        (False, False, False, 3),
        (False, False, True, 3),
    ],
)
def test_three_answers_give_the_level(down: bool, affected: bool, alternative: bool, level: int) -> None:
    assert level_of(down, affected, alternative) is FaultLevel(f"level_{level}")
