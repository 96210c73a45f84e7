"""Runs of DAgger to be compared: in one piece, in two halves, with a stop between."""

from functools import partial

import gymnasium
import numpy as np
from numpy.testing import assert_array_equal, assert_equal
from sklearn.tree import DecisionTreeClassifier
from toy import STEPS, PointEnv, QuickRidge, StepsEnv, StepsExpert

from skimitate import BehaviorCloningClassifier, DAggerClassifier, DAggerRegressor


def curved(observations):
    """An expert of whom a linear learner depends on which states are labelled.

    It leads to another state in each step, however many there are.
    """
    return 0.2 * np.sin(3 * observations) - 0.1 * observations


def demonstrations(n=12, expert=curved):
    """States of which someone knows what to do there."""
    X = np.random.default_rng(0).normal(size=(n, 2))
    return X, expert(X)


def numbers(model, name):
    """What the records of all rounds have under a name."""
    return [record[name] for record in model.history_]


def same_run(one, other):
    """Assert that two runs came to the same, to the last bit."""
    X = np.random.default_rng(1).normal(size=(7, one.n_features_in_))
    assert_array_equal(one.predict(X), other.predict(X))
    records = [
        [{**record, "seconds": 0} for record in model.history_]
        for model in (one, other)
    ]
    assert_equal(*records)
    assert one.best_round_ == other.best_round_
    assert one.expert_return_ == other.expert_return_


def dagger(learner=None, **options):
    options = {"n_rounds": 3, "n_eval_episodes": 2, "n_epochs_per_round": 1} | options
    options = {"env": PointEnv, "random_state": 0} | options
    return DAggerRegressor(QuickRidge() if learner is None else learner, **options)


def by_hand(model, *data, answer=curved, between=lambda model: model, **given):
    """What fit does, in two halves."""
    asked = model.ask(*data, **given)
    while True:
        model = between(model)
        model.tell(asked.ids, answer(asked.observations))
        model = between(model)
        if is_over(model):
            return model
        asked = model.ask()


def is_over(model):
    return len(model.history_) == model.n_rounds + 1


def holds_no_run(model):
    fresh = dagger(expert=curved).fit(*demonstrations())
    assert set(vars(model)) == set(vars(fresh))
    assert not any("_run" in name for name in vars(model))
    assert not any(isinstance(v, gymnasium.Env) for v in vars(model).values())


def go_on(model):
    """Tell what is asked until the run is over."""
    while True:
        try:
            asked = model.ask()
        except ValueError:  # all that is left is to decide
            return model.finish()
        model.tell(asked.ids, curved(asked.observations))
        if len(model.history_) > model.n_rounds:
            return model


def steps_dagger(learner=None, space="discrete", **options):
    """A run with actions that are classes; ``space`` is a key of STEPS."""
    learner = DecisionTreeClassifier() if learner is None else learner
    options = {"n_rounds": 3, "n_eval_episodes": 2, "random_state": 0} | options
    env, who = partial(StepsEnv, STEPS[space]), StepsExpert(STEPS[space])
    return DAggerClassifier(
        learner, **{"env": env, "expert": who, "n_epochs_per_round": 5} | options
    )


def steps_cloner(**options):
    options = {"max_iter": 30, "learning_rate_init": 0.01} | options
    return BehaviorCloningClassifier((20,), **options)


def states(n=9, seed=1):
    return np.random.default_rng(seed).normal(size=(n, 2))


class SilentCallback:
    """A callback that does nothing, for those that do one thing."""

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        pass
