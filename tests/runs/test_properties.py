"""What holds for every line and every log: decoding, folding, following, and looking at a glance."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cxrtui.runs import codec, steps, summary
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Follower
from cxrtui.runs.glance import Glance
from cxrtui.runs.glance import summary as at_a_glance
from cxrtui.runs.log import append
from cxrtui.runs.state import RunState, fold, fold_all
from tests.event_samples import whole_run
from tests.runs.strategies import NUMBER, WHOLE, events, training

LINES = [codec.encode(event).encode() for event in whole_run()]
STEP = json.loads(next(line for line in LINES if steps.is_step(line)))
JSON = st.none() | st.booleans() | WHOLE | st.integers() | NUMBER | st.text(max_size=3) | st.lists(WHOLE, max_size=2)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A line of a log with some bytes of it replaced."""
    line = draw(st.sampled_from(LINES))
    start = draw(st.integers(0, len(line)))
    return line[:start] + draw(st.binary(max_size=6)) + line[start + draw(st.integers(0, 20)) :]


@st.composite
def odd_steps(draw: st.DrawFn) -> bytes:
    """A step of which fields hold other values, are there twice, are missing or are new."""
    body = dict(STEP)
    for name in draw(st.lists(st.sampled_from([*STEP, "new"]), max_size=3)):
        body[name] = draw(JSON)
    for name in draw(st.lists(st.sampled_from(list(body)), max_size=1)):
        del body[name]
    line = json.dumps(body)
    if draw(st.booleans()):
        line = f"{line[:-1]}, {json.dumps(draw(st.sampled_from(list(STEP))))}: {json.dumps(draw(JSON))}}}"
    return line.encode()


@given(st.binary(max_size=40) | damaged())
def test_no_line_raises(line: bytes) -> None:
    event = codec.decode(line)
    assert event is None or codec.decode(codec.encode(event)) is not None
    steps.decode_block([line])


@given(events())
def test_a_line_holds_its_event(event: ev.Event) -> None:
    line = codec.encode(event)
    back = codec.parse(line)
    assert back is not None
    if not (isinstance(event, ev.Warned) and not event.code):
        assert codec.encode(back) == line


@given(events(st.text(max_size=8)))
def test_text_is_made_printable_once(event: ev.Event) -> None:
    once = codec.parse(codec.encode(event))
    assert once is not None
    assert codec.encode(codec.parse(codec.encode(once))) == codec.encode(once)  # type: ignore[arg-type]


@given(odd_steps())
def test_a_step_is_the_same_by_the_block_and_by_the_line(line: bytes) -> None:
    block, event = steps.decode_block([line]), codec.decode(line)
    if block is not None:
        assert [codec.encode(item) for item in block.events()] == [codec.encode(event)]  # type: ignore[arg-type]


def test_a_whole_step_is_decoded_by_the_block() -> None:
    lines = [json.dumps({**STEP, "step": number, "loss": loss}).encode() for number, loss in ((1, 0.5), (2, None))]
    assert all(map(steps.is_step, lines))
    block = steps.decode_block(lines)
    assert block is not None
    assert [codec.encode(item) for item in block.events()] == [codec.encode(codec.parse(line)) for line in lines]  # type: ignore[arg-type]
    assert steps.decode_block([*lines, b'{"v": 1, "type": "StepDone", "step": 3}']) is None


@given(st.lists(events(), max_size=12), st.integers(0, 12))
def test_every_event_folds_and_a_prefix_stays_what_it_was(stream: list[ev.Event], cut: int) -> None:
    """No event that a log can hold is an error for the fold, which swallows none."""
    before = fold_all(stream[:cut])
    shown = repr(before)
    state = before
    for event in stream[cut:]:
        state = fold(state, event)
    assert repr(state) == repr(fold_all(stream))
    assert repr(before) == shown
    assert repr(fold_all(stream[cut:], before)) == repr(state)  # a second branch of the same prefix


@given(st.lists(events(), max_size=8), st.lists(st.integers(0, 4000), max_size=6))
def test_a_log_that_is_followed_in_pieces_is_the_log_that_is_read_at_once(
    stream: list[ev.Event], cuts: list[int]
) -> None:
    body = "".join(codec.encode(event) + "\n" for event in [*whole_run(1), *stream]).encode()
    places = sorted({*(min(cut, len(body)) for cut in cuts), len(body)})
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        run.config_file.touch()
        follower = Follower(run)
        for start, end in zip([0, *places], places, strict=False):
            with run.events_file.open("ab") as file:
                file.write(body[start:end])
            assert follower.read()
        assert repr(follower.state) == repr(run.read())


KILLS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 6)), max_size=4).map(sorted)


@given(KILLS, st.integers(0, 60), st.booleans())
def test_a_glance_says_what_the_whole_log_says(kills: list[tuple[int, int]], ends: int, summed_up: bool) -> None:
    """With a summary and without, from the start and from a look before, however often the run was killed."""
    stream = list(training(kills))[: max(8, ends)]
    with tempfile.TemporaryDirectory() as folder:
        run, marks = Run(Path(folder)), summary.Landmarks()
        run.config_file.touch()
        followed = Glance(run)
        for number, event in enumerate(stream):
            marks.add_written(event, append(run.events_file, event))
            if summed_up and isinstance(event, ev.EarlyStopping | ev.Resumed | ev.Stopped):
                marks.write(run.events_file)
            if number % 5 == 0:
                followed.look()
        followed.look()
        whole = _listed(run.read())
        assert _listed(at_a_glance(run)) == whole
        assert _listed(followed.state) == whole
        if summed_up:
            again = summary.read_landmarks(run.events_file)
            again.write(run.events_file)
            assert _listed(at_a_glance(run)) == whole


def _listed(state: RunState) -> tuple[object, ...]:
    """What a list of runs shows of a state."""
    return (state.status, state.step, state.epoch, state.early, state.checkpoint, repr(state.evaluations),
            state.stopped, state.failed, state.updated)  # fmt: skip


def test_a_log_of_many_epochs_is_looked_at_by_its_end_alone(tmp_path: Path) -> None:
    """Longer than what is read without a summary, and than what is read with one."""
    run, marks = Run(tmp_path), summary.Landmarks()
    run.config_file.touch()
    stream = list(training([(3, 4)], epochs=60))
    for event in stream[:-30]:
        marks.add_written(event, append(run.events_file, event))
    marks.write(run.events_file)
    for event in stream[-30:]:
        append(run.events_file, event)
    assert run.events_file.stat().st_size > 65536
    whole = run.read()
    assert (_listed(at_a_glance(run)), len(at_a_glance(run).steps) < len(whole.steps) / 2) == (_listed(whole), True)
    (tmp_path / summary.FILE).unlink()
    assert (_listed(at_a_glance(run)), len(at_a_glance(run).steps) < len(whole.steps)) == (_listed(whole), True)
