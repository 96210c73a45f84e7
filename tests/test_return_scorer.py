"""What a return scorer says of an estimator, and what it refuses."""

import pickle
from functools import partial

import gymnasium
import numpy as np
import pytest
from cases import quick_first
from gymnasium.spaces import Text
from numpy.testing import assert_allclose
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy import GoalEnv, OneActionEnv, PointEnv, SpacesEnv, expert, lean, logged

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    collect_rollouts,
    evaluate_policy,
    load_demonstrations,
    make_return_scorer,
)

ENV = "Reacher-v5"
ALPHAS = {"alpha": [1e-3, 1e3, 1e5]}


@pytest.fixture(scope="module")
def point():
    """Demonstrations of the point's expert, with the numbers of their episodes."""
    demos = collect_rollouts(PointEnv, expert, n_episodes=12, random_state=0)
    return demos.observations, demos.actions, demos.episode_ids


@pytest.fixture(scope="module")
def reacher():
    X, y = load_demonstrations(ENV, return_X_y=True)
    return X[:500], y[:500]


def estimators():
    return {
        "cloner": BehaviorCloner(max_iter=2, random_state=0),
        "pipeline": make_pipeline(StandardScaler(), Ridge()),
        "target": TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
        "neighbors": KNeighborsRegressor(),  # does not tell its number of outputs
        "dagger": DAggerRegressor(BehaviorCloner(max_iter=1), random_state=0),
        "search": GridSearchCV(Ridge(), ALPHAS, cv=2),
    }


@pytest.mark.parametrize("name", quick_first(estimators(), "cloner", "dagger"))
def test_it_is_the_mean_of_what_evaluate_policy_returns(name, reacher):
    model = estimators()[name].fit(*reacher)
    options = {"n_episodes": 3, "random_state": 7}
    scorer = make_return_scorer(ENV, **options)
    assert scorer(model, *reacher) == evaluate_policy(ENV, model, **options).mean()
    assert scorer(model) == scorer(model, None, None, sample_weight=np.ones(500))


def test_a_random_state_that_is_a_generator(point):
    scorer = make_return_scorer(PointEnv, random_state=np.random.RandomState(3))
    returns = evaluate_policy(
        PointEnv, expert, n_episodes=10, random_state=np.random.RandomState(3)
    )
    assert scorer(expert) == scorer(expert) == returns.mean()


@pytest.mark.parametrize("discount", [0.9, 0.5, 1])
def test_a_discounted_return(discount):
    options = {"n_episodes": 4, "random_state": 1}
    rollouts = collect_rollouts(PointEnv, lean_both, **options)
    expected = [
        sum(reward * discount**t for t, reward in enumerate(episode.rewards))
        for episode in rollouts.episodes
    ]
    scorer = make_return_scorer(PointEnv, discount=discount, **options)
    assert_allclose(scorer(lean_both), np.mean(expected), rtol=1e-12)


def lean_both(observations):
    return 0.1 - 0.1 * observations


def test_a_scale_from_the_random_policy_to_the_expert():
    options = {"n_episodes": 4, "random_state": 1}
    mean = evaluate_policy(PointEnv, lean_both, **options).mean()
    scorer = make_return_scorer(PointEnv, normalize=(-20.0, -2), **options)
    assert_allclose(scorer(lean_both), (mean + 20.0) / 18.0, rtol=1e-12)
    ends = np.array([mean - 1.0, mean])
    assert make_return_scorer(PointEnv, normalize=ends, **options)(lean_both) == 1.0


def test_the_part_of_the_episodes_that_succeeded():
    options = {"n_episodes": 10, "random_state": 0}
    scorer = make_return_scorer(GoalEnv, metric="success", **options)
    _, is_success = evaluate_policy(GoalEnv, lean_both, return_success=True, **options)
    assert scorer(lean_both) == is_success.mean()
    assert scorer(expert) == 1.0
    assert scorer(lambda observations: 0 * observations) < 0.5


def test_a_success_that_never_comes():
    scorer = make_return_scorer(PointEnv, metric="success", n_episodes=3)
    with pytest.raises(ValueError, match=r"metric='success': .*none in 3 of 3 episode"):
        scorer(expert)


def test_none_draws_the_episodes_once():
    scorer, other = make_return_scorer(PointEnv), make_return_scorer(PointEnv)
    assert scorer(expert) == scorer(expert) == scorer(expert)
    assert scorer(expert) != other(expert)
    assert repr(scorer) != repr(other)


def test_it_is_shown_as_what_makes_it():
    scorer = make_return_scorer("Pendulum-v1", n_episodes=2)
    again = eval(repr(scorer), {"make_return_scorer": make_return_scorer})
    assert again(swing) == scorer(swing)
    assert repr(again) == repr(scorer)
    shown = "make_return_scorer('Pendulum-v1', n_episodes=1, discount=0.5, n_jobs=1"
    shown += ", random_state=4)"
    assert repr(eval(shown)) == shown


@pytest.mark.parametrize(
    "env", [gymnasium.spec("Pendulum-v1"), partial(gymnasium.make, "Pendulum-v1")]
)
def test_any_way_to_make_an_environment_goes_to_workers(env):
    scorer, by_id = (
        make_return_scorer(e, n_episodes=1, random_state=0)
        for e in (env, "Pendulum-v1")
    )
    sent = pickle.loads(pickle.dumps(scorer))
    assert sent(swing) == scorer(swing) == by_id(swing)


def swing(observations):
    return -observations[:, 1:2]


def misfits():
    X = np.random.default_rng(0).normal(size=(40, 3))
    return {
        "observations": (PointEnv, Ridge().fit(X, X[:, :2]), "3 obs", "2 obs"),
        "actions": (
            PointEnv,
            BehaviorCloner(max_iter=1).fit(X[:, :2], X),
            "3 a",
            "2 a",
        ),
        "not told": (
            PointEnv,
            KNeighborsRegressor().fit(X[:, :2], X[:, 0]),
            "2 observation and 1 action",
            "2 observation and 2 action",
        ),
        "one action": (OneActionEnv, lambda x: x, "2 a", "1 a"),
        "both": (ENV, LinearRegression().fit(X, X), "3 o", "10 observation and 2 ac"),
    }


@pytest.mark.parametrize("name", misfits())
def test_an_environment_that_does_not_fit_the_estimator(name):
    env, model, has, came = misfits()[name]
    scorer = make_return_scorer(env)
    PointEnv.log.clear()
    with pytest.raises(ValueError, match=rf"env: .*which has .*{has}.*got .*{came}"):
        scorer(model)
    assert not logged("reset")


def test_an_estimator_that_fails_when_it_is_shown_an_observation():
    def broken(observations):
        raise RuntimeError("no licence")

    with pytest.raises(ValueError, match=r"estimator: raised .*no licence"):
        make_return_scorer(PointEnv)(broken)
    with pytest.raises(NotFittedError, match="estimator: expected a fitted"):
        make_return_scorer(PointEnv)(Ridge())


def test_an_estimator_without_known_widths_may_fit():
    assert make_return_scorer(OneActionEnv, random_state=0)(lean) < 0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"metric": "loss"}, r"metric: expected one of .*'success'.*, got 'loss'"),
        ({"n_episodes": 0}, r"n_episodes: expected a positive integer, got 0"),
        ({"n_episodes": 2.0}, r"n_episodes: .*, got 2.0"),
        ({"discount": 0}, r"discount: .*above 0 and at most 1, got 0"),
        ({"discount": 1.5}, r"discount: .*got 1.5"),
        ({"discount": np.nan}, r"discount: .*got nan"),
        ({"discount": "0.9"}, r"discount: expected a number, got '0.9'"),
        ({"discount": True}, r"discount: expected a number, got True"),
        ({"normalize": (1.0, 1.0)}, r"normalize: .*got \(1.0, 1.0\)"),
        ({"normalize": (2.0, 1.0)}, r"normalize: .*expert's above the other"),
        ({"normalize": (0.0, np.inf)}, r"normalize: .*finite"),
        ({"normalize": (np.nan, 1.0)}, r"normalize: .*finite"),
        ({"normalize": (0.0, 1.0, 2.0)}, r"normalize: .*two numbers, got"),
        ({"normalize": 3.0}, r"normalize: .*two numbers, got 3.0"),
        ({"normalize": ("low", "high")}, r"normalize: .*two numbers, got"),
        ({"normalize": (0, 1), "metric": "success"}, r"normalize: expected None with"),
        ({"discount": 0.5, "metric": "success"}, r"discount: expected 1.0 with"),
        ({"n_jobs": 0}, r"n_jobs: .*got 0"),
        ({"n_jobs": "all"}, r"n_jobs: .*got 'all'"),
        ({"random_state": "seed"}, r"'seed' cannot be used to seed"),
        ({"env": "NoSuchEnv-v0"}, r"env: cannot make 'NoSuchEnv-v0'"),
        (
            {"env": partial(SpacesEnv, PointEnv.observation_space, Text(3))},
            r"env: expected a Box, Discrete, .* action space, got Text\(",
        ),
        ({"env": 3}, r"env: expected an environment id"),
        ({"env": partial(dict, a=1)}, r"env: expected a callable that makes a gym"),
    ],
)
def test_what_cannot_be_is_said_when_the_scorer_is_made(options, match):
    with pytest.raises((ValueError, TypeError), match=match):
        make_return_scorer(**{"env": PointEnv} | options)


def test_a_live_environment_is_refused():
    match = r"live environment .*sends it to its workers"
    with gymnasium.make(ENV) as env, pytest.raises(TypeError, match=match):
        make_return_scorer(env)


def test_environments_are_closed():
    PointEnv.log.clear()
    make_return_scorer(PointEnv, n_episodes=2)(expert)
    assert len(logged("closed")) == len(logged("made")) == 2


def test_r2_stays_daggers_score_and_names_the_other(point):
    X, y, _ = point
    dagger = DAggerRegressor(Ridge()).fit(X, y)
    weights = np.arange(len(X)) + 1.0
    assert dagger.score(X, y) == Ridge().fit(X, y).score(X, y)
    assert dagger.score(X, y, weights) != dagger.score(X, y)
    assert "make_return_scorer" in DAggerRegressor.score.__doc__
