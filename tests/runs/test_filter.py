"""The filter language, on runs of recorded logs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrtui.errors import UsageError
from cxrtui.runs.arrange import LATEST, arranged, order_of
from cxrtui.runs.fields import SETTING_FIELDS, field_of
from cxrtui.runs.filter import Filter, FilterError, parse, parse_while_typing
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.notes import Notes
from cxrtui.runs.state import RunState, fold_all
from cxrtui.settings.config import Config, with_values
from tests.tui import logs

NOW = logs.START + 3 * 86_400


def snapshot(name: str, log: list, notes: Notes = Notes(), alive: bool = False, **values: str) -> Snapshot:  # type: ignore[type-arg]  # noqa: B008
    state = fold_all(log)
    config = with_values(Config(), {key.replace("__", "."): value for key, value in values.items()})
    return Snapshot(Run(Path(name)), replace(state, config=config.as_dict()), alive, read=True, notes=notes)


RUNS = (
    snapshot("frozen-head", logs.finished(), Notes("best so far", ("good", "paper")),
             data__source="/data/darkcovidnet"),
    snapshot("sgd-try", logs.failed(), Notes("", ("bad",)), optim__name="sgd", optim__learning_rate="0.1",
             data__source="/data/darkcovidnet,/data/Hannover films"),
    snapshot("long", logs.midway(), alive=True, optim__epochs="100", stop__metric="auroc"),
    snapshot("killed", logs.midway(), Notes("lost the node, twice")),
    snapshot("halted", logs.stopped(), optim__batch_size="64"),
    Snapshot(Run(Path("new")), RunState()),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "frozen-head sgd-try long killed halted new"),
        ("  ", "frozen-head sgd-try long killed halted new"),
        ("FROZEN", "frozen-head"),
        ("good", "frozen-head"),
        ("node twice", "killed"),
        ('"node, twice"', "killed"),
        ('node "far"', ""),
        ("data:dark", "frozen-head sgd-try"),
        ('data:"hannover films"', "sgd-try"),
        ("data=/data/darkcovidnet", "frozen-head sgd-try"),
        ("data:dark -data:hannover", "frozen-head"),
        ("status:done", "frozen-head"),
        ("status:fin", "frozen-head"),
        ("status:failed,stopped", "sgd-try halted"),
        ("status:live", "long"),
        ("status:train", "long"),
        ("status:interrupted", "killed"),
        ("status:reading", "new"),
        ("status!=done,failed", "long killed halted new"),
        ("tag:good", "frozen-head"),
        ("tag:pap", "frozen-head"),
        ("tag=pap", ""),
        ("tag!=good", "sgd-try"),
        ("-tag:good", "sgd-try long killed halted new"),
        ("note:node", "killed"),
        ("optim.name=SGD", "sgd-try"),
        ("optimizer:adam", "frozen-head long killed halted"),
        ("lr>1e-2", "sgd-try"),
        ("lr=0.1", "sgd-try"),
        ("optim.learning_rate<=1e-3", "frozen-head long killed halted"),
        ("lr!=1e-3", "sgd-try"),
        ("epochs>=100", "long"),
        ("batch=64", "halted"),
        ("batch_size:64", "halted"),
        ("epoch>9", "frozen-head long killed halted"),
        ("acc>93%", "frozen-head"),
        ("auroc>=0.948 auroc<0.95", "frozen-head"),
        ("val.auroc>0.95", "frozen-head"),
        ("test>0.9", "frozen-head"),
        ("val<0.4 -status:live", "frozen-head killed halted"),
        ("metric:loss name:h", "frozen-head halted"),
        ("age<2d", ""),
        ("age>=2.9d", "frozen-head sgd-try long killed halted"),
        ("device:cpu -status:live,failed", "frozen-head killed halted"),
        ("unfreeze:stage4", ""),
    ],
)
def test_words(text: str, names: str) -> None:
    wanted = parse(text)
    assert [run.run.name for run in RUNS if wanted.matches(run, NOW)] == names.split()


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("good lrr>1", "lrr", "there is no value 'lrr'; did you mean lr?"),
        ("-optim.nam=sgd", "optim.nam", "did you mean optim.name?"),
        ("lr>abc", "abc", "compared with a number, and 'abc' is none"),
        ("lr>", "lr>", "needs a value"),
        ("tag:a,", "tag:a,", "needs a value"),
        ("lr>1,2", "2", "> takes one value"),
        ("status:fnished", "fnished", "did you mean finished?"),
        ("age:2d", "2d", "age takes < or >"),
        ("age<2y", "2y", "an age such as 2d"),
        ("data>3", "3", "data is text"),
        ('a "b c', '"b c', "is not closed"),
        ("a -", "-", "needs a word"),
        ("http://x", "http", "no value 'http'"),
    ],
)
def test_a_wrong_word_is_named_with_its_place(text: str, at: str, reason: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert text[caught.value.start : caught.value.end] == at
    assert reason in caught.value.reason
    assert not str(caught.value).endswith("?.")


def test_quotation_marks_take_signs_as_text() -> None:
    run = replace(RUNS[0], notes=Notes("see http://x and lr>1"))
    assert all(parse(text).matches(run, NOW) for text in ('"http://x"', '"lr>1"', 'note:"lr>1"'))
    assert not parse('"-http"').matches(run, NOW)


@given(st.text() | st.text(alphabet='ab-:=<>,"1. ', max_size=12))
def test_any_text_is_a_filter_or_an_error_within_it(text: str) -> None:
    try:
        wanted = parse(text)
    except FilterError as error:
        places = 0, error.start, error.end, len(text)
    else:
        places = ()
        for run in RUNS:
            wanted.matches(run, NOW)
    assert list(places) == sorted(places)


@pytest.mark.parametrize(
    ("text", "found", "error"),
    [
        ("status:done", 1, False),
        ("statu", 6, False),  # the beginning of status: does not empty the list
        ("status:done l", 1, False),
        ("status:done lr", 1, False),
        ("status:done lr>", 1, True),
        ("status:done lrr>1", 1, True),
        ("statu ", 0, False),
        ('"statu"', 0, False),
        ("zzz", 0, False),
        ("kill", 1, False),
        ('kill "', 1, True),
    ],
)
def test_a_filter_while_it_is_typed(text: str, found: int, error: bool) -> None:
    wanted, wrong = parse_while_typing(text)
    assert (len(arranged(RUNS, wanted, LATEST, NOW)), wrong is not None) == (found, error)


def names(order: str, reverse: bool = False) -> list[str]:
    return [run.run.name for run in arranged(RUNS, Filter(), order_of(order, reverse), NOW)]


def test_a_list_is_sorted_by_any_value_and_what_has_none_is_last() -> None:
    assert names("name") == ["frozen-head", "halted", "killed", "long", "new", "sgd-try"]
    assert names("name", True) == names("name")[::-1]
    assert names("lr")[-2:] == ["sgd-try", "new"]
    assert names("lr", True)[0] == "sgd-try"
    assert names("lr", True)[-1] == "new"
    assert names("epoch")[0] == "frozen-head"  # the latest first
    assert names("test") == ["frozen-head", *(run.run.name for run in RUNS[1:])]
    assert names("tag")[:2] == ["sgd-try", "frozen-head"]
    assert arranged(RUNS, Filter(), LATEST, NOW) == list(RUNS)  # one is not read yet, so all keep their order
    ages = [now.state.updated for now in arranged(RUNS[:-1], Filter(), LATEST, NOW)]
    assert ages == sorted(ages, reverse=True)


def test_the_best_value_is_first_whatever_its_direction() -> None:
    low, high = (replace(RUNS[0], run=Run(Path(name))) for name in ("low", "high"))
    for metric, best in (("loss", "low"), ("auroc", "high")):
        runs = []
        for run, value in ((low, 0.1), (high, 0.9)):
            early = replace(run.state.early, metric=metric, best=value)  # type: ignore[type-var]
            runs.append(replace(run, state=replace(run.state, stoppings=type(run.state.stoppings)([early]))))
        assert arranged(runs, Filter(), order_of("best"), NOW)[0].run.name == best


def test_an_unknown_order_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'epchs'; did you mean epoch\?$"):
        order_of("epchs")


def test_every_setting_has_a_name() -> None:
    assert all(field_of(key) is item for key, item in SETTING_FIELDS.items())
    assert field_of("dropout") is field_of("model.dropout")
    assert field_of("data.fit") is field_of("data.resize_mode")  # its older name
