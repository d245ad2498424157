from __future__ import annotations

import json
import math

import numpy as np
import pytest

from cxrtui.statistics.binomial import clopper_pearson
from cxrtui.statistics.calibration import (
    IDENTITY,
    Calibration,
    bin_of,
    ece,
    ece_by_chance,
    expit,
    fit,
    log_odds,
    reliability,
)
from cxrtui.statistics.metrics import metric_statistics
from cxrtui.statistics.ranking import auroc


def _films(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels, and probabilities before and after a temperature of 1/3 and a shift of 1.5 spoil them."""
    random = np.random.default_rng(seed)
    true = expit(random.normal(-1.0, 1.5, count))
    return (random.uniform(size=count) < true).astype(int), expit(3.0 * log_odds(true) + 1.5), true


def test_platt_finds_the_temperature_and_the_bias_that_spoilt_the_probabilities() -> None:
    labels, spoilt, true = _films(40_000)
    found = fit("platt", labels, spoilt)
    assert found.temperature == pytest.approx(3.0, rel=0.05)
    assert found.bias == pytest.approx(-0.5, abs=0.05)
    np.testing.assert_allclose(found(spoilt), true, atol=0.02)
    assert ece(labels, found(spoilt)) < 0.01 < ece(labels, spoilt)


def test_a_temperature_alone_mends_what_is_too_sure_and_no_shift() -> None:
    labels, _, true = _films(40_000)
    sure = expit(3.0 * log_odds(true))
    found = fit("temperature", labels, sure)
    assert found.temperature == pytest.approx(3.0, rel=0.05)
    assert (found.bias, found.method) == (0.0, "temperature")
    np.testing.assert_allclose(found(sure), true, atol=0.02)
    shifted = expit(log_odds(sure) + 1.5)
    assert ece(labels, fit("temperature", labels, shifted)(shifted)) > 0.02 > ece(labels, found(sure))


def test_platt_is_the_one_of_scikit_learn() -> None:
    from sklearn.calibration import _SigmoidCalibration

    labels, spoilt, _ = _films(300, seed=3)
    scores = log_odds(spoilt)
    theirs = _SigmoidCalibration().fit(scores, labels)
    found = fit("platt", labels, spoilt)
    assert 1 / found.temperature == pytest.approx(-theirs.a_, rel=1e-4)
    assert found.bias == pytest.approx(-theirs.b_, abs=1e-4)
    np.testing.assert_allclose(found(spoilt), theirs.predict(scores), atol=1e-5)


@pytest.mark.parametrize("method", ["platt", "temperature", "isotonic"])
def test_a_calibration_reorders_nothing_and_survives_json(method: str) -> None:
    labels, spoilt, _ = _films(200, seed=4)
    found = fit(method, labels, spoilt)  # type: ignore[arg-type]
    ordered = np.sort(np.r_[0.0, spoilt, 1.0])
    after = found(ordered)
    assert (np.diff(after) >= 0).all()
    assert 0 <= after.min() <= after.max() <= 1
    if method != "isotonic":
        assert auroc(labels, found(spoilt)) == auroc(labels, spoilt)
    again = Calibration.from_dict(json.loads(json.dumps(found.as_dict())))
    assert again == found
    assert np.isnan(found([math.nan])).all()


def test_classes_that_the_scores_separate_have_a_finite_calibration() -> None:
    labels, scores = [0] * 30 + [1] * 10, [1e-9] * 30 + [1.0] * 10
    found = fit("platt", labels, scores)
    assert found(scores)[[0, -1]] == pytest.approx([1 / 32, 11 / 12], abs=1e-3)


def test_where_the_films_say_nothing_there_is_no_calibration_but_a_reason() -> None:
    assert "both classes" in fit("platt", [1, 1], [0.2, 0.9]).why
    assert "backwards" in fit("platt", [1] * 20 + [0] * 20, [0.1] * 20 + [0.9] * 20).why
    assert "no number" in fit("isotonic", [0, 1], [0.2, math.nan]).why
    assert fit("none", [0, 1], [0.1, 0.2]) == IDENTITY
    assert IDENTITY([0.25]).tolist() == [0.25]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"method": "magic"}, {"method": "platt", "temperature": 0.0}, {"method": "platt", "bias": math.inf},
        {"method": "isotonic"}, {"method": "isotonic", "knots": [[0.5, 0.9], [0.6, 0.1]]},
        {"method": "platt", "bias": "x"}, {"method": "isotonic", "knots": [[0.5]]}, {"method": ["platt"]},
    ],
)  # fmt: skip
def test_what_is_no_calibration_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Calibration.from_dict(body)


def test_the_ece_that_chance_explains_is_that_of_films_drawn_from_their_probabilities() -> None:
    random = np.random.default_rng(5)
    scores, patients = random.uniform(size=200), [str(place // 2) for place in range(200)]
    limit = ece_by_chance(scores, patients, seed=0)
    drawn = np.repeat(random.uniform(size=(2000, 100)), 2, axis=1) < scores
    assert np.mean([ece(row, scores) > limit for row in drawn]) == pytest.approx(0.025, abs=0.015)
    assert limit > ece_by_chance(scores, list(map(str, range(200))), seed=0)  # two films of a patient are one class


def test_the_rows_of_a_reliability_table() -> None:
    labels, scores = [0, 0, 1, 1, 1], [0.0, 0.1, 0.1, 0.95, 1.0]
    rows = reliability(labels, scores)
    assert [row.films for row in rows] == [3, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (rows[0].probability, rows[0].share) == (pytest.approx(0.2 / 3), pytest.approx(1 / 3))
    assert (rows[0].share_low, rows[0].share_high) == clopper_pearson(1, 3)
    assert math.isnan(rows[4].share)
    assert bin_of([0.1, 0.1000001]).tolist() == [0, 1]
    by_rows = sum(row.films * abs(row.probability - row.share) for row in rows if row.films) / 5
    one_pass = metric_statistics(labels, scores, 0.5)(np.ones((1, 5)))["ece"][0]
    assert by_rows == pytest.approx(ece(labels, scores)) == pytest.approx(one_pass)
