"""Policy gradients from a clone on: PPO begins with what four demonstrations taught.

``to_stable_baselines3`` makes a model of stable-baselines3 that acts as the clone does.
A value function that knows nothing would mislead it, and so that learns first, while
the policy stays.

What it shows: the clone swings the pendulum up in some episodes and fails in others;
PPO goes on from there, does not fall below it first, and comes close to the expert.
"""

import argparse

from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize

from skimitate import (
    BehaviorCloner,
    collect_rollouts,
    evaluate_policy,
    load_expert,
    to_stable_baselines3,
)

ENV = "Pendulum-v1"
N_DEMONSTRATIONS = 4
N_WARM_UP = 12_800
N_STEPS = 22_400  # from one look at its return to the next
N_LOOKS = 4
PPO_OPTIONS = {
    "n_steps": 200,
    "batch_size": 400,
    "learning_rate": 1e-3,
    "gamma": 0.95,
    "target_kl": 0.03,
    "device": "cpu",
}


def clone_of_few(seed):
    """Return the expert, and a clone of a few of its episodes."""
    expert = load_expert(ENV)
    demos = collect_rollouts(
        ENV, expert, n_episodes=N_DEMONSTRATIONS, random_state=seed
    )
    cloner = BehaviorCloner((64, 64), activation="tanh", random_state=seed)
    return expert, cloner.fit(demos.observations, demos.actions)


def training_env(seed):
    """Return 16 environments whose rewards are scaled, and observations are not."""
    env = make_vec_env(ENV, n_envs=16, seed=seed)
    return VecNormalize(env, norm_obs=False, gamma=PPO_OPTIONS["gamma"])


def warm_up(model, n_steps):
    """Train the value function alone."""
    policy = model.policy
    parts = [policy.mlp_extractor.policy_net, policy.action_net]
    kept = [policy.log_std, *(p for part in parts for p in part.parameters())]
    for parameter in kept:
        parameter.requires_grad_(False)
    model.learn(n_steps)
    for parameter in kept:
        parameter.requires_grad_(True)


def main():
    """Print what the expert, the clone, and PPO from there on earn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed

    def show(name, policy):
        # The same fresh episodes for all.
        returns = evaluate_policy(ENV, policy, n_episodes=20, random_state=1000 + seed)
        print(f"{name:24s} {returns.mean():6.0f} ({returns.std():.0f})", flush=True)

    expert, clone = clone_of_few(seed)
    show("expert", expert)
    show("clone", clone)
    model = to_stable_baselines3(
        clone, PPO, training_env(seed), exploration=0.3, seed=seed, **PPO_OPTIONS
    )
    warm_up(model, N_WARM_UP)
    show("value function warm", model)
    for _ in range(N_LOOKS):
        model.learn(N_STEPS, reset_num_timesteps=False)
        show(f"PPO, {model.num_timesteps} steps", model)


if __name__ == "__main__":
    main()
