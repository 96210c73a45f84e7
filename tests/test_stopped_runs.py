"""Runs that something stopped: nothing that was gathered is lost."""

import pickle
from functools import partial

import numpy as np
import pytest
import runs
from numpy.testing import assert_array_equal, assert_equal
from runs import curved, demonstrations, go_on, same_run
from sklearn.linear_model import Ridge
from toy import PointEnv, QuickRidge, expert

from skimitate import BehaviorCloner

pytestmark = pytest.mark.usefixtures("empty_logs")


class Stopper:
    """Counts calls, and raises at one of them."""

    def __init__(self, at=None, error=ZeroDivisionError):
        self.at = at
        self.error = error
        self.n_calls = 0

    def count(self):
        self.n_calls += 1
        if self.n_calls == self.at:
            raise self.error("enough")


class StoppingExpert(Stopper):
    def __call__(self, observations):
        self.count()
        return curved(observations)


class StoppingEnv(PointEnv):
    """One whose n-th reset of all fails."""

    stopper = Stopper()

    def reset(self, **options):
        self.stopper.count()
        return super().reset(**options)


class StoppingRidge(QuickRidge):
    stopper = Stopper()

    def fit(self, X, y, sample_weight=None):
        self.stopper.count()
        return super().fit(X, y, sample_weight)


def dagger(learner=None, expert=curved, **options):
    options = {"n_rounds": 4, "query": 3, "n_episodes_per_round": 2} | options
    return runs.dagger(learner, expert=expert, **options)


ERRORS = [(ZeroDivisionError, ValueError), (KeyboardInterrupt, KeyboardInterrupt)]


def each_once(places):
    """Return parameters: each place with each error, one of them where it is quick."""
    return [
        pytest.param(*place, *error, marks=[] if (i + j) % 2 else pytest.mark.slow)
        for i, place in enumerate(places)
        for j, error in enumerate(ERRORS)
    ]


def stopped(where, error, at):
    """A run that stops at the n-th call of somebody, and its kind of data."""
    StoppingEnv.stopper = Stopper()
    StoppingRidge.stopper = Stopper()
    if where == "expert":
        return dagger(expert=StoppingExpert(at, error))
    if where == "env":
        StoppingEnv.stopper = Stopper(at, error)
        return dagger(env=StoppingEnv)
    StoppingRidge.stopper = Stopper(at, error)
    return dagger(StoppingRidge())


# In round 3: the expert after two episodes in each of two rounds; the environment,
# which is reset once more in the beginning; the learner after round 2.
@pytest.mark.parametrize(
    ("where", "at", "error", "seen"),
    each_once([("expert", 6), ("env", 7), ("learner", 4)]),
)
def test_what_stops_a_round_loses_nothing_of_those_before(where, at, error, seen):
    data = demonstrations()
    model = stopped(where, error, at)
    before = dict(vars(model))
    with pytest.raises(seen, match="enough") as caught:
        model.fit(*data)
    assert caught.value.__notes__ == [
        "What the run has learnt up to round 2 is kept: finish() ends with it, ask() "
        "and tell() go on with it."
    ]
    left = {name: value for name, value in vars(model).items() if name != "_run"}
    if error is KeyboardInterrupt:  # which leaves what acts: the best round so far
        assert len(left.pop("history_")) == 3
        assert left.pop("best_round_") in (0, 1, 2)
        assert left.pop("estimator_").predict(data[0]).shape == data[1].shape
        left = {name: value for name, value in left.items() if name in before}
    assert left == before
    finished = pickle.loads(pickle.dumps(model)).finish()
    assert len(finished.history_) == 3
    assert_array_equal(
        finished.predict(data[0]), dagger(n_rounds=2).fit(*data).predict(data[0])
    )
    same_run(go_on(model), dagger().fit(*data))
    assert "_run" not in vars(model)


@pytest.mark.parametrize(
    ("where", "at", "error", "seen"),
    each_once([("expert", 4), ("env", 2), ("learner", 1)]),
)
def test_before_anything_is_learnt_nothing_is_kept(where, at, error, seen):
    model = stopped(where, error, at)
    before = dict(vars(model))
    with pytest.raises(seen, match="enough") as caught:
        model.fit()
    assert not hasattr(caught.value, "__notes__")
    assert vars(model) == before
    same_run(model.fit(), dagger().fit())


def n_resets(model, *data):
    """How often a fit resets its environment."""
    StoppingEnv.stopper = Stopper()
    model.set_params(env=StoppingEnv).fit(*data)
    return StoppingEnv.stopper.n_calls


@pytest.mark.parametrize(("error", "seen"), ERRORS)
@pytest.mark.parametrize("by_hand", [False, True])
def test_the_decision_can_be_made_later(error, seen, by_hand):
    data = demonstrations()
    model = dagger(env=StoppingEnv)
    if by_hand:
        StoppingEnv.stopper = Stopper()
        asked = model.ask(*data)
        for _ in range(3):
            model.tell(asked.ids, curved(asked.observations))
            asked = model.ask()
        StoppingEnv.stopper = Stopper(2, error)
        with pytest.raises(seen, match="enough") as caught:
            model.tell(asked.ids, curved(asked.observations))
    else:
        StoppingEnv.stopper = Stopper(n_resets(dagger(), *data) - 1, error)
        with pytest.raises(seen, match="enough") as caught:
            model.fit(*data)
    # There is nothing left to ask.
    assert caught.value.__notes__ == [
        "What the run has learnt up to round 4 is kept: finish() ends with it."
    ]
    with pytest.raises(ValueError, match=r"^ask: .* learnt from all 4, .* finish\(\)"):
        model.ask()
    with pytest.raises(ValueError, match=r"^tell: .* all of that was told"):
        model.tell([0], [[0.0, 0.0]])
    StoppingEnv.stopper = Stopper()
    same_run(model.finish(), dagger().fit(*data))


@pytest.mark.parametrize(("error", "seen"), ERRORS)
@pytest.mark.parametrize("where", ["env", "learner"])
def test_a_half_that_was_stopped_can_be_done_again(where, error, seen):
    data = demonstrations()
    model = stopped(where, error, None)
    asked = model.ask(*data)
    model.tell(asked.ids, curved(asked.observations))
    before = model.predict(data[0])
    if where == "env":
        StoppingEnv.stopper = Stopper(2, error)
        with pytest.raises(seen, match="enough"):
            model.ask()
    else:
        asked = model.ask()
        StoppingRidge.stopper = Stopper(1, error)
        with pytest.raises(seen, match="enough"):
            model.tell(asked.ids, curved(asked.observations))
        assert_equal(list(model.ask()), list(asked))
    assert_array_equal(model.predict(data[0]), before)
    assert model.best_round_ == 1
    assert len(model.history_) == 2
    same_run(go_on(model), dagger().fit(*data))


def test_the_first_half_can_be_done_again():
    model = dagger(env=StoppingEnv, expert=None)
    StoppingEnv.stopper = Stopper(2)
    before = dict(vars(model))
    with pytest.raises(ValueError, match="enough"):
        model.ask()
    assert vars(model) == before
    asked = model.ask()
    StoppingEnv.stopper = Stopper()
    assert_equal(list(asked), list(dagger(expert=None).ask()))


def test_the_first_labels_can_be_told_again_where_the_learner_failed():
    StoppingRidge.stopper = Stopper(1)
    model = dagger(StoppingRidge(), expert=None)
    asked = model.ask()
    with pytest.raises(ValueError, match=r"enough.*training in round 0\)"):
        model.tell(asked.ids, curved(asked.observations))
    model.tell(asked.ids, curved(asked.observations))
    assert len(model.history_) == 1


def test_a_fit_that_fails_leaves_what_was_fitted_before():
    data = demonstrations()
    model = dagger().fit(*data)
    before, history = dict(vars(model)), list(model.history_)
    model.set_params(expert=StoppingExpert(14))
    with pytest.raises(ValueError, match="enough"):
        model.fit()
    left = {name: value for name, value in vars(model).items() if name != "_run"}
    assert left == before | {"expert": model.expert}
    assert model.history_ == history
    assert_array_equal(model.predict(data[0]), dagger().fit(*data).predict(data[0]))
    # The run that failed goes on, and is then what is fitted.
    asked = model.ask()
    model.tell(asked.ids, curved(asked.observations))
    assert model.history_ != history


def test_a_fit_that_fails_early_leaves_a_run_that_was_open():
    data = demonstrations()
    model = dagger()
    asked = model.ask(*data)
    model.set_params(expert=StoppingExpert(1))
    with pytest.raises(ValueError, match="enough"):
        model.fit()
    with pytest.raises(ValueError, match="n_rounds"):
        model.set_params(n_rounds=0).fit()
    model.set_params(n_rounds=4, expert=curved)
    assert_equal(list(model.ask()), list(asked))
    same_run(go_on(model), dagger().fit(*data))


def test_names_and_shapes_come_back_with_the_run():
    import pandas as pd
    from toy import OneActionEnv, lean

    X = pd.DataFrame(demonstrations()[0], columns=["x", "y"])
    y = lean(X.to_numpy())[:, 0]

    class Tired(Stopper):
        def __call__(self, observations):
            self.count()
            return lean(observations)

    model = dagger(expert=Tired(3), env=OneActionEnv)
    with pytest.raises(ValueError, match="enough"):
        model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")
    model.finish()
    assert list(model.feature_names_in_) == ["x", "y"]
    assert model.predict(X).shape == (12,)
    assert model.n_outputs_ == 1


def test_a_network_that_goes_on_is_kept_as_it_was_left():
    """An interruption leaves what it has learnt by then, and the next round trains."""
    data = demonstrations()
    options = {"n_epochs_per_round": 1, "keep": "last", "n_rounds": 3}
    model = dagger(BehaviorCloner((4,), max_iter=2), StoppingExpert(4), **options)
    with pytest.raises(ValueError, match="enough"):
        model.fit(*data)
    # The expert failed before the training of its round: nothing is trained twice.
    learner = BehaviorCloner((4,), max_iter=2)
    same_run(go_on(model), dagger(learner, **options).fit(*data))


def test_without_an_environment_there_is_no_run_to_keep():
    model = dagger(expert=None, env=None)
    with pytest.raises(ValueError, match=r"^env: "):
        model.ask(*demonstrations())
    model.fit(*demonstrations())
    with pytest.raises(ValueError, match=r"finish: .* none is open"):
        model.finish()


def test_an_expert_that_the_first_episode_tires_is_asked_again_by_fit():
    limited = partial(PointEnv, 3)
    model = dagger(expert=StoppingExpert(2), env=limited)
    with pytest.raises(ValueError, match="enough"):
        model.fit()
    fitted = model.set_params(expert=expert).fit()
    assert len(fitted.history_) == 5


class Unpredictable(Ridge):
    """Learns, and cannot act from some number of labels on."""

    def fit(self, X, y, sample_weight=None):
        self.n_ = len(X)
        return super().fit(X, y, sample_weight)

    def predict(self, X):
        if self.n_ == 24:
            raise ZeroDivisionError("enough")
        return super().predict(X)


def test_a_learner_that_cannot_act_leaves_the_round_before():
    X, y = demonstrations()
    model = dagger(Unpredictable())
    message = r"^estimator: predict raised ZeroDivisionError.* \(training in round 2\)"
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    finished = pickle.loads(pickle.dumps(model)).finish()
    assert [record["n_samples"] for record in finished.history_] == [12, 18]
    one = dagger(n_rounds=1).fit(X, y)
    assert_array_equal(finished.predict(X), one.predict(X))
    # With one label less it can.
    asked = model.ask()
    model.tell(asked.ids[1:], curved(asked.observations[1:]))
    assert [record["n_samples"] for record in model.history_] == [12, 18, 23]


def test_who_cannot_act_from_the_start_on_keeps_nothing():
    X, y = np.repeat(demonstrations(), 2, axis=1)
    model = dagger(Unpredictable())
    with pytest.raises(ValueError, match=r"^estimator: .* \(training in round 0\)"):
        model.fit(X, y)
    assert "_run" not in vars(model)


def test_the_last_round_is_shown_where_the_decision_fails():
    X, y = demonstrations()
    StoppingEnv.stopper = Stopper()
    model = dagger(env=StoppingEnv, n_rounds=1)
    asked = model.ask(X, y)
    StoppingEnv.stopper = Stopper(1)
    with pytest.raises(ValueError, match="enough"):
        model.tell(asked.ids, curved(asked.observations))
    assert model.best_round_ == 1
    assert len(model.history_) == 2
    assert model.predict(X).shape == (12, 2)
    StoppingEnv.stopper = Stopper()
    same_run(model.finish(), dagger(n_rounds=1).fit(X, y))
