"""What fails in an episode is an error that knows where; environments are closed."""

import pickle
from functools import partial

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from sklearn.linear_model import LinearRegression
from toy import PointEnv, expert, logged

from skimitate import (
    DAggerRegressor,
    EpisodeError,
    WorkerError,
    collect_rollouts,
    evaluate_policy,
    make_return_scorer,
)


@pytest.fixture(autouse=True)
def _all_closed():
    PointEnv.log.clear()
    yield
    assert len(logged("made")) == len(logged("closed"))


class Faulty(PointEnv):
    """Does at one step of one episode what a test says; step -1 is the reset."""

    def __init__(self, fault, episode, step):
        super().__init__()
        self.fault, self.when = fault, (episode, step)
        self.episode = -2  # one that is met for the first time is reset twice

    def reset(self, **options):
        answer = super().reset(**options)
        self.episode += 1
        return self.fault(answer) if self.when == (self.episode, -1) else answer

    def step(self, action):
        now = self.episode, self.t
        answer = super().step(action)
        return self.fault(answer) if now == self.when else answer


def crash(_):
    raise OSError("the cable is out")


def with_part(i, value, answer):
    return *answer[:i], value, *answer[i + 1 :]


ANYWHERE = [
    (crash, r"raised OSError\('the cable is out'\)"),
    (partial(with_part, 0, np.array([np.nan, 0.0])), "finite observations"),
    (partial(with_part, 0, np.array([0.0, -np.inf])), "finite observations"),
    (partial(with_part, 0, np.zeros(3)), r"shape \(2,\), got \(3,\)"),
]
IN_STEPS = [
    (partial(with_part, 1, np.nan), "finite reward, got nan"),
    (partial(with_part, 1, -np.inf), "finite reward, got -inf"),
]


@pytest.mark.parametrize(
    ("fault", "message", "step"),
    [(*fault, step) for fault in ANYWHERE for step in (-1, 3)]
    + [(*fault, 3) for fault in IN_STEPS],
)
def test_a_fault_of_the_environment_knows_its_episode_and_step(fault, message, step):
    with pytest.raises(EpisodeError, match=rf"^env: .*{message}") as caught:
        evaluate_policy(partial(Faulty, fault, 1, step), expert, n_episodes=3)
    error = caught.value
    assert (error.round, error.episode, error.step) == (None, 1, max(step, 0))
    assert f"(episode 1, step {max(step, 0)})" in str(error)
    assert isinstance(error, ValueError)


class Changing:
    """A policy that does something else from its eighth answer on."""

    def __init__(self, answer):
        self.answer = answer
        self.n_asked = 0

    def __call__(self, observations):
        self.n_asked += 1
        return expert(observations) if self.n_asked < 9 else self.answer(observations)


FAULTS = [
    (crash, r"raised OSError\('the cable"),
    (lambda o: expert(o) * np.nan, "finite actions, got"),
    (lambda o: expert(o)[:, :1], r"shape \(\d, 2\) .* got \(\d, 1\)"),
    (lambda o: expert(o)[:0], r"shape \(1, n_outputs\) .* got \(0, 2\)"),
    (lambda o: None, "an array of actions, got None"),
]


@pytest.mark.parametrize(("answer", "message"), FAULTS)
def test_a_policy_that_changes_its_mind_is_told_of_with_episode_and_step(
    answer, message
):
    with pytest.raises(EpisodeError, match=rf"^policy: .*{message}") as caught:
        collect_rollouts(PointEnv, Changing(answer), n_episodes=3)
    assert (caught.value.episode, caught.value.step) == (1, 3)


@pytest.mark.parametrize(("answer", "message"), FAULTS[:3])
@pytest.mark.parametrize(
    ("beta", "n_asked", "where"),
    [
        # After the five answers of the demonstrations: at once for all of an episode,
        (0.0, 3, (1, 0, None)),
        # or at its steps.
        (1.0, 0, (1, 0, 3)),
    ],
)
def test_an_expert_s_fault_in_dagger_knows_its_round(
    answer, message, beta, n_asked, where
):
    fault = Changing(answer)
    fault.n_asked = n_asked
    dagger = DAggerRegressor(
        LinearRegression(), PointEnv, fault, n_rounds=3, beta=beta, random_state=0
    )
    with pytest.raises(EpisodeError, match=rf"^expert: .*{message}") as caught:
        dagger.fit()
    error = caught.value
    assert (error.round, error.episode, error.step) == where


def test_a_fault_in_an_evaluation_of_dagger_knows_its_round():
    # Two episodes of demonstrations and of round 1, then those that decide.
    env = partial(Faulty, crash, 4, 2)
    dagger = DAggerRegressor(
        LinearRegression(),
        env,
        expert,
        n_rounds=1,
        n_episodes_per_round=2,
        n_eval_episodes=3,
        random_state=0,
    )
    with pytest.raises(EpisodeError, match="evaluation of round") as caught:
        dagger.fit()
    error = caught.value
    assert error.step == 2
    assert f"evaluation of round {error.round}, episode {error.episode}," in str(error)


@pytest.mark.parametrize(
    "error",
    [
        EpisodeError("env: broke", round=3, episode=1, step=4),
        WorkerError("n_jobs: killed", round=2, episodes=[3, 4]),
    ],
)
def test_errors_travel_between_processes(error):
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert (str(back), vars(back)) == (str(error), vars(error))


class Unclosable(PointEnv):
    """An environment whose close() raises once it has closed."""

    def close(self):
        super().close()
        raise RuntimeError("already gone")


def test_a_failing_close_does_not_hide_what_failed():
    with pytest.raises(EpisodeError, match="fell off the table") as caught:
        collect_rollouts(partial(Unclosable, fail_at=3), expert, n_episodes=2)
    assert (caught.value.episode, caught.value.step) == (0, 3)
    (note,) = caught.value.__notes__
    assert "close() raised RuntimeError('already gone')" in note


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_failing_close_loses_no_episode(n_jobs):
    options = {"n_episodes": 4, "random_state": 0}
    expected = evaluate_policy(PointEnv, expert, **options)
    with (
        pytest.warns(UserWarning, match=r"^env: close\(\) raised Runtime") as caught,
        parallel_config("threading"),
    ):
        returns = evaluate_policy(Unclosable, expert, **options, n_jobs=n_jobs)
    assert_array_equal(returns, expected)
    (warning,) = caught
    assert warning.filename == __file__


def test_dagger_ends_where_its_environment_cannot_be_closed():
    dagger = DAggerRegressor(
        LinearRegression(), Unclosable, expert, n_rounds=1, random_state=0
    )
    with pytest.warns(UserWarning, match=r"^env: close\(\) raised"):
        dagger.fit()
    assert len(dagger.history_) == 2


def test_episodes_of_one_step():
    rollouts = collect_rollouts(partial(PointEnv, 1), expert, n_episodes=3)
    assert_array_equal(rollouts.lengths, [1, 1, 1])


def test_a_score_of_an_environment_that_never_ends_is_cut():
    endless = partial(PointEnv, np.inf)
    scorer = make_return_scorer(endless, n_episodes=2, max_steps=7, random_state=0)
    X = np.random.default_rng(0).normal(size=(10, 2))
    score = scorer(LinearRegression().fit(X, expert(X)))
    assert len(logged("step")) == 14
    seven = make_return_scorer(partial(PointEnv, 7), n_episodes=2, random_state=0)
    assert score == pytest.approx(seven(LinearRegression().fit(X, expert(X))))
    with pytest.raises(ValueError, match="max_steps: expected a positive integer"):
        make_return_scorer(endless, max_steps=0)
