"""Imitate a controller of ten lines in Gymnasium's Pendulum-v1: clone it, then DAgger.

The expert swings a pendulum up and balances it. It is a plain function: from a batch
of observations to a batch of torques. One that is given as code, a planner or a solver,
can be asked about any state, and that is what DAgger lives on.

What it shows: a clone of two episodes knows only the states that the expert came
through, and its errors lead it out of them. DAgger lets the clone drive, asks the
expert what it would have done there, and learns that too.
"""

import numpy as np

from skimitate import (
    BehaviorCloner,
    DAggerRegressor,
    collect_rollouts,
    evaluate_policy,
)

ENV = "Pendulum-v1"


def swing_up(observations):
    """Pump energy into the pendulum while it hangs, and balance it once it is up."""
    cosine, sine, speed = observations.T
    angle = np.arctan2(sine, cosine)  # 0 is upright
    energy = speed**2 / 6 + 5 * (cosine - 1)  # 0 at rest in the upright position
    pump = np.where(speed >= 0, 2.0, -2.0) * np.sign(-energy)
    balance = -20 * angle - 4 * speed
    torque = np.where(np.abs(angle) < 0.6, balance, pump)
    return np.clip(torque, -2, 2)[:, np.newaxis]


def main():
    """Compare the returns of the expert, of a clone and of DAgger's policy."""
    demos = collect_rollouts(ENV, swing_up, n_episodes=2, random_state=0)
    cloner = BehaviorCloner(random_state=0)
    cloner.fit(demos.observations, demos.actions)

    dagger = DAggerRegressor(
        BehaviorCloner(random_state=0),
        env=ENV,
        expert=swing_up,
        n_rounds=10,
        random_state=0,
    )
    dagger.fit(demos.observations, demos.actions)
    for record in dagger.history_:
        print(f"round {record['round']:2d}: {record['n_samples']} labels", end="")
        print(f", return {record['mean_return']:.0f}")

    print(f"kept: round {dagger.best_round_}")
    policies = {"expert": swing_up, "clone": cloner, "DAgger": dagger}
    for name, policy in policies.items():
        returns = evaluate_policy(ENV, policy, n_episodes=20, random_state=1)
        print(f"{name:6s} {returns.mean():6.0f} ({returns.std():.0f})")


if __name__ == "__main__":
    main()
