"""Learners inside of a history go on, as they do by themselves."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge, SGDClassifier, SGDRegressor
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    HistoryClassifier,
    HistoryRegressor,
)
from skimitate.learners._continuation import continuation

RNG = np.random.default_rng(0)
X = RNG.normal(3, 2, size=(40, 2))
Y = X @ [1.0, -2.0]
GROUPS = np.repeat([0, 1, 2, 3], 10)
BEGINS = np.arange(40) % 10 == 0


def cloner(**options):
    return BehaviorCloner((4,), max_iter=2, random_state=0, **options)


def stacked(X, groups, n_steps=2):
    first = np.array([np.flatnonzero(groups == g)[0] for g in groups])
    ages = range(n_steps - 1, -1, -1)
    return np.hstack([X[np.maximum(np.arange(len(X)) - a, first)] for a in ages])


class Noting(RegressorMixin, BaseEstimator):
    """Keeps what it was given last."""

    def fit(self, X, y):
        self.X_ = X
        return self

    partial_fit = fit

    def predict(self, X):
        return np.zeros(len(X))


def test_a_cloner_goes_on_as_by_itself():
    model = HistoryRegressor(cloner(), 2).fit(X, Y, groups=GROUPS)
    alone = cloner().fit(stacked(X, GROUPS), Y)
    model.continue_fit(X, Y, groups=GROUPS, n_epochs=3)
    alone.continue_fit(stacked(X, GROUPS), Y, n_epochs=3)
    half, episodes = X[:20], GROUPS[:20]
    model.partial_fit(half, Y[:20], groups=episodes)
    alone.partial_fit(stacked(half, episodes), Y[:20])
    assert model.estimator_.n_iter_ == 6
    assert_array_equal(model.predict(X, GROUPS), alone.predict(stacked(X, GROUPS)))


def test_it_can_begin_so():
    for learner in (cloner(), SGDRegressor(random_state=0)):
        model = HistoryRegressor(learner, 2)
        model.partial_fit(X, Y, groups=GROUPS).partial_fit(X, Y, groups=GROUPS)
        twice = HistoryRegressor(learner, 2).continue_fit(
            X, Y, groups=GROUPS, n_epochs=2
        )
        assert_allclose(
            model.predict(X, GROUPS), twice.predict(X, GROUPS), rtol=0.2, atol=10.0
        )
        assert model.n_features_in_ == 2
    with pytest.raises(ValueError, match="n_epochs"):
        model.continue_fit(X, Y, groups=GROUPS, n_epochs=0)
    with pytest.raises(ValueError, match="X has 1 features"):
        model.partial_fit(X[:, :1], Y, groups=GROUPS)
    with pytest.raises(ValueError, match="y: expected 1 outputs as before, got 2"):
        model.partial_fit(X, np.c_[Y, Y], groups=GROUPS)


def test_transformers_stay_as_the_first_call_left_them():
    learner = make_pipeline(StandardScaler(), cloner())
    for begin in ("fit", "partial_fit", "continue_fit"):
        model = HistoryRegressor(learner, 2)
        getattr(model, begin)(X, Y, groups=GROUPS)
        mean = stacked(X, GROUPS).mean(axis=0)
        assert_allclose(model.estimator_[0].mean_, mean)
        model.continue_fit(X + 5.0, Y, groups=GROUPS, n_epochs=3)
        model.partial_fit(X - 5.0, Y, groups=GROUPS)
        assert_allclose(model.estimator_[0].mean_, mean)
        assert model.estimator_[-1].n_iter_ == 2 + 3 + 1


def test_who_can_go_on():
    def has(learner):
        names = ("partial_fit", "continue_fit")
        return [hasattr(HistoryRegressor(learner, 2), name) for name in names]

    assert has(Ridge()) == [False, False]
    assert has(make_pipeline(StandardScaler(), Ridge())) == [False, False]
    assert has(SGDRegressor()) == [True, True]
    assert has(MultiOutputRegressor(SGDRegressor())) == [True, True]
    assert has(make_pipeline(StandardScaler(), cloner())) == [True, True]


def test_what_goes_on_inside_is_known():
    """DAgger asks what trains for its batch size, and shows its epochs."""
    learner = make_pipeline(StandardScaler(), cloner(batch_size=7))
    model = HistoryRegressor(learner, 2).fit(X, Y, groups=GROUPS)
    found = continuation(make_pipeline(model))
    assert found.estimator.batch_size == 7
    found.go_on(X, Y, 4, groups=GROUPS)
    assert model.estimator_[-1].n_iter_ == 6
    bare = HistoryRegressor(Ridge(), 2).fit(X, Y, groups=GROUPS)
    assert continuation(bare) is None


def test_steps_without_a_label_and_weights():
    weight = np.tile([0.0, 1.0], 20)
    y = np.where(weight > 0, Y, np.nan)
    model = HistoryRegressor(cloner(), 2).fit(X, y, weight, groups=GROUPS)
    model.continue_fit(X, y, 2 * weight, groups=GROUPS, n_epochs=2)
    alone = cloner().fit(stacked(X, GROUPS)[1::2], Y[1::2])
    alone.continue_fit(stacked(X, GROUPS)[1::2], Y[1::2], n_epochs=2)
    expected = alone.predict(stacked(X, GROUPS))
    assert_allclose(model.predict(X, GROUPS), expected, rtol=1e-9)


def test_actions_are_told():
    done = RNG.normal(size=40)
    model = HistoryRegressor(Noting(), 1, actions=True).fit(X, Y, groups=GROUPS)
    assert_array_equal(model.estimator_.X_[:, 2], np.where(BEGINS, 0, np.roll(Y, 1)))
    model.partial_fit(X, Y, groups=GROUPS, actions=done)
    assert_array_equal(model.estimator_.X_[:, 2], np.where(BEGINS, 0, np.roll(done, 1)))


@pytest.mark.parametrize("learner", [SGDClassifier(), GaussianNB()])
def test_classes_that_come_later(learner):
    y = np.where(Y > 0, "go", "stop")
    model = HistoryClassifier(learner, 2, actions=True)
    options = {"classes": ["go", "stop", "wait"], "groups": GROUPS}
    model.partial_fit(X, y, **options)
    assert_array_equal(model.classes_, ["go", "stop", "wait"])
    assert model.stacking_.n_columns == 2 * (2 + 3)
    y[::3] = "wait"
    model.partial_fit(X, y, groups=GROUPS)
    model.continue_fit(X, y, groups=GROUPS, n_epochs=2)
    assert set(model.predict(X, GROUPS)) <= {"go", "stop", "wait"}
    y[0] = "fly"
    with pytest.raises(ValueError, match="fly"):
        model.partial_fit(X, y, groups=GROUPS)


def test_a_cloner_of_classes_goes_on():
    y = np.where(Y > 0, 4, 7)
    learner = BehaviorCloningClassifier((4,), max_iter=2, random_state=0)
    model = HistoryClassifier(learner, 2).fit(X, y, groups=GROUPS)
    model.continue_fit(X, y, groups=GROUPS, n_epochs=3)
    assert model.estimator_.n_iter_ == 5
    with pytest.raises(ValueError, match="got 9"):
        model.continue_fit(X, np.where(Y > 0, 4, 9), groups=GROUPS)
    begun = HistoryClassifier(learner, 2).partial_fit(
        X, y, classes=[4, 7, 9], groups=GROUPS
    )
    assert_array_equal(begun.classes_, [4, 7, 9])


def test_a_failure_changes_nothing():
    model = HistoryRegressor(cloner(), 2).fit(X, Y, groups=GROUPS)
    before = model.predict(X, GROUPS)
    for bad in ({"groups": GROUPS % 2}, {"y": np.abs(Y) * np.inf}, {"X": X * np.nan}):
        with pytest.raises(ValueError, match=r"groups|infinity|NaN"):
            model.continue_fit(**({"X": X, "y": Y, "groups": GROUPS} | bad))
    assert_array_equal(model.predict(X, GROUPS), before)


def test_what_an_interrupted_cloner_has_learnt_acts(monkeypatch):
    from skimitate.cloning._trainer import Trainer

    run_epoch, n_left = Trainer.run_epoch, [3]

    def interrupted(self, *args):
        if n_left[0] == 0:
            raise KeyboardInterrupt
        n_left[0] -= 1
        return run_epoch(self, *args)

    monkeypatch.setattr(Trainer, "run_epoch", interrupted)
    model = HistoryRegressor(BehaviorCloner((4,), random_state=0), 2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, groups=GROUPS)
    assert model.estimator_.n_iter_ == 3
    assert np.isfinite(model.predict(X, GROUPS)).all()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:, :1], Y, groups=GROUPS)  # before the first step
    assert model.n_features_in_ == 2
    assert model.estimator_.n_iter_ == 3
