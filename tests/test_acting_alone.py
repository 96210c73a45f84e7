"""What acts, alone: what it leaves behind, and that it acts the same."""

import io
import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from pickles import assert_public_names
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from toy import PointEnv, expert

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    DAggerRegressor,
    HistoryClassifier,
    as_policy,
    load_expert,
)

X = np.random.default_rng(0).normal(size=(60, 2))


def fitted(y=None, **options):
    y = expert(X) if y is None else y
    return BehaviorCloner(max_iter=3, random_state=0, **options).fit(X, y)


def dagger(expert=expert, **options):
    options = {"n_rounds": 1, "n_epochs_per_round": 1, "random_state": 0} | options
    options = {"env": PointEnv, "expert": expert} | options
    return DAggerRegressor(BehaviorCloner(max_iter=2), **options)


@pytest.mark.parametrize(
    "options",
    [{}, {"normalize": False}, {"hidden_layer_sizes": ()}, {"n_networks": 2}],
)
def test_a_cloner_acts_alone_as_it_does_itself(options):
    cloner = fitted(**options)
    policy = assert_public_names(as_policy(cloner))
    assert (policy.n_features, policy.n_outputs) == (2, 2)
    assert_array_equal(policy.act(X), cloner.predict(X))
    assert_array_equal(policy.act(X[0]), cloner.act(X[0]))
    assert len(pickle.dumps(policy)) < len(pickle.dumps(cloner)) / 2
    policy.reset()


def test_a_policy_keeps_its_axis_where_y_had_one_dimension():
    cloner = fitted(X[:, 0])
    policy = as_policy(cloner)
    assert_array_equal(policy.act(X)[:, 0], cloner.predict(X))
    assert policy.act(X[0]).shape == (1,)


def test_a_policy_does_not_change_when_its_cloner_trains_on():
    cloner = fitted()
    policy = as_policy(cloner)
    before = policy.act(X)
    cloner.partial_fit(X, expert(X))
    assert_array_equal(policy.act(X), before)


def test_a_dagger_policy_leaves_its_expert_and_environment_behind():
    blob = np.zeros(100_000)
    model = dagger(lambda observations: -observations + blob[0]).fit()
    with pytest.raises((pickle.PicklingError, AttributeError)):
        joblib.dump(model, io.BytesIO())
    file = io.BytesIO()
    joblib.dump(as_policy(model), file)
    assert len(file.getvalue()) < 40_000
    file.seek(0)
    assert_array_equal(joblib.load(file).act(X), model.predict(X))


def test_a_dagger_policy_of_another_learner_and_of_a_search():
    learner = make_pipeline(StandardScaler(), Ridge())
    model = DAggerRegressor(learner, env=PointEnv, expert=expert, n_rounds=1).fit()
    policy = as_policy(model)
    assert_array_equal(policy.act(X), model.predict(X))
    assert policy.n_features == 2
    search = GridSearchCV(BehaviorCloner(max_iter=2), {"alpha": [0, 1]}, cv=2)
    search.fit(X, expert(X))
    assert_array_equal(as_policy(search).act(X), search.predict(X))


def test_the_bundled_experts_know_their_widths():
    policy = as_policy(load_expert("Hopper-v5"))
    assert (policy.n_features, policy.n_outputs) == (11, 3)
    assert as_policy(expert).n_outputs is None


class Halved(BehaviorCloner):
    def act(self, observation):
        return super().act(observation) / 2


class HalvedDAgger(DAggerRegressor):
    def predict(self, X):
        return super().predict(X) / 2

    def act(self, observation):
        return super().act(observation) / 2


def test_a_subclass_acts_as_it_says():
    halved = Halved(max_iter=2, random_state=0).fit(X, expert(X))
    assert_array_equal(as_policy(halved).act(X), halved.predict(X))
    model = HalvedDAgger(
        BehaviorCloner(max_iter=2), PointEnv, expert, n_rounds=1, n_epochs_per_round=1
    ).fit()
    assert_array_equal(as_policy(model).act(X), model.predict(X))


def test_a_search_without_a_refit_has_no_policy():
    search = GridSearchCV(Ridge(), {"alpha": [0, 1]}, cv=2, refit=False)
    search.fit(X, expert(X))
    with pytest.raises(TypeError, match="actor: expected a search with refit=True"):
        as_policy(search)


@pytest.mark.parametrize(
    "learner",
    [
        DecisionTreeClassifier(random_state=0),
        make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0)),
        make_pipeline(StandardScaler(), BehaviorCloningClassifier(max_iter=3)),
        HistoryClassifier(DecisionTreeClassifier(random_state=0), 1),
        HistoryClassifier(DecisionTreeClassifier(random_state=0), 1, actions=True),
    ],
    ids=["tree", "pipeline", "pipeline of ours", "history", "history of actions"],
)
@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize(
    "names",
    [
        ["left", "right"],
        pytest.param([False, True], marks=pytest.mark.slow),
        pytest.param([3, 7], marks=pytest.mark.slow),
    ],
)
@pytest.mark.filterwarnings("ignore:without groups")
def test_a_classifier_gives_its_classes(learner, n_outputs, names):
    labels = np.array(names)[(X[:, :n_outputs] > 0).astype(int)]
    model = clone(learner).fit(X, labels if n_outputs > 1 else labels[:, 0])
    policy = as_policy(model)
    acted = []
    for observation in X:
        policy.reset()
        acted.append(policy.act(observation))
    assert_array_equal(acted, np.reshape(model.predict(X), (len(X), n_outputs)))
    assert np.asarray(acted).dtype == labels.dtype
    policy.reset()
    assert_array_equal(policy.act(X), acted)
