"""Environments whose actions are classes: what is run, kept, saved and refused."""

import pickle
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from toy import STEPS, PointEnv, StepsEnv, StepsExpert, expert, logged, moves

from skimitate import (
    BehaviorCloner,
    BehaviorCloningClassifier,
    Rollouts,
    collect_rollouts,
    evaluate_policy,
    make_return_scorer,
    per_observation,
)
from skimitate.cli._main import main

pytestmark = pytest.mark.usefixtures("empty_logs")


@pytest.fixture(params=STEPS)
def space(request):
    return STEPS[request.param]


def demonstrations(space, n_episodes=6, **options):
    options = {"n_episodes": n_episodes, "random_state": 0} | options
    return collect_rollouts(partial(StepsEnv, space), StepsExpert(space), **options)


def test_every_step_is_kept_as_whole_numbers(space):
    demos = demonstrations(space)
    width = {"Discrete": (), "MultiDiscrete": (2,), "MultiBinary": (4,)}
    assert demos.actions.shape == (48, *width[type(space).__name__])
    assert demos.actions.dtype == np.int64
    assert_array_equal(demos.actions, StepsExpert(space)(demos.observations))
    # What they led to, in the environment.
    done = [moves(space, action) for action in demos.actions]
    assert_array_equal(0.5 * np.array(done), [entry[1] for entry in logged("step")])
    assert f"n_outputs={max(1, *width[type(space).__name__], 0)}" in repr(demos)


def test_returns_are_those_of_the_rewards(space):
    demos = demonstrations(space)
    make, policy = partial(StepsEnv, space), StepsExpert(space)
    returns = evaluate_policy(make, policy, n_episodes=6, random_state=0)
    assert_allclose(returns, demos.returns)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_number_of_jobs_does_not_matter(space, n_jobs):
    make, policy = partial(StepsEnv, space), StepsExpert(space)
    run = partial(collect_rollouts, make, policy, n_episodes=3, random_state=1)
    assert run(n_jobs=n_jobs) == run()


def test_they_are_saved_and_loaded_and_joined(space, tmp_path):
    demos, more = demonstrations(space), demonstrations(space, random_state=1)
    demos.save(tmp_path / "demos.npz")
    again = Rollouts.load(tmp_path / "demos.npz")
    assert again == demos
    assert again.actions.dtype == np.int64
    assert pickle.loads(pickle.dumps(demos)) == demos
    both = demos + more
    assert_array_equal(both.actions, np.concatenate([demos.actions, more.actions]))
    assert both.actions.dtype == np.int64
    assert both.episodes[:6] == demos
    assert demos.episodes[0].actions.shape == demos.actions[:8].shape
    assert Rollouts.from_trajectories(demos.episodes) == demos
    assert hash(Rollouts.from_trajectories(demos.episodes)) == hash(demos)


def test_actions_of_other_widths_are_not_joined():
    one, several = demonstrations(STEPS["discrete"]), demonstrations(STEPS["several"])
    message = (
        r"^episodes\[6\]: actions: expected no axis of columns as in episodes\[0\]"
    )
    with pytest.raises(ValueError, match=message):
        one + several
    with pytest.raises(ValueError, match=r"expected 2 columns .* got 4 columns"):
        several + demonstrations(STEPS["bits"])


def test_whoever_acts(space):
    demos = demonstrations(space)
    X, y = demos.observations, demos.actions
    evaluate = partial(
        evaluate_policy, partial(StepsEnv, space), n_episodes=1, random_state=3
    )
    neighbors = KNeighborsClassifier(1).fit(X, y)
    cloner = BehaviorCloningClassifier(max_iter=2, random_state=0).fit(X, y)
    for fitted in (neighbors, cloner):
        returns = evaluate(fitted)
        assert_array_equal(evaluate(fitted.predict), returns)
        one = per_observation(lambda x, act=fitted.predict: act(x[np.newaxis])[0])
        assert_array_equal(evaluate(one), returns)


def test_floats_that_are_whole_are_actions(space):
    make = partial(StepsEnv, space)
    found = collect_rollouts(
        make,
        lambda X: StepsExpert(space)(X).astype(float),
        n_episodes=6,
        random_state=0,
    )
    assert found == demonstrations(space)


ODD = {
    "outside": (
        lambda n, y: y + 20,
        r"expected actions of the space (Multi)?(Discrete|Binary)\(.*whole numbers "
        r"from .* to .*, got",
    ),
    "below": (lambda n, y: y - 20, r"expected actions of the space .*, got"),
    "between": (
        lambda n, y: y + 0.5,
        r"expected .*whole numbers from .*\.5.*; BehaviorCloningClassifier learns such",
    ),
    "nan": (lambda n, y: y * np.nan, r"expected finite actions, got \[ *nan"),
    "infinite": (
        lambda n, y: np.full(y.shape, np.inf),
        r"expected finite actions, got \[ *inf",
    ),
    "width": (
        lambda n, y: np.zeros((n, 7), dtype=int),
        r"expected actions of shape \(1, \d\) for a batch of one .*, got \(1, 7\)",
    ),
    "text": (
        lambda n, y: ["left"] * n,
        r"expected an array of actions, got \['left'\]",
    ),
    "none": (lambda n, y: None, r"expected an array of actions, got None"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_no_action_is_named(space, name):
    change, message = ODD[name]

    def policy(observations):
        return change(len(observations), StepsExpert(space)(observations))

    message = rf"^policy: {message}.* \(episode 0, step 0\)$"
    with pytest.raises(ValueError, match=message):
        collect_rollouts(partial(StepsEnv, space), policy)


def test_a_regressor_is_told_who_learns_classes():
    demos = demonstrations(STEPS["several"])
    cloner = BehaviorCloner(max_iter=1, random_state=0)
    cloner.fit(demos.observations, demos.actions)
    with pytest.raises(ValueError, match="BehaviorCloningClassifier learns such"):
        evaluate_policy(partial(StepsEnv, STEPS["several"]), cloner)


def test_classes_that_the_environment_does_not_have():
    demos = demonstrations(STEPS["discrete"])
    odd = DummyClassifier().fit(demos.observations, demos.actions + 100)
    with pytest.raises(ValueError, match=r"whole numbers from 5 to 9, got 10\d"):
        evaluate_policy(partial(StepsEnv, STEPS["discrete"]), odd)
    words = BehaviorCloningClassifier(max_iter=1).fit(np.eye(2), ["left", "right"])
    with pytest.raises(ValueError, match=r"^policy: .*(left|right)"):
        evaluate_policy(partial(StepsEnv, STEPS["discrete"]), words)


@pytest.mark.parametrize(
    "learner", [KNeighborsClassifier(1), BehaviorCloningClassifier(max_iter=1)]
)
def test_names_are_no_actions_of_an_environment(learner):
    demos = demonstrations(STEPS["discrete"], n_episodes=1)
    names = np.char.add("action ", demos.actions.astype(str))
    message = r"policy: expected numbers, .* got \['action .'\]; .* \(episode 0, "
    with pytest.raises(ValueError, match=message):
        evaluate_policy(
            partial(StepsEnv, STEPS["discrete"]), learner.fit(demos.observations, names)
        )


def test_noise_is_for_continuous_actions(space):
    with pytest.raises(ValueError, match="action_noise: expected None, because"):
        demonstrations(space, action_noise=0.1)


def test_continuous_and_discrete_are_told_apart():
    demos = collect_rollouts(PointEnv, expert, n_episodes=1, random_state=0)
    assert demos.actions.dtype == np.float64
    with pytest.raises(ValueError, match=r"whole numbers from"):
        evaluate_policy(partial(StepsEnv, STEPS["several"]), expert)


def test_a_search_chooses_by_what_is_earned(space):
    demos = demonstrations(space, 20)
    scorer = make_return_scorer(
        partial(StepsEnv, space), n_episodes=3, normalize=(-20, 0), random_state=0
    )
    cloner = BehaviorCloningClassifier(
        (20,), max_iter=40, learning_rate_init=0.01, random_state=0
    )
    grid = {"learning_rate_init": [0.01, 1e-9]}
    search = GridSearchCV(cloner, grid, cv=2, scoring=scorer)
    search.fit(demos.observations, demos.actions)
    assert search.best_params_ == {"learning_rate_init": 0.01}
    returns = evaluate_policy(
        partial(StepsEnv, space), search, n_episodes=3, random_state=0
    )
    assert scorer(search) == pytest.approx(returns.mean() / 20 + 1)


def several_steps():
    return StepsEnv(STEPS["several"])


several_expert = StepsExpert(STEPS["several"])


def test_the_command_line_evaluates_them(capsys):
    arguments = ["--episodes", "2", "--jobs", "1"]
    name = f"{__name__}:several"
    done = main(["evaluate", f"{name}_steps", "--expert", f"{name}_expert", *arguments])
    assert done == 0
    assert "2 episodes" in capsys.readouterr().out
