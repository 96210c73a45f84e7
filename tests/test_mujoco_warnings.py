"""What MuJoCo warns of is said once, by whichever environment and worker."""

import subprocess
import sys
import uuid
from functools import partial

import gymnasium
import mujoco
import numpy as np
import pytest
from gymnasium.spaces import Box
from joblib import parallel_config
from sklearn.linear_model import Ridge

from skimitate import DAggerRegressor, evaluate_policy
from skimitate.environments._make import open_env
from skimitate.environments._mujoco import Speaker, say_once, warnings_kept

BODY = '<body><joint type="slide"/><geom size="0.1" mass="1"/></body>'


class UnstableEnv(gymnasium.Env):
    """Bodies on rails, one of which is thrown too fast, later in each episode.

    MuJoCo warns of a number and a time: that of the body, and when it happens.
    """

    observation_space = Box(-np.inf, np.inf, (1,))
    action_space = Box(-1, 1, (1,))

    def __init__(self, number):
        bodies = BODY * (number + 1)
        xml = f"<mujoco><worldbody>{bodies}</worldbody></mujoco>"
        self.model = mujoco.MjModel.from_xml_string(xml)
        self.data = mujoco.MjData(self.model)
        self.number = number
        self.n_episodes = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.n_episodes += 1
        self.t = 0
        mujoco.mj_resetData(self.model, self.data)
        return self.np_random.uniform(size=1).astype(np.float32), {}

    def step(self, action):
        self.t += 1
        if self.t > self.n_episodes:
            self.data.qvel[self.number] = 1e30
        mujoco.mj_step(self.model, self.data)
        return np.ones(1, np.float32), 0.0, False, self.t > self.n_episodes, {}


def rest(observations):
    return np.zeros((len(observations), 1))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """MuJoCo writes its log to the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capfd):
    """The lines that were printed, by MuJoCo or in its name."""
    printed = capfd.readouterr()
    return [line for line in (printed.out + printed.err).splitlines() if line]


def test_a_warning_of_each_episode_is_said_once(capfd, folder):
    evaluate_policy(partial(UnstableEnv, 0), rest, n_episodes=4)
    evaluate_policy(partial(UnstableEnv, 0), rest, n_episodes=4)
    (line,) = said(capfd)
    assert line.startswith("MuJoCo: warning: Nan, Inf or huge value in QVEL at DOF 0.")
    assert (folder / "MUJOCO_LOG.TXT").read_text().count("QVEL at DOF 0") == 1
    assert mujoco.get_mju_user_warning() is None


def test_another_warning_is_said_too(capfd):
    for number in (1, 2, 1, 2):
        evaluate_policy(partial(UnstableEnv, number), rest, n_episodes=1)
    first, second = said(capfd)
    assert "DOF 1" in first
    assert "DOF 2" in second


def test_threads_say_it_once(capfd):
    with parallel_config("threading", n_jobs=2):
        evaluate_policy(partial(UnstableEnv, 3), rest, n_episodes=4, n_jobs=2)
    assert len(said(capfd)) == 1
    assert mujoco.get_mju_user_warning() is None


def test_all_rounds_of_dagger_say_it_once(capfd):
    env = partial(UnstableEnv, 4)
    DAggerRegressor(Ridge(), env, rest, n_rounds=2, n_eval_episodes=2).fit()
    assert len(said(capfd)) == 1


def test_a_worker_hands_over_what_is_said_by_the_process_it_works_for(capfd):
    speaker = Speaker((uuid.uuid4(), 1), frozenset())
    another = Speaker((uuid.uuid4(), 1), frozenset())
    numbers = []
    for each in (speaker, speaker, another):
        with warnings_kept(each) as kept:
            evaluate_policy(partial(UnstableEnv, 5), rest, n_episodes=2)
        numbers.append(len(kept))
    assert numbers == [1, 0, 1]
    assert said(capfd) == []
    say_once([*kept, *kept])
    assert len(said(capfd)) == 1


def test_a_worker_that_fails_says_itself_what_was_not_said(capfd):
    speaker = Speaker((uuid.uuid4(), 1), frozenset())

    def fail():
        with warnings_kept(speaker):
            evaluate_policy(partial(UnstableEnv, 6), rest, n_episodes=2)
            raise RuntimeError("out of order")

    with pytest.raises(RuntimeError, match="out of order"):
        fail()
    assert len(said(capfd)) == 1


def test_who_handles_the_warnings_gets_them_all(capfd):
    heard = []
    mujoco.set_mju_user_warning(heard.append)
    try:
        evaluate_policy(partial(UnstableEnv, 7), rest, n_episodes=3)
        assert mujoco.get_mju_user_warning() == heard.append
    finally:
        mujoco.set_mju_user_warning(None)
    assert len(heard) == 3
    assert said(capfd) == []


def test_the_making_of_many_environments_says_it_once(capfd):
    for _ in range(3):
        # Its model has a warning of MuJoCo 4.
        with open_env("HalfCheetah-v5"):
            pass
    assert len(said(capfd)) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("n_jobs", ["1", "2"])
def test_a_command_says_it_once(n_jobs, folder):
    command = ["evaluate", "HalfCheetah-v5", "--episodes", "3", "--jobs", n_jobs]
    done = subprocess.run(
        [sys.executable, "-m", "skimitate", *command],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "3 episodes" in done.stdout
    assert (done.stdout + done.stderr).count("WARN") <= 1


@pytest.mark.slow
def test_processes_say_it_once(capfd, monkeypatch):
    monkeypatch.setattr("skimitate.environments._run.cost_of_workers", lambda n: 0.0)
    evaluate_policy(partial(UnstableEnv, 8), rest, n_episodes=6, n_jobs=2)
    assert len(said(capfd)) == 1
