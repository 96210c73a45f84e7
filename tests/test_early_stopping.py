"""Early stopping: the best weights are kept, from one fit to the next as well."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import r2_score

from skimitate import BehaviorCloner


@pytest.fixture(scope="module")
def noisy():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 4)) * [1, 5, 1, 0] + [0, 3, 0, 1]
    y = np.column_stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2] / 5])
    return X, y + rng.normal(size=(100, 2))


def stopping(**options):
    # A network that soon fits the noise.
    options = {"activation": "relu", "alpha": 0.0, "max_iter": 300} | options
    options = {"n_iter_no_change": 5, "random_state": 0} | options
    return BehaviorCloner(early_stopping=True, validation_fraction=0.3, **options)


class Shown:
    """A callback that keeps the observations that are trained on."""

    def setup(self, estimator, context):
        self.X = None

    def on_fit_task_begin(self, estimator, context, *, X=None, **shown):
        self.X = X

    def on_fit_task_end(self, estimator, context, **shown):
        return False

    def teardown(self, estimator, context):
        return None


def held_out_rows(data):
    """Whether each row of the data is validated with, at random_state 0."""
    shown = Shown()
    stopping(max_iter=1).set_callbacks(shown).fit(*data)
    return ~np.isin(data[0][:, 0], shown.X[:, 0])


def test_the_best_weights_are_kept(noisy):
    cloner = stopping(ema_decay=None).fit(*noisy)
    scores = cloner.validation_scores_
    assert len(scores) == cloner.n_iter_ < 300
    assert cloner.best_validation_score_ == max(scores)
    assert np.argmax(scores) < len(scores) - 1
    averaged = clone(cloner).set_params(ema_decay=0.99).fit(*noisy)
    best = int(np.argmax(averaged.validation_scores_))
    assert best < len(averaged.validation_scores_) - 1
    stopped = clone(averaged).set_params(max_iter=best + 1).fit(*noisy)
    assert_allclose(stopped.predict(noisy[0]), averaged.predict(noisy[0]))
    shorter = clone(cloner).set_params(max_iter=int(np.argmax(scores)) + 1)
    shorter.fit(*noisy)
    assert_allclose(shorter.predict(noisy[0]), cloner.predict(noisy[0]))


def test_validation_samples_enter_neither_training_nor_normalizer(noisy):
    cloner = stopping(max_iter=1).fit(*noisy)
    assert cloner.normalizer_.n_samples_seen_ == 70


def test_a_warm_start_does_not_forget_the_best_weights(noisy):
    cloner = stopping(warm_start=True, ema_decay=None).fit(*noisy)
    best, before = cloner.best_validation_score_, cloner.predict(noisy[0])
    n_iter = cloner.n_iter_
    cloner.set_params(learning_rate_init=0.5).fit(*noisy)
    assert cloner.n_iter_ > n_iter
    assert max(cloner.validation_scores_[n_iter:]) < best
    assert cloner.best_validation_score_ == pytest.approx(best)
    assert_allclose(cloner.predict(noisy[0]), before, atol=1e-6)
    held_out = held_out_rows(noisy)
    score = r2_score(noisy[1][held_out], cloner.predict(noisy[0][held_out]))
    assert score == pytest.approx(best)


def test_scores_of_weights_that_no_longer_act_are_gone(noisy):
    for go_on in ("partial_fit", "continue_fit"):
        cloner = stopping(max_iter=3).fit(*noisy)
        assert cloner.validation_scores_
        getattr(cloner.set_params(early_stopping=False), go_on)(*noisy)
        assert cloner.validation_scores_ is None
        assert cloner.best_validation_score_ is None


def test_partial_fit_refuses_early_stopping(noisy):
    cloner = stopping(max_iter=2).fit(*noisy)
    before = cloner.predict(noisy[0])
    with pytest.raises(ValueError, match="early_stopping: expected False for partial"):
        cloner.partial_fit(*noisy)
    assert_array_equal(cloner.predict(noisy[0]), before)
    assert len(cloner.validation_scores_) == 2


@pytest.mark.parametrize(("side", "use"), [(0, "train on"), (1, "validate with")])
def test_weights_that_are_zero_on_one_side_name_the_split(noisy, side, use):
    held_out = held_out_rows(noisy)
    sides = ~held_out, held_out
    weight = np.where(sides[side], 0.0, 1.0)
    message = f"sample_weight: .*{sides[side].sum()} samples to {use} .validation_frac"
    with pytest.raises(ValueError, match=message):
        stopping(max_iter=2).fit(*noisy, sample_weight=weight)
