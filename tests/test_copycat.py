"""The copycat: who is shown its own actions repeats them.

de Haan, Jayaraman, Levine: "Causal confusion in imitation learning", NeurIPS 2019.
"""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box
from sklearn.metrics import mean_squared_error
from sklearn.tree import DecisionTreeRegressor

from skimitate import HistoryRegressor, evaluate_policy

N_STEPS = 50


class Foggy(gymnasium.Env):
    """A boat that wind drives off its place, which is seen through fog."""

    observation_space = Box(-np.inf, np.inf, (1,), dtype=np.float64)
    action_space = Box(-10.0, 10.0, (1,), dtype=np.float64)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        self.place, self.wind = self.np_random.normal(size=2)
        return self.seen(), {}

    def step(self, action):
        self.place = np.clip(self.place + 0.1 * (action[0] + self.wind), -5.0, 5.0)
        self.wind = 0.95 * self.wind + 0.3 * self.np_random.normal()
        self.t += 1
        return self.seen(), -(self.place**2), False, self.t >= N_STEPS, {}

    def seen(self):
        return np.array([self.place + self.np_random.normal()])


def demonstrations(seed, n_episodes=10):
    """Episodes of an expert that knows the place: its action changes slowly."""
    env, observations, actions = Foggy(), [], []
    for episode in range(n_episodes):
        observation, _ = env.reset(seed=1000 * seed + episode)
        for _ in range(N_STEPS):
            observations.append(observation)
            actions.append(-env.place)
            observation, *_ = env.step([-env.place])
    groups = np.repeat(np.arange(n_episodes), N_STEPS)
    return np.array(observations), np.array(actions), groups


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_a_smaller_loss_and_a_worse_return(seed):
    X, y, groups = demonstrations(seed)
    X_val, y_val, groups_val = demonstrations(seed + 5)
    learner = DecisionTreeRegressor(min_samples_leaf=20, random_state=0)
    losses, returns = [], []
    for actions in (False, True):
        model = HistoryRegressor(learner, 3, actions=actions).fit(X, y, groups=groups)
        predicted = model.predict(X_val, groups=groups_val, actions=y_val)
        losses.append(mean_squared_error(y_val, predicted))
        options = {"n_episodes": 10, "random_state": seed}
        returns.append(evaluate_policy(Foggy, model, **options).mean())
    assert losses[1] < 0.5 * losses[0]
    assert returns[1] < 1.5 * returns[0]
