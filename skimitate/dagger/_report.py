"""What DAgger says of its rounds while it runs."""

from collections.abc import Mapping, Sequence
from typing import Any


def round_report(history: Sequence[Mapping[str, Any]]) -> str:
    """Return a line about the last round; the one before has been measured by now.

    Parameters
    ----------
    history : sequence of dict
        A record of each round so far.

    Returns
    -------
    str
    """
    *before, record = history
    told = [r for r in before[-1:] if r["n_eval_episodes"] > 0]
    measured = "".join(f", return of {_return_of(r)}" for r in told)
    return (
        f"Round {record['round']}: {record['n_samples']} samples, "
        f"loss = {record['loss']:.4g}{measured}"
    )


def decision_report(
    history: Sequence[Mapping[str, Any]], n_evaluated: int, kept: int
) -> str:
    """Return lines about the last round's return and the round that is kept.

    Parameters
    ----------
    history : sequence of dict
        A record of each round.
    n_evaluated : int
        Number of rounds whose policies were evaluated in the end, the last included.
    kept : int
        Number of the round that is kept, one of these.

    Returns
    -------
    str
    """
    last = f"Return of {_return_of(history[-1])}"
    if n_evaluated == 1:
        return f"{last}\nKept round {kept}, the last"
    record = history[kept]
    return (
        f"{last}\nEvaluated {n_evaluated} rounds in "
        f"{_n_episodes(record['n_eval_episodes'])} each; "
        f"kept round {kept}: return {record['mean_return']:.1f}"
    )


def _return_of(record: Mapping[str, Any]) -> str:
    """Say what a round's policy earned, and in how many episodes."""
    n = record["n_eval_episodes"]
    return (
        f"round {record['round']}: {record['mean_return']:.1f} "
        f"({'one episode' if n == 1 else f'mean of {n}'})"
    )


def _n_episodes(n: int) -> str:
    return "one episode" if n == 1 else f"{n} episodes"
