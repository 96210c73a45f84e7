"""DAgger with learners that are shown the past of an episode."""

import itertools

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from numpy.testing import assert_allclose, assert_array_equal
from runs import numbers
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from skimitate import (
    BehaviorCloner,
    DAggerClassifier,
    DAggerRegressor,
    HistoryClassifier,
    HistoryRegressor,
    as_policy,
    evaluate_policy,
)

N_STEPS = 25


class Sliding(gymnasium.Env):
    """A point that slides on, and is to come to rest at the origin."""

    observation_space = Box(-np.inf, np.inf, (2,), dtype=np.float64)
    action_space = Box(-500.0, 500.0, (1,), dtype=np.float64)
    seen: list = []
    done: list = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        self.state = self.np_random.uniform(-1, 1, size=2)
        self.seen.append([self.state.copy()])
        self.done.append([])
        return self.state.copy(), {}

    def step(self, action):
        self.done[-1].append(float(np.ravel(action)[0]))
        self.state[1] += 0.3 * self.force(action)
        self.state[0] += 0.3 * self.state[1]
        self.t += 1
        self.seen[-1].append(self.state.copy())
        reward = -np.abs(self.state).sum()
        return self.state.copy(), reward, False, self.t >= N_STEPS, {}

    def force(self, action):
        return float(action[0])


class Steps(Sliding):
    """The same, pushed to one side, or to the other, or not at all."""

    action_space = Discrete(3, start=-1)

    def force(self, action):
        return 0.5 * float(action)


def expert(observations):
    return -observations[:, :1] - 1.5 * observations[:, 1:]


def expert_of_steps(observations):
    return np.sign(np.round(expert(observations), 1)).astype(int)


@pytest.fixture(autouse=True)
def logs():
    Sliding.seen.clear()
    Sliding.done.clear()


def place_alone(learner):
    """The learner does not see the speed."""
    return make_pipeline(make_column_transformer(("passthrough", [0])), learner)


def dagger(learner, **options):
    options = {"n_rounds": 4, "n_eval_episodes": 1, "keep": "last"} | options
    return DAggerRegressor(learner, Sliding, expert, random_state=0, **options)


def episodes():
    """What was seen and done in each; an environment is reset once to look at it."""
    pairs = zip(Sliding.seen, Sliding.done, strict=True)
    return [(np.array(seen[:-1]), np.array(done)) for seen, done in pairs if done]


def shown_at_steps(n_steps, actions):
    """The rows of all steps so far and their states, put together by hand."""
    rows, states = [], []
    for seen, done in episodes():
        for t in range(N_STEPS):
            row = [seen[max(t - age, 0)][0] for age in range(n_steps - 1, -1, -1)]
            ages = range(n_steps, 0, -1) if actions else ()
            row += [done[t - age] if t >= age else 0.0 for age in ages]
            rows.append(row)
            states.append(seen[t])
    return np.array(rows), np.array(states)


class Keeping(LinearRegression):
    """Keeps what it was fitted to."""

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.weight_ = X, y, sample_weight
        return super().fit(X, y, sample_weight)


def fading(round_number):
    return 0.5 if round_number < 3 else 0.0


# Each of them with and without, and the others together where there is time.
SEEN = {(False, None, "all"), (True, fading, 5), (True, None, 5)}


@pytest.mark.parametrize(
    ("actions", "beta", "query"),
    [
        pytest.param(*options, marks=[] if options in SEEN else pytest.mark.slow)
        for options in itertools.product([False, True], [None, fading], ["all", 5])
    ],
)
def test_what_it_learns_is_what_was_seen_and_done(actions, beta, query):
    learner = place_alone(HistoryRegressor(Keeping(), 3, actions=actions))
    model = dagger(learner, beta=beta, query=query).fit()
    inner = model.estimator_[-1].estimator_
    rows, states = shown_at_steps(3, actions)
    assert len(inner.X_) == model.history_[-1]["n_samples"]
    if beta is None:
        per_round = N_STEPS if query == "all" else query
        assert len(inner.X_) == N_STEPS + 4 * per_round
    for row, label in zip(inner.X_, np.ravel(inner.y_), strict=True):
        (step,) = np.flatnonzero(np.isclose(rows, row, atol=1e-12).all(axis=1))
        assert_allclose(label, expert(states[step : step + 1])[0, 0])
    assert inner.weight_ is None


@pytest.mark.slow
@pytest.mark.parametrize("actions", [False, True])
def test_what_is_hidden_is_found_out(actions):
    learner = HistoryRegressor(LinearRegression(), 2, actions=actions)
    stacked, plain = (
        dagger(place_alone(one)).fit() for one in (learner, LinearRegression())
    )
    options = {"n_episodes": 10, "random_state": 1}
    returns = [
        evaluate_policy(Sliding, model, **options).mean()
        for model in (expert, stacked, plain)
    ]
    assert returns[1] > 1.3 * returns[0]
    assert returns[2] < 2.0 * returns[0]
    assert as_policy(stacked).is_stateful


@pytest.mark.parametrize("in_a_pipeline", [False, True])
def test_it_drives_as_it_predicts_while_the_expert_drives_at_times(in_a_pipeline):
    learner = HistoryRegressor(LinearRegression(), 2, actions=True)
    if in_a_pipeline:
        learner = make_pipeline(FunctionTransformer(), learner)
    dagger(learner, beta=0.5, n_rounds=1).fit()
    (first, taught), (seen, done) = episodes()[:2]
    model = HistoryRegressor(LinearRegression(), 2, actions=True)
    model.fit(first, taught, groups=np.zeros(N_STEPS))
    own = model.predict(seen, groups=np.zeros(N_STEPS), actions=done)
    experts = expert(seen).ravel()
    is_own, is_experts = np.isclose(done, own), np.isclose(done, experts)
    assert (is_own | is_experts).all()
    assert is_experts.any()


def test_it_goes_on_from_round_to_round():
    learner = BehaviorCloner((4,), max_iter=2, random_state=0)
    model = dagger(
        place_alone(HistoryRegressor(learner, 2)), n_epochs_per_round=3, query=5
    ).fit()
    training = [record["training"] for record in model.history_]
    assert training == ["fitted"] + ["continued"] * 4
    assert model.estimator_[-1].estimator_.n_iter_ == 2 + 4 * 3


@pytest.mark.parametrize(
    ("query", "n_batches"), [("all", 4), pytest.param(5, 2, marks=pytest.mark.slow)]
)
def test_a_round_takes_as_many_steps_as_without_a_memory(query, n_batches):
    learner = BehaviorCloner((4,), max_iter=2, batch_size=16, random_state=0)
    model = dagger(HistoryRegressor(learner, 2), n_rounds=1, query=query).fit()
    # Batches of labels: the steps that nobody was asked about are none.
    assert model.estimator_.estimator_.n_iter_ == 2 + int(np.ceil(3000 / n_batches))


@pytest.mark.slow
@pytest.mark.parametrize("actions", [False, True])
def test_classes(actions):
    tree = DecisionTreeClassifier(random_state=0)
    options = {"n_rounds": 6, "n_eval_episodes": 1, "query": 15, "random_state": 0}
    stacked, plain = (
        DAggerClassifier(place_alone(one), Steps, expert_of_steps, **options).fit()
        for one in (HistoryClassifier(tree, 2, actions=actions), tree)
    )
    assert_array_equal(stacked.classes_, [-1, 0, 1])
    assert numbers(stacked, "n_samples")[-1] == N_STEPS + 6 * 15
    options = {"n_episodes": 10, "random_state": 1}
    means = [evaluate_policy(Steps, one, **options).mean() for one in (stacked, plain)]
    assert means[0] > 0.8 * means[1]


def test_the_expert_may_do_what_it_has_never_shown():
    class Changing:
        n_episodes = 0

        def reset(self):
            self.n_episodes += 1

        def __call__(self, observations):
            action = 0 if self.n_episodes == 1 else 1
            return np.full((len(observations), 1), action - (observations[0, 0] > 0))

    learner = HistoryClassifier(DecisionTreeClassifier(random_state=0), 2, actions=True)
    options = {"n_rounds": 2, "keep": "last", "beta": 0.9, "random_state": 0}
    model = DAggerClassifier(learner, Steps, Changing(), **options).fit()
    assert_array_equal(model.classes_, [-1, 0, 1])
    assert_array_equal(model.estimator_.classes_, [-1, 0, 1])


def test_demonstrations_need_their_episodes():
    X = np.random.default_rng(0).normal(size=(20, 2))
    learner = HistoryRegressor(LinearRegression(), 2)
    with pytest.raises(ValueError, match="groups: expected the episodes"):
        dagger(learner).fit(X, expert(X))
    model = dagger(learner, n_rounds=1).fit(X, expert(X), groups=np.repeat([0, 1], 10))
    assert model.history_[-1]["n_samples"] == 20 + N_STEPS


def test_early_stopping_needs_two_episodes_to_start_from():
    cloner = BehaviorCloner(max_iter=5, early_stopping=True)
    dagger = DAggerRegressor(
        HistoryRegressor(cloner, 2), env=Sliding, expert=expert, n_rounds=1
    )
    with pytest.raises(ValueError, match="n_episodes_per_round: expected at least 2"):
        dagger.fit()
    dagger.set_params(n_episodes_per_round=2, n_eval_episodes=1).fit()
    assert len(dagger.history_) == 2


HISTORY = HistoryRegressor(LinearRegression(), 2)


@pytest.mark.parametrize(
    ("learner", "outer"),
    [
        (TransformedTargetRegressor(HISTORY), "TransformedTargetRegressor"),
        (
            TransformedTargetRegressor(
                make_pipeline(FunctionTransformer(), HISTORY),
            ),
            "TransformedTargetRegressor",
        ),
        (BaggingRegressor(HISTORY), "BaggingRegressor"),
        (make_pipeline(FunctionTransformer(), BaggingRegressor(HISTORY)), "Bagging"),
        (GridSearchCV(BaggingRegressor(HISTORY), {"n_estimators": [2]}), "Bagging"),
        (HistoryRegressor(BaggingRegressor(HISTORY), 2), "BaggingRegressor"),
        (
            BaggingClassifier(HistoryClassifier(DecisionTreeClassifier(), 2)),
            "BaggingClassifier",
        ),
    ],
)
@pytest.mark.parametrize("half", ["fit", "ask"])
def test_what_would_forget_is_refused_before_the_first_episode(learner, outer, half):
    Sliding.seen.clear()
    is_classifier = isinstance(learner, BaggingClassifier)
    kind = DAggerClassifier if is_classifier else DAggerRegressor
    model = kind(learner, Steps if is_classifier else Sliding, expert, n_rounds=1)
    message = rf"^estimator: expected .* episodes begin, got {outer}.* around History"
    with pytest.raises(TypeError, match=message):
        getattr(model, half)()
    assert Sliding.seen == []


def test_without_an_environment_nobody_has_to_remember():
    X = np.random.default_rng(0).normal(size=(8, 2))
    learner = TransformedTargetRegressor(HistoryRegressor(LinearRegression(), 1))
    assert DAggerRegressor(learner).fit(X, X[:, 0]).predict(X).shape == (8,)
