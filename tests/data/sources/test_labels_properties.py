"""Properties of the choice of classes, on findings in any spelling."""

from __future__ import annotations

import re
import shlex

from hypothesis import given
from hypothesis import strategies as st

from cxrtui.data.findings import canonical
from cxrtui.data.sources.labels import decide
from cxrtui.data.sources.rule import Labels
from cxrtui.data.sources.sides import side
from cxrtui.errors import DataError

# Words of a finding each, so that a spelling may join them in its own way.
PAIRS = (
    ("normal", "covid 19"), ("no finding", "covid 19"), ("non covid", "covid"), ("negative", "positive"),
    ("no tb", "tb"), ("control", "case"), ("uninfected", "infected"), ("absent", "present"), ("normal", "abnormal"),
    ("covid negative", "covid positive"), ("without pneumonia", "with pneumonia"), ("healthy", "sars cov 2"),
    ("normal", "tuberculosis"), ("no", "yes"), ("false", "true"), ("0", "1"), ("no disease", "diseased"),
    ("unremarkable", "coronavirus"), ("negative control", "covid 19 pneumonia"),
)  # fmt: skip
CASES = (str.lower, str.upper, str.title, str.capitalize)


@st.composite
def spellings(draw: st.DrawFn, words: str) -> str:
    """`words` in another case, joined in another way, with blanks or quotes around them, in the plural or of cases."""
    text = draw(st.sampled_from(CASES))(words)
    text = text.replace(" ", draw(st.sampled_from([" ", "_", "-", "  ", " - "])))
    if not words[-1].isdigit() and words not in ("no", "yes", "false", "true", "case", "absent", "present"):
        text += draw(st.sampled_from(["", " cases", "_films", " Images", " class"]))
    return draw(st.sampled_from(["{}", " {} ", '"{}"', "'{}'"])).format(text)


@st.composite
def two_classes(draw: st.DrawFn) -> tuple[str, str]:
    """A negative and a positive finding, spelt anew and perhaps numbered, in either order."""
    minus, plus = draw(st.sampled_from(PAIRS))
    negative, positive = draw(spellings(minus)), draw(spellings(plus))
    if draw(st.booleans()):
        numbers = draw(st.permutations(["0", "1"]))
        form = draw(st.sampled_from(["{}_{}", "{}. {}", "{} - {}", "({}) {}"]))
        negative, positive = (
            form.format(number, name.strip(" \"'")) for number, name in zip(numbers, (negative, positive), strict=True)
        )
    return negative, positive


def _suggestion(message: str) -> dict[str, str]:
    """What an error proposes: the setting's name and the class."""
    words = shlex.split(message[message.index("--set ") :])
    return dict(re.fullmatch(r"data\.(\w+)=(.*?),?", word).groups() for word in words if word.startswith("data."))  # type: ignore[union-attr]


@given(two_classes(), st.booleans(), st.integers(1, 9), st.integers(1, 9))
def test_sides_are_never_inverted(classes: tuple[str, str], turned: bool, some: int, more: int) -> None:
    """Whatever the order, the counts and the spelling: the rule is right, or it is asked for with no wrong example."""
    negative, positive = classes
    found = {positive: some, negative: more} if turned else {negative: more, positive: some}
    try:
        rule = decide(found, (), ())
    except DataError as error:
        proposed = _suggestion(str(error))
        assert proposed["positive"] != negative.strip()
        assert proposed["negative"] != positive.strip()
    else:
        assert (rule.class_index(negative), rule.class_index(positive)) == (0, 1)


@given(st.data(), st.sampled_from(PAIRS))
def test_a_spelling_changes_no_side(data: st.DataObject, pair: tuple[str, str]) -> None:
    """A rule in one spelling counts films of another, and what a name says of itself stays."""
    minus, plus = pair
    negative, positive = data.draw(spellings(minus)), data.draw(spellings(plus))
    assert canonical(positive) == canonical(plus)
    assert canonical(negative) == canonical(minus)
    assert (side(negative), side(positive)) == (side(minus), side(plus))
    rule = Labels((negative,), (positive,))
    assert (rule.class_index(minus), rule.class_index(plus)) == (0, 1)
    named = decide({data.draw(spellings(minus)): 3, data.draw(spellings(plus)): 2}, (positive,), (negative,))
    assert (named.class_index(minus), named.class_index(plus)) == (0, 1)


@given(st.data(), st.sampled_from([",", ";", "|", ", ", " | "]))
def test_the_order_and_the_joint_of_findings_in_a_cell_change_nothing(data: st.DataObject, joint: str) -> None:
    items = data.draw(st.lists(st.sampled_from(["COVID-19", "ARDS", "Pneumonia", "Effusion"]), min_size=1, unique=True))
    rule = decide({"COVID-19": 2, "No finding": 2}, ("covid",), ("*",))
    listed = [data.draw(spellings(item.lower())) for item in items]
    index = rule.class_index(joint.join(listed))
    assert index == rule.class_index(joint.join(data.draw(st.permutations(listed))))
    assert index == int("COVID-19" in items)
