"""DAggerClassifier: any classifier, in environments whose actions are classes."""

from functools import partial

import numpy as np
import pytest
from cases import quick_first
from numpy.testing import assert_array_equal
from pickles import assert_public_names
from runs import numbers, states
from runs import steps_cloner as cloner
from runs import steps_dagger as dagger
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from toy import STEPS, StepsEnv, StepsExpert, logged

from skimitate import (
    BehaviorCloningClassifier,
    DAggerClassifier,
    as_policy,
    evaluate_policy,
    load_expert,
    make_return_scorer,
)


@pytest.mark.slow
def test_it_balances_a_pole():
    model = DAggerClassifier(
        cloner(max_iter=10),
        "CartPole-v1",
        load_expert("CartPole-v1"),
        n_rounds=3,
        n_eval_episodes=2,
        query=50,
        random_state=0,
    ).fit()
    assert model.classes_.tolist() == [0, 1]
    assert model.expert_return_ == 500
    returns = evaluate_policy("CartPole-v1", model, n_episodes=3, random_state=7)
    assert returns.min() >= 475
    assert numbers(model, "n_expert_queries") == [500, 550, 600, 650]


@pytest.mark.parametrize("space", quick_first(STEPS, "discrete", "several"))
def test_it_gets_to_what_the_expert_earns(space):
    model = dagger(cloner(), space, n_rounds=8, n_episodes_per_round=2).fit()
    make = partial(StepsEnv, STEPS[space])
    options = {"n_episodes": 20, "random_state": 5}
    own = evaluate_policy(make, model, **options).mean()
    best = evaluate_policy(make, StepsExpert(STEPS[space]), **options).mean()
    lazy = evaluate_policy(make, clone(model).set_params(n_rounds=1).fit(), **options)
    assert own > best - 0.1 * abs(best)
    assert own > lazy.mean()
    shape = {"discrete": (), "several": (2,), "bits": (4,)}[space]
    assert model.predict(states()).shape == (9, *shape)
    assert model.act(states()[0]).shape == shape
    assert_array_equal(model.act(states()), model.predict(states()))
    assert model.n_outputs_ == (shape or (1,))[0]
    assert model.n_features_in_ == 2
    again = assert_public_names(model)
    assert_array_equal(again.predict(states()), model.predict(states()))
    policy = assert_public_names(as_policy(model))
    rows = model.predict(states()).reshape(9, -1)
    assert_array_equal(policy.act(states()), rows)


LEARNERS = {
    "boosting": HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=3),
    "pipeline": make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss")),
    "logistic": LogisticRegression(),
    "neighbors": KNeighborsClassifier(1),
    "bayes": GaussianNB(),
    "cloner": cloner(),
    "cloner in a pipeline": make_pipeline(StandardScaler(), cloner()),
    "search": GridSearchCV(DecisionTreeClassifier(), {"max_depth": [2, 5]}, cv=2),
}
SEVERAL = {
    "forest": RandomForestClassifier(3),
    "tree": DecisionTreeClassifier(),
    "neighbors": KNeighborsClassifier(1),
    "outputs": MultiOutputClassifier(LogisticRegression()),
    "cloner": cloner(),
}


@pytest.mark.filterwarnings("ignore:The least populated class:UserWarning")
@pytest.mark.parametrize(
    "name", quick_first(LEARNERS, "pipeline", "logistic", "bayes", "cloner")
)
def test_any_classifier_learns_one_output(name):
    model = dagger(LEARNERS[name], n_episodes_per_round=2).fit()
    assert model.classes_.tolist() == [5, 6, 7, 8, 9]
    assert set(model.predict(states()).tolist()) <= set(range(5, 10))
    answer = model.predict_proba(states())
    assert answer.shape == (9, 5)
    assert answer.sum(axis=1) == pytest.approx(1.0)
    met = model.estimator_.classes_
    unmet = ~np.isin(model.classes_, met)
    assert not answer[:, unmet].any()
    assert_array_equal(answer[:, ~unmet], model.estimator_.predict_proba(states()))


@pytest.mark.parametrize("name", quick_first(SEVERAL, "tree", "outputs", "cloner"))
def test_any_classifier_that_takes_several_outputs(name):
    model = dagger(SEVERAL[name], "several").fit()
    assert [one.tolist() for one in model.classes_] == [[0, 1, 2], [-1, 0, 1]]
    predicted = model.predict(states())
    assert predicted.shape == (9, 2)
    for i, answer in enumerate(model.predict_proba(states())):
        assert answer.shape == (9, 3)
        assert answer.sum(axis=1) == pytest.approx(1.0)
        assert_array_equal(model.classes_[i][answer.argmax(axis=1)], predicted[:, i])


def test_a_learner_without_probabilities_has_none():
    model = dagger(SGDClassifier())  # a hinge has none
    assert not hasattr(model, "predict_proba")
    assert not hasattr(model.fit(), "predict_proba")
    assert hasattr(dagger(), "predict_proba")


def test_labels_for_several_outputs_of_two_classes_each():
    """MLPClassifier takes these, and has one array of probabilities for all."""
    learner = MLPClassifier((5,), max_iter=300, tol=1e-2, random_state=0)
    model = dagger(learner, "bits", n_rounds=1).fit()
    answers = model.predict_proba(states())
    assert [one.tolist() for one in model.classes_] == [[0, 1]] * 4
    assert [one.shape for one in answers] == [(9, 2)] * 4
    expected = model.estimator_.predict_proba(states())
    for i, answer in enumerate(answers):
        assert_array_equal(answer[:, 1], expected[:, i])
        assert answer.sum(axis=1) == pytest.approx(1.0)


def test_classes_are_those_of_the_action_space():
    X = states(30)
    y = np.where(X[:, 0] > 0, 6, 7)  # two of five
    model = dagger(cloner(), n_rounds=1, query=1, keep="last").fit(X, y)
    assert model.classes_.tolist() == [5, 6, 7, 8, 9]
    alone = DAggerClassifier(cloner(), random_state=0).fit(X, y)
    assert alone.classes_.tolist() == [6, 7]
    assert len(alone.history_) == 1
    column = dagger(n_rounds=1).fit(X, y[:, np.newaxis])
    assert column.predict(X).shape == (30, 1)


def test_a_learner_that_meets_a_new_class_begins_anew():
    X = states(30)
    y = np.where(X[:, 0] > 0, 6, 7)
    for learner in (cloner(), GaussianNB(), make_pipeline(StandardScaler(), cloner())):
        model = dagger(learner, n_rounds=5).fit(X, y)
        trainings = numbers(model, "training")
        assert trainings[0] == "fitted"
        assert "fitted" in trainings[1:]
        # Once for each of the five classes at the most.
        assert trainings.count("fitted") <= 4
        assert "continued" in trainings
    always = dagger(cloner(), n_rounds=2, incremental=False).fit(X, y)
    assert numbers(always, "training") == ["fitted"] * 3
    several = dagger(cloner(), "several", n_rounds=2, n_episodes_per_round=9).fit()
    assert numbers(several, "training")[1:] == ["continued"] * 2


@pytest.mark.usefixtures("empty_logs")
def test_labels_are_the_experts_where_the_learner_led():
    given = []

    class Recording(KNeighborsClassifier):
        def fit(self, X, y):
            given.append((X.copy(), y.copy()))
            return super().fit(X, y)

    dagger(Recording(1), n_rounds=2, keep="last", n_eval_episodes=1).fit()
    seen = np.array([entry[0] for entry in logged("step")])[:24]
    for (X, y), n in zip(given, (8, 16, 24), strict=True):
        assert_array_equal(X, seen[:n])
        assert_array_equal(y, StepsExpert(STEPS["discrete"])(X))
        assert y.dtype == np.int64


def test_the_loss_is_the_part_of_the_labels_that_are_wrong():
    X = states(40)
    y = np.column_stack([np.digitize(X[:, 0], [-0.5, 0.5]), X[:, 1] > 0]).astype(int)
    model = DAggerClassifier(DecisionTreeClassifier(max_depth=2)).fit(X, y)
    expected = 1 - (model.predict(X) == y).all(axis=1).mean()
    assert model.history_[0]["loss"] == pytest.approx(expected)
    assert model.score(X, y) == pytest.approx(1 - expected)
    weight = np.arange(40.0)
    is_right = (model.predict(X) == y).all(axis=1)
    weighted = np.average(is_right, weights=weight)
    assert model.score(X, y, sample_weight=weight) == pytest.approx(weighted)


@pytest.mark.parametrize(
    "names",
    [
        ["left", "right"],
        [False, True],
        [2.0, 7.0],
        np.array(["left", "right"], dtype=object),
    ],
)
def test_without_an_environment_classes_are_of_any_kind(names):
    X = states(40)
    y = np.asarray(names)[(X[:, 0] > 0).astype(int)]
    model = DAggerClassifier(cloner()).fit(X, y)
    assert_array_equal(model.classes_, np.unique(y))
    assert model.predict(X).dtype == model.estimator_.predict(X).dtype
    assert model.score(X, y) > 0.9
    assert model.predict_proba(X).shape == (40, 2)
    two = DAggerClassifier(cloner()).fit(X, np.column_stack([y, y[::-1]]))
    assert two.predict(X).shape == (40, 2)
    assert [len(one) for one in two.classes_] == [2, 2]


def test_clones_and_searches():
    X = states(60)
    y = StepsExpert(STEPS["discrete"])(X)
    model = dagger(n_rounds=1)
    copied = clone(model)
    assert copied.expert is model.expert
    scorer = make_return_scorer(model.env, n_episodes=2, random_state=0)
    grid = {"estimator__max_depth": [1, 8]}
    for scoring in (None, scorer):
        search = GridSearchCV(model, grid, cv=GroupKFold(3), scoring=scoring)
        search.fit(X, y, groups=np.repeat(np.arange(6), 10))
        assert search.best_params_ == {"estimator__max_depth": 8}
    assert search.best_estimator_.classes_.tolist() == [5, 6, 7, 8, 9]
    assert search.predict_proba(X).shape == (60, 5)
    set_later = DAggerClassifier().set_params(estimator__max_iter=3)
    assert isinstance(set_later.estimator, BehaviorCloningClassifier)


def test_metadata_routing():
    X = states(40)
    y = np.where(X[:, 0] > 0, 6, 7)
    with config_context(enable_metadata_routing=True):
        learner = make_pipeline(StandardScaler(), cloner(early_stopping=True))
        model = dagger(learner, n_rounds=1)
        model.fit(X, y, groups=np.repeat(np.arange(4), 10), sample_weight=np.ones(40))
        assert model.history_[-1]["n_samples"] == 48
