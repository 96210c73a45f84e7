"""Small environments, experts and learners whose every step can be foretold."""

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression, Ridge

LIMIT = 0.5


class PointEnv(gymnasium.Env):
    """A point on a plane: the action moves it, the reward is minus its distance.

    It hands out the same array at each step, as environments may, and keeps a log of
    seeds, executed actions and closings for the tests to read.
    """

    observation_space = Box(-np.inf, np.inf, (2,), dtype=np.float64)
    action_space = Box(-LIMIT, LIMIT, (2,), dtype=np.float32)
    log: list = []

    def __init__(self, n_steps=5, fail_at=None):
        self.n_steps = n_steps
        self.fail_at = fail_at
        self.position = np.zeros(2)
        self.log.append(("made", self))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        self.position[:] = self.np_random.uniform(-2, 2, size=2)
        self.log.append(("reset", seed))
        return self.position, {}

    def step(self, action):
        if self.t == self.fail_at:
            raise RuntimeError("the robot fell off the table")
        self.log.append(("step", self.position.copy(), action.copy()))
        self.position += action
        self.t += 1
        reward = -np.abs(self.position).sum()
        return self.position, reward, False, self.t >= self.n_steps, {}

    def close(self):
        self.log.append(("closed", self))


class GoalEnv(PointEnv):
    """The point is to end near an axis, which it may cross on the way.

    It reports at each step, in the type of ``tell``, whether it is there.
    """

    def __init__(self, n_steps=5, tell=bool):
        super().__init__(n_steps)
        self.tell = tell

    def step(self, action):
        *answer, info = super().step(action)
        return *answer, info | {"is_success": self.tell(self.at_goal(self.position))}

    @staticmethod
    def at_goal(position):
        return abs(position[0]) < LIMIT


class SpacesEnv(PointEnv):
    """The point, claiming other spaces."""

    def __init__(self, observation_space, action_space):
        super().__init__()
        self.observation_space = observation_space
        self.action_space = action_space


class OneActionEnv(PointEnv):
    """The point, pushed along one axis."""

    action_space = Box(-LIMIT, LIMIT, (1,), dtype=np.float32)

    def step(self, action):
        return super().step(np.append(action, 0.0).astype(np.float32))


class StepsEnv(PointEnv):
    """The point, moved by steps of one length that whole numbers name.

    A Discrete action is one of five: stay, left, right, down, up. Of a MultiDiscrete
    one each entry is for an axis: back, stay, forth. Of a MultiBinary one two bits are:
    back and forth.
    """

    def __init__(self, action_space, n_steps=8):
        super().__init__(n_steps)
        self.action_space = action_space

    def step(self, action):
        assert self.action_space.contains(action), action
        return super().step(LIMIT * moves(self.action_space, np.asarray(action)))


_FIVE = np.array([[0, 0], [-1, 0], [1, 0], [0, -1], [0, 1]])


def moves(space, actions):
    """Where one action of a space leads, in steps along each axis."""
    if isinstance(space, Discrete):
        return _FIVE[actions - space.start]
    if isinstance(space, MultiDiscrete):
        return actions - space.start - 1
    back, forth = actions.reshape(2, 2).T.astype(int)
    return forth - back


class StepsExpert:
    """Leads the point to the origin by the actions of a space."""

    def __init__(self, space):
        self.space = space

    def __call__(self, observations):
        steps = -np.sign(observations) * (np.abs(observations) > LIMIT / 2)
        steps = steps.astype(int)
        if isinstance(self.space, MultiDiscrete):
            return self.space.start + 1 + steps
        if isinstance(self.space, MultiBinary):
            bits = np.stack([steps == -1, steps == 1], axis=-1)
            return bits.reshape(len(steps), 4).astype(int)
        rows = np.arange(len(steps))
        axis = np.abs(observations).argmax(axis=1)
        far = steps[rows, axis]
        return self.space.start + (far != 0) * (1 + 2 * axis + (far == 1))


STEPS = {
    "discrete": Discrete(5, start=5),
    "several": MultiDiscrete([3, 3], start=[0, -1]),
    "bits": MultiBinary((2, 2)),
}


def logged(kind):
    """The entries of one kind in the environments' log."""
    return [entry[1:] for entry in PointEnv.log if entry[0] == kind]


def expert(observations):
    """Go straight to the origin, faster than the action space allows."""
    return -3.0 * observations


def lean(observations):
    """Push the point along its axis."""
    return -observations[:, :1] + 2.0


class StatefulExpert:
    """Counts the steps of an episode, and all that it is asked."""

    def __init__(self):
        self.asked = []
        self.n_resets = 0
        self.t = None

    def reset(self):
        self.n_resets += 1
        self.t = 0

    def __call__(self, observations):
        self.asked.append(observations.copy())
        self.t += 1
        return expert(observations) + 0.01 * self.t


class ActsAtOnce:
    """Acts without scikit-learn's checks, which take longer than the point's steps."""

    def act(self, observations):
        return observations @ self.coef_.T + self.intercept_


class QuickLine(ActsAtOnce, LinearRegression):
    """Least squares."""


class QuickRidge(ActsAtOnce, Ridge):
    """Ridge regression."""


class Recorder(RegressorMixin, BaseEstimator):
    """A least-squares learner that keeps a log of what it is given."""

    log: list = []

    def fit(self, X, y):
        self.log.append(("fit", X.copy(), y.copy()))
        self.coef_ = np.linalg.lstsq(X, y, rcond=None)[0]
        return self

    def predict(self, X):
        return X @ self.coef_


class IncrementalRecorder(Recorder):
    """The same with partial_fit."""

    def partial_fit(self, X, y):
        self.log.append(("partial_fit", X.copy(), y.copy()))
        return self


class SequenceRecorder(RegressorMixin, BaseEstimator):
    """Wants whole episodes, keeps what it is given, and goes to the origin."""

    learns_sequences = True
    log: list = []

    def fit(self, X, y, sample_weight=None, *, groups=None, actions=None):
        self.log.append((X, y, sample_weight, groups, actions))
        self.shape_ = y.shape[1:]
        return self

    def predict(self, X, groups=None):
        return np.sign(-X)


class Fading(RegressorMixin, BaseEstimator):
    """A learner that is best after a number of partial fits and then gets worse."""

    def __init__(self, best=3):
        self.best = best

    def fit(self, X, y):
        self.n_fits_ = 0
        return self

    def partial_fit(self, X, y):
        self.n_fits_ += 1
        return self

    def predict(self, X):
        return -X / (1 + abs(self.n_fits_ - self.best))


def hopper_noop(observations):
    """Do nothing with Hopper's three joints."""
    return np.zeros((len(observations), 3))
