"""What somebody logged: ten episodes of three sensors and an action."""

import csv

import numpy as np

from skimitate.cli._main import main

N_EPISODES, N_STEPS = 10, 20
RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, size=(N_EPISODES * N_STEPS, 3))
Y = np.column_stack([X[:, 0] - X[:, 1]])
IDS = np.repeat(np.arange(N_EPISODES), N_STEPS)
FEW = ["--epochs", "3", "--jobs", "1"]


def by_episode(array):
    return array.reshape(N_EPISODES, N_STEPS, -1)


def flags(at):
    marked = np.zeros((N_EPISODES, N_STEPS), dtype=bool)
    marked[:, at] = True
    return marked.ravel()


def write_csv(path, columns, separator=","):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


LOG = {
    "t": np.tile(np.arange(N_STEPS), N_EPISODES),
    "episode": [f"run {i}" for i in IDS],
    **{f"obs_{i}": X[:, i] for i in range(3)},
    "action": Y[:, 0],
    "reward": np.zeros(len(X)),
}
SENSORS = {
    "x": X[:, 0],
    "y": X[:, 1],
    "angle": X[:, 2],
    "u": Y[:, 0],
    "done": flags(-1),
}


def refused(capsys, path, *options):
    """What ``clone`` says of a file that it cannot take."""
    assert main(["clone", str(path), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "numpy" not in line.lower()
    return line.removeprefix("skimitate: error: ")
