"""What learners with a memory predict and score, told of episodes or not."""

import warnings

import pytest
from numpy.testing import assert_array_equal
from recall import recall
from sklearn import config_context
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import QuickRidge

from skimitate import (
    DAggerClassifier,
    DAggerRegressor,
    HistoryClassifier,
    HistoryRegressor,
    RecurrentBehaviorCloner,
    RecurrentBehaviorCloningClassifier,
)

# The sign is shown in the first of three steps: three observations tell it.
X, Y, GROUPS = recall(n_episodes=12, n_steps=3)
FAST = {"max_iter": 2, "random_state": 0}
# In two epochs, the most probable class is the same everywhere.
LONGER = {"max_iter": 60, "learning_rate_init": 0.03, "random_state": 0}
WARNING = r"^groups: expected the episode of each sample to score.*set_score_request"

MEMORIES = {
    "history": HistoryRegressor(LinearRegression(), 3),
    "classes": HistoryClassifier(LogisticRegression(), 3),
    "recurrent": RecurrentBehaviorCloner(4, **FAST),
    "recurrent classes": RecurrentBehaviorCloningClassifier(4, **LONGER),
    "pipeline": make_pipeline(
        StandardScaler(), HistoryRegressor(LinearRegression(), 3)
    ),
}


def dagger(name):
    kind = DAggerClassifier if "classes" in name else DAggerRegressor
    return kind(MEMORIES[name], random_state=0)


@pytest.fixture(scope="module")
def fitted():
    return {name: dagger(name).fit(X, Y, groups=GROUPS) for name in MEMORIES}


@pytest.mark.parametrize("name", MEMORIES)
def test_dagger_tells_its_learner_of_episodes(fitted, name):
    model = fitted[name]
    learner = model.estimator_
    predicted = model.predict(X, groups=GROUPS)
    assert_array_equal(predicted, learner.predict(X, groups=GROUPS))
    assert (predicted != model.predict(X)).any()
    if name == "history":
        assert model.score(X, Y, groups=GROUPS) > 0.999
    if name == "classes":
        assert model.score(X, Y, groups=GROUPS) == 1.0
    if hasattr(learner, "predict_proba"):
        found = model.predict_proba(X, groups=GROUPS)
        assert_array_equal(found, learner.predict_proba(X, groups=GROUPS))
    with pytest.raises(ValueError, match=r"^groups: expected shape \(36,\)"):
        model.predict(X, groups=GROUPS[1:])


def test_to_a_learner_without_a_memory_episodes_make_no_difference():
    for model in (
        DAggerRegressor(QuickRidge()),
        DAggerClassifier(LogisticRegression()),
    ):
        model.fit(X, Y)
        assert_array_equal(model.predict(X, groups=GROUPS), model.predict(X))
        assert model.score(X, Y, groups=GROUPS) == model.score(X, Y)


@pytest.mark.parametrize("name", MEMORIES)
def test_a_score_without_episodes_is_warned_of(fitted, name):
    models = [fitted[name]]
    if name != "pipeline":  # whose own score takes no groups
        models.append(fitted[name].estimator_)
    for model in models:
        with pytest.warns(UserWarning, match=WARNING) as caught:
            model.score(X, Y)
        assert [warning.filename for warning in caught] == [__file__]
        # Nothing to remember, or nothing to say: any warning is an error.
        model.score(X, Y, groups=GROUPS)
        model.predict(X)
    HistoryRegressor(LinearRegression(), 1).fit(X, Y).score(X, Y)


def test_a_single_row_has_nothing_to_remember(fitted):
    assert fitted["classes"].score(X[:1], Y[:1]) in (0.0, 1.0)


@pytest.mark.parametrize("name", ["history", "classes"])
def test_a_search_over_dagger_scores_episodes_with_routing(name):
    with config_context(enable_metadata_routing=True):
        model = dagger(name).set_fit_request(groups=True)
        grid = {"estimator__n_steps": [1, 3]}
        search = GridSearchCV(model, grid, cv=GroupKFold(3), error_score="raise")
        search.fit(X, Y, groups=GROUPS)
    assert search.best_params_ == {"estimator__n_steps": 3}
    assert search.best_score_ > 0.999


def test_a_search_without_routing_says_that_its_scores_remember_nothing():
    options = {"cv": GroupKFold(3), "groups": GROUPS, "error_score": "raise"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cross_validate(MEMORIES["history"], X, Y, **options)
    said = [str(one.message) for one in caught]
    assert sum(one.startswith("groups: expected the ep") for one in said) == 3
