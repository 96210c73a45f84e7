"""A control loop at 1 kHz, whose policy is an ONNX file.

A controller is cloned, and the clone exported: normalizer, network and the bounds of
the force are one graph. Then it drives a cart after a moving goal, a cycle each
millisecond, with deadlines that do not drift: one that was missed does not put off the
next. Nothing here needs a robot's middleware: put your own sensors and motors in the
place of `step`.

What it shows: how long an action takes, how late a cycle begins (the jitter), and how
many cycles do not end before the next one is due; once with onnxruntime, once with what
`load_policy` reads, which acts by skimitate's own compiled loop. An ordinary system
promises a deadline to nobody: the worst cycle is the system's, not the policy's.

    python examples/control_loop.py [--seconds 2]
"""

import argparse
import gc
import tempfile
import time
from pathlib import Path

import numpy as np

from skimitate import (
    BehaviorCloner,
    export_onnx,
    load_expert,
    load_policy,
    save_policy,
)

PERIOD = 0.001  # seconds
LIMIT = 20.0  # N, of the motor
# Sleep ends late, by some tenths of a millisecond: the rest is waited for awake.
AWAKE = 0.0003


def controller(observations):
    """Return the force for some observations: position, velocity, goal."""
    position, velocity, goal = observations.T
    return np.clip(400 * (goal - position) - 20 * velocity, -LIMIT, LIMIT)


def step(position, velocity, force):
    """Let a cart of 1 kg with some friction move on for a period."""
    force = min(
        max(force, -LIMIT), LIMIT
    )  # no motor pushes harder, whatever it is told
    velocity += PERIOD * (force - 0.5 * velocity)
    return position + PERIOD * velocity, velocity


def train():
    """Clone the controller, from states such as it meets."""
    rng = np.random.default_rng(0)
    observations = rng.normal(size=(20_000, 3)) * [0.3, 0.8, 0.3]
    observations[:, 2] = observations[:, 0] + 0.1 * rng.normal(size=20_000)
    cloner = BehaviorCloner((32, 32), activation="tanh", max_iter=10, random_state=0)
    return cloner.fit(observations, controller(observations))


def wait_until(moment):
    """Return when it is time: asleep at first, then awake."""
    asleep = moment - time.perf_counter() - AWAKE
    if asleep > 0:
        time.sleep(asleep)
    while time.perf_counter() < moment:
        pass


def goal_at(cycle):
    """Return where the cart is to be."""
    return 0.3 * np.sin(2 * np.pi * cycle * PERIOD / 2)


def off_the_goal(errors):
    """Return how far off the cart is on average, in mm, once it is under way."""
    return 1000 * np.sqrt(np.mean(errors[len(errors) // 4 :] ** 2))


def simulate(n_cycles):
    """Let the controller itself drive, where time does not matter; return errors."""
    errors, position, velocity = np.zeros(n_cycles), 0.0, 0.0
    for cycle in range(n_cycles):
        force = controller(np.array([[position, velocity, goal_at(cycle)]]))[0]
        position, velocity = step(position, velocity, force)
        errors[cycle] = goal_at(cycle) - position
    return errors


def control(policy, n_cycles):
    """Drive the cart; return delays and times of actions in seconds, and errors."""
    delays, seconds, errors = np.zeros((3, n_cycles))
    position = velocity = 0.0
    for _ in range(100):  # the first ones fetch memory and make caches
        policy.act(np.zeros(3))
    # A collection of garbage may take milliseconds.
    gc.collect()
    gc.disable()
    try:
        begin = time.perf_counter() + 0.01
        for cycle in range(n_cycles):
            due = begin + cycle * PERIOD
            wait_until(due)
            woken = time.perf_counter()
            goal = goal_at(cycle)
            action = policy.act(np.array([position, velocity, goal]))
            done = time.perf_counter()
            position, velocity = step(position, velocity, action[0])
            delays[cycle], seconds[cycle] = woken - due, done - woken
            errors[cycle] = goal - position
    finally:
        gc.enable()
    return delays, seconds, errors


def report(name, delays, seconds, errors):
    """Print what a loop was like."""
    late = np.sum(delays + seconds > PERIOD)
    print(f"{name}: {len(delays)} cycles, {late} late")
    for what, measured in (("action", seconds), ("jitter", delays)):
        median, most = np.percentile(measured, [50, 99]) * 1e6
        worst = measured.max() * 1e6
        print(f"  {what}: median {median:.0f}, 99 % {most:.0f}, worst {worst:.0f} µs")
    print(f"  off the goal: {off_the_goal(errors):.1f} mm")


def main():
    """Export a clone, and let its files drive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each loop")
    n_cycles = round(parser.parse_args().seconds / PERIOD)
    clone = train()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clone.onnx"
        export_onnx(clone, path, action_space=(-LIMIT, LIMIT))
        save_policy(clone, path.with_suffix(".safetensors"))
        by_onnx = load_expert(path)
        by_skimitate = load_policy(path.with_suffix(".safetensors"))
    print(f"controller, simulated: {off_the_goal(simulate(n_cycles)):.1f} mm off")
    report("onnxruntime", *control(by_onnx, n_cycles))
    report("skimitate", *control(by_skimitate, n_cycles))


if __name__ == "__main__":
    main()
