"""What an experiment found: its table, and the files that are kept of it."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from skimitate.displays._axes import axes_of_a_file
from skimitate.displays._loss_curve import LossCurveDisplay
from skimitate.displays._return_curve import ReturnCurveDisplay
from skimitate.environments._report import summarize
from skimitate.files._durable import write_durably
from skimitate.formats._safetensors import save_policy
from skimitate.studies._machine import describe_machine
from skimitate.studies._markdown import markdown_table


def table_of(experiment: Any) -> str:
    """Return the table of an experiment's results.

    Parameters
    ----------
    experiment : Experiment
        That has run.

    Returns
    -------
    str
    """
    names = ("Expert", "BC", "DAgger")
    stages = ("demonstrations", "BC", "DAgger")
    returns, seconds = experiment.returns, experiment.seconds
    rows = [
        ["Environment", "Roll-outs", *(f"{name} Rewards" for name in names)],
        [experiment.name, str(experiment.n_episodes)]
        + [summarize(returns[name]) for name in names],
        ["normalized return", ""] + [f"{experiment.normalized(n):.3f}" for n in names],
        ["seconds", ""] + [f"{seconds[stage]:.1f}" for stage in stages],
    ]
    return (
        f"{markdown_table(rows)}\n\nMean (standard deviation) of "
        f"{experiment.n_eval_episodes} episodes on the same seeds. Normalized: 0 is "
        f"the random\npolicy's {summarize(returns['Random'])}, 1 the expert's mean. "
        "Seconds: collecting, cloning, all of DAgger."
    )


def keep_findings(experiment: Any, folder: Path) -> None:
    """Write results, pictures and policies.

    Parameters
    ----------
    experiment : Experiment
        That has run.
    folder : Path
        Where to.
    """
    write_durably(folder / "results.json", partial(_write_results, experiment))
    _draw(experiment, folder)
    for name, file in (("BC", "clone"), ("DAgger", "dagger")):
        mean = float(experiment.returns[name].mean())
        path = folder / f"{file}.safetensors"
        save_policy(experiment.policy(name), path, mean_return=mean)


def _write_results(experiment: Any, path: Path) -> None:
    results = {
        "env": experiment.name,
        "n_episodes": experiment.n_episodes,
        "network": experiment.network.name,
        "n_rounds": experiment.n_rounds,
        "seed": experiment.seed,
        "returns": {name: r.tolist() for name, r in experiment.returns.items()},
        "normalized_return": {n: experiment.normalized(n) for n in ("BC", "DAgger")},
        "n_expert_queries": experiment.n_expert_queries,
        "seconds": experiment.seconds,
        "best_round": experiment.best_round,
        "history": experiment.history,
        "machine": describe_machine(),
    }
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _draw(experiment: Any, folder: Path) -> None:
    levels = {f"{n} (mean)": experiment.returns[n].mean() for n in ("Expert", "BC")}
    returns = ReturnCurveDisplay.from_history(
        experiment.history,
        levels=levels,
        best_round=experiment.best_round,
        ax=axes_of_a_file(),
    )
    ax = axes_of_a_file()
    for name, history in experiment.losses.items():
        losses = LossCurveDisplay.from_history(
            history, name=name, measure=experiment.kind.loss, ax=ax
        )
    if experiment.network.start_epochs is None:
        # DAgger's epochs are many times those of a clone: both are to be seen.
        ax.set_xscale("log")
    for display, name in ((returns, "learning_curve.png"), (losses, "losses.png")):
        display.ax_.set_title(experiment.name)
        write_durably(folder / name, partial(display.figure_.savefig, dpi=120))
