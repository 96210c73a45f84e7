"""Labels from people: DAgger writes its questions to CSV files, and reads the answers.

The learner and whoever labels never run at the same time. The learner drives an
episode, writes some of the states that it came to into ``questions-1.csv``, is saved
and ends. Days later there is an ``answers-1.csv`` beside it: it is loaded, learns, and
asks again. Here a program stands in for the person, in processes of its own:

    python examples/labels_by_csv.py run              # all of it, in a new folder
    python examples/labels_by_csv.py learner FOLDER   # or by hand: the learner's turn,
    python examples/labels_by_csv.py labeller FOLDER  # then that of whoever labels

What it shows: the policy and its history are those of a ``fit`` that calls the expert,
to the last bit. CSV files lose nothing: Python writes floats there by ``repr``, the
shortest text that is read back as the same float.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import joblib
import numpy as np

import skimitate as sk

ENV = "MountainCarContinuous-v0"
FEATURES = ["position", "velocity"]


def rock(observations):
    """Push where the car moves: it swings up the hill."""
    return np.where(observations[:, 1:] >= 0, 1.0, -1.0)


def answer(observations):
    """Say what to do in each state, and None where the car hardly moves."""
    actions = rock(observations)
    clear = np.abs(observations[:, 1]) > 0.002
    return [
        action if known else None for action, known in zip(actions, clear, strict=True)
    ]


def make_dagger(expert=None):
    """Make what learns; labels that come from elsewhere need no expert."""
    return sk.DAggerRegressor(
        sk.BehaviorCloner(max_iter=100),
        env=ENV,
        expert=expert,
        n_rounds=2,
        query=20,  # a person has better things to do than to label 999 steps
        n_eval_episodes=5,
        random_state=0,
    )


def demonstrations():
    """Return what there is to begin with: somebody drove for ten steps."""
    return sk.collect_rollouts(ENV, rock, n_episodes=1, max_steps=10, random_state=0)


def learner(folder):
    """Learn from the answers that are there, if any were asked for, and ask again."""
    folder.mkdir(exist_ok=True)
    saved = folder / "dagger.joblib"
    if saved.exists():
        dagger = joblib.load(saved)
        dagger.tell(*read_answers(folder / f"answers-{len(dagger.history_)}.csv"))
    else:
        dagger, demos = make_dagger(), demonstrations()
        dagger.ask(demos.observations, demos.actions)
    record = dagger.history_[-1]
    print(f"round {record['round']}: {record['n_samples']} labels", end="")
    print(f" ({record['n_expert_queries']} asked for)")
    if dagger.is_open:
        path = folder / f"questions-{len(dagger.history_)}.csv"
        write_questions(path, dagger.ask())  # asked again, it gives the same
    joblib.dump(dagger, saved)


def write_questions(path, questions):
    """Write a row for each state: its id, where it was met, and what was seen."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "episode", "step", *FEATURES])
        # Python's own numbers, which csv writes by repr.
        columns = (column.tolist() for column in questions)
        for id_, observation, episode, step in zip(*columns, strict=True):
            writer.writerow([id_, episode, step, *observation])


def read_answers(path):
    """Return the ids and the actions of the rows that were answered."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["push"]]
    return [int(row["id"]) for row in rows], [float(row["push"]) for row in rows]


def labeller(folder):
    """Answer the last questions, as a person would with a spreadsheet."""
    numbers = [int(p.stem.split("-")[1]) for p in folder.glob("questions-*.csv")]
    if not numbers:
        raise SystemExit(f"{folder}: no questions yet; the learner asks first")
    path = folder / f"questions-{max(numbers)}.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    # One episode, in one batch, as fit shows it to an expert: the same bits.
    observations = np.array([[float(row[name]) for name in FEATURES] for row in rows])
    with (folder / f"answers-{max(numbers)}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "push"])
        # What is left empty, or left out, gets no label; any order will do.
        for row, action in zip(rows, answer(observations), strict=True):
            writer.writerow([row["id"], "" if action is None else action.item()])


def run(folder):
    """Take turns, each in a process of its own, and compare with an expert at hand."""

    def turn(whose):
        subprocess.run([sys.executable, __file__, whose, folder], check=True)

    turn("learner")
    for _ in range(make_dagger().n_rounds):
        turn("labeller")
        turn("learner")
    told = joblib.load(folder / "dagger.joblib")

    demos = demonstrations()
    called = make_dagger(expert=answer).fit(demos.observations, demos.actions)
    grid = np.stack(np.meshgrid(np.linspace(-1.2, 0.6), np.linspace(-0.07, 0.07)), -1)
    predictions = [one.predict(grid.reshape(-1, 2)) for one in (told, called)]
    print("same predictions:", np.array_equal(*predictions))
    print("same history:", history_of(told) == history_of(called))

    expert = sk.evaluate_policy(ENV, rock, n_episodes=5, random_state=1)
    print(f"return by round (expert: {expert.mean():.1f}):", end="")
    print(*(f" {record['mean_return']:.1f}" for record in told.history_), sep="")
    print(f"kept: round {told.best_round_}")


def history_of(dagger):
    """Return what happened, to the last bit, but for how long it took."""
    return repr([record | {"seconds": None} for record in dagger.history_])


def main():
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["run", "learner", "labeller"])
    parser.add_argument("folder", nargs="?", type=Path)
    arguments = parser.parse_args()
    if arguments.folder is None:
        with tempfile.TemporaryDirectory() as folder:
            run(Path(folder))
    else:
        {"run": run, "learner": learner, "labeller": labeller}[arguments.what](
            arguments.folder
        )


if __name__ == "__main__":
    main()
