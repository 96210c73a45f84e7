"""Distil a planner: what it works out anew for each action, a network just knows.

The expert is model-predictive control with MuJoCo's own model of Reacher-v5. For each
observation it plans 0.4 s ahead by an iterative linear-quadratic regulator (Li and
Todorov, ICINCO 2004; with the line search of Tassa, Erez and Todorov, IROS 2012), and
takes the first action of the plan. It remembers nothing, so that it can be asked about
any state, at any time: DAgger asks it about five states of each episode.

What it shows: a planner is an expert like any other, a callable from a batch of
observations to a batch of actions. A network that has seen a thousand of its plans
earns somewhat less than it does, by how much is printed episode by episode, and acts
thousands of times as fast.

    python examples/distill_planner.py [--rounds 20] [--seed 0]
"""

import argparse
import time

import gymnasium
import mujoco
import numpy as np

from skimitate import DAggerRegressor, as_policy, collect_rollouts

ENV = "Reacher-v5"


def state_of(observation):
    """Positions and velocities of the arm's two joints and of the target's two slides.

    The observation tells all of it. An angle and its full turns are the same to the
    first joint, and the second one cannot turn far enough to confuse them; the target
    is at rest, always.
    """
    cosines, sines, target, speeds = observation[:8].reshape(4, 2)
    return np.concatenate([np.arctan2(sines, cosines), target, speeds, np.zeros(2)])


class Planner:
    """The first action of the plan that is best from each observation.

    A step costs what it costs in the task: the distance from the fingertip to the
    target, and the square of the action, which keeps it far from its limits.
    """

    horizon = 20  # actions, 0.4 s; plans of half the length earn less
    softness = 0.01  # meters, within which the distance is rounded: it has a tip at 0
    n_iterations = 10
    tolerance = 1e-4  # of the cost: where less than that is won, the plan is good

    def __init__(self):
        with gymnasium.make(ENV) as env:
            self.model, duration = env.unwrapped.model, env.unwrapped.dt
        # MuJoCo linearizes no steps of RK4, which the task takes, two for an action.
        # One implicit step is near enough where each action has a plan of its own.
        self.model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        self.model.opt.timestep = duration
        self.data = mujoco.MjData(self.model)
        self.tip, self.target = (self.model.body(i).id for i in ("fingertip", "target"))

    def __call__(self, observations):
        """Plan from each observation of a batch."""
        return np.array([self.plan(state_of(row))[0] for row in observations])

    def plan(self, start):
        """Improve on doing nothing; returns the actions, (horizon, 2)."""
        mujoco.mj_resetData(self.model, self.data)  # nothing is left of the last plan
        states = np.tile(start, (self.horizon + 1, 1))
        actions = np.zeros((self.horizon, self.model.nu))
        gains = np.zeros((*actions.shape, len(start)))
        states, actions, cost = self.simulate(states, actions, actions, gains)
        for _ in range(self.n_iterations):
            steps, gains = self.improve(states, actions)
            for part in (1, 1 / 2, 1 / 4, 1 / 8, 1 / 16):
                tried = self.simulate(states, actions, part * steps, gains)
                if tried[2] < cost:
                    break
            else:
                break
            won = cost - tried[2]
            states, actions, cost = tried
            if won < self.tolerance * cost:
                break
        return actions

    def simulate(self, states, actions, steps, gains):
        """Change a plan by `steps`; returns its states, actions and cost.

        The gains hold it near the states of the plan as it was, where what is known of
        it is right.
        """
        state, cost = states[0], 0.0
        reached, taken = [state], []
        self.set_state(state)
        for t in range(self.horizon):
            action = actions[t] + steps[t] + gains[t] @ (state - states[t])
            self.data.ctrl[:] = action
            mujoco.mj_step(self.model, self.data)
            mujoco.mj_kinematics(self.model, self.data)
            state = np.concatenate([self.data.qpos, self.data.qvel])
            cost += self.distance()[1] + action @ action
            reached.append(state)
            taken.append(action)
        return np.array(reached), np.array(taken), cost

    def improve(self, states, actions):
        """Find the best steps and gains, were the model linear, the cost quadratic.

        From the last action to the first: what is to come costs about
        ``slope @ change + change @ curve @ change / 2``.
        """
        n, nv = states.shape[1], self.model.nv
        slope, curve = np.zeros(n), np.zeros((n, n))
        steps, gains = np.empty_like(actions), np.empty((*actions.shape, n))
        for t in reversed(range(self.horizon)):
            of_distance = self.expand_distance(states[t + 1])
            slope[:nv] += of_distance[0]
            curve[:nv, :nv] += of_distance[1]
            A, B = self.linearize(states[t], actions[t])
            of_action = 2 * actions[t] + B.T @ slope
            inverse = np.linalg.inv(2 * np.eye(self.model.nu) + B.T @ curve @ B)
            steps[t] = -inverse @ of_action
            gains[t] = -inverse @ B.T @ curve @ A
            slope = A.T @ slope + gains[t].T @ of_action
            curve = A.T @ curve @ (A + B @ gains[t])
        return steps, gains

    def linearize(self, state, action):
        """How the next state changes with the state, (8, 8), and the action, (8, 2)."""
        A = np.empty((len(state), len(state)))
        B = np.empty((len(state), len(action)))
        self.set_state(state)
        self.data.ctrl[:] = action
        mujoco.mjd_transitionFD(self.model, self.data, 1e-6, False, A, B, None, None)
        return A, B

    def expand_distance(self, state):
        """Gradient and Hessian of the distance in the positions.

        The Hessian leaves out how the fingertip's path bends: so it is never negative.
        """
        tip, target = np.empty((2, 3, self.model.nv))
        self.set_state(state)
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)  # which the Jacobians need
        mujoco.mj_jacBody(self.model, self.data, tip, None, self.tip)
        mujoco.mj_jacBody(self.model, self.data, target, None, self.target)
        way, distance = self.distance()
        jacobian = tip - target
        slope = way @ jacobian / distance
        curve = jacobian.T @ jacobian / distance - slope[:, None] * (slope / distance)
        return slope, curve

    def distance(self):
        """From the target to the fingertip: the way, (3,), and its rounded length."""
        way = self.data.xpos[self.tip] - self.data.xpos[self.target]
        return way, np.sqrt(way @ way + self.softness**2)

    def set_state(self, state):
        """Put the model where a plan is to be looked at."""
        self.data.qpos[:] = state[: self.model.nq]
        self.data.qvel[:] = state[self.model.nq :]


def time_actions(act, observations):
    """Median of the seconds that an action takes, asked for one at a time."""
    seconds = []
    for observation in observations:
        start = time.perf_counter()
        act(observation)
        seconds.append(time.perf_counter() - start)
    return np.median(seconds)


def main():
    """Compare the planner with the network that imitates it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    planner = Planner()
    demos = collect_rollouts(
        ENV, planner, n_episodes=2, action_noise=0.3, random_state=options.seed
    )
    # A few states of many episodes: one has one target, which a step tells as well as
    # fifty do.
    dagger = DAggerRegressor(
        env=ENV,
        expert=planner,
        n_rounds=options.rounds,
        n_episodes_per_round=10,
        query=5,
        random_state=options.seed,
    )
    dagger.fit(demos.observations, demos.actions)
    for record in [*dagger.history_[:-1:4], dagger.history_[-1]]:
        print(f"{record['n_samples']:4d} plans: return {record['mean_return']:.1f}")
    compare(planner, dagger, options.seed + 1000)


def compare(planner, dagger, random_state):
    """Print what the planner and the network earn, and how fast they act."""
    # The same fresh episodes for both.
    fresh = {"n_episodes": 10, "random_state": random_state}
    driven = {
        name: collect_rollouts(ENV, actor, **fresh)
        for name, actor in {"planner": planner, "network": dagger}.items()
    }
    for name, rollouts in driven.items():
        returns = rollouts.returns
        print(f"{name:7s} return {returns.mean():.2f} ({returns.std():.2f})")
    behind = driven["planner"].returns - driven["network"].returns
    print(f"episode by episode the planner is {behind.mean():.2f}", end="")
    print(f" ({behind.std():.2f}) ahead")

    seen = driven["planner"].observations[:100]
    slow = time_actions(lambda seen: planner(seen[np.newaxis])[0], seen)
    fast = time_actions(as_policy(dagger).act, seen)
    print(f"an action takes the planner {1e3 * slow:.1f} ms", end="")
    print(f", the network {1e6 * fast:.1f} µs: {slow / fast:.0f} times as fast")


if __name__ == "__main__":
    main()
