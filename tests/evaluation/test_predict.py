"""How many images a call of the program that validates takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cxrtui.evaluation.predict import even_batch


@given(count=st.integers(0, 3000), most=st.integers(1, 64), devices=st.integers(1, 6))
def test_a_call_takes_as_few_images_as_need_no_further_call(count: int, most: int, devices: int) -> None:
    batch = even_batch(count, most, devices)
    most *= devices
    assert 0 < batch <= most
    assert batch % devices == 0
    calls = -(-count // most)
    assert calls * batch >= count
    assert calls * (batch - 4 * devices) < count or calls == 0  # no smaller multiple would do


def test_a_split_of_one_film_more_shares_the_program() -> None:
    assert [even_batch(count, 32) for count in (1, 9, 32, 33, 65, 66, 72, 73)] == [4, 12, 32, 20, 24, 24, 24, 28]
