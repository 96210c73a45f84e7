"""The table as people read it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skimitate.environments._report import mean_and_std, summarize
from skimitate.studies._markdown import markdown_table
from skimitate.studies._network import NETWORKS
from skimitate.studies._post import POST

LEARNERS = ("BC", "DAgger")


def as_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table in Markdown: returns beside the post's, then how they compare.

    Parameters
    ----------
    rows : sequence of dict
        From :func:`row_of`, or read from the file that holds them.

    Returns
    -------
    str
    """
    returns = _returns_table(rows)
    comparison = [_comparison_head(), *map(_comparison_line, rows)]
    n_eval_episodes = len(rows[0]["returns"]["Expert"])
    n_seeds = len(rows[0]["seeds"])
    seeds = "one seed" if n_seeds == 1 else f"{n_seeds} seeds"
    return (
        f"{markdown_table(returns)}\n\n{markdown_table(comparison)}\n\n"
        f"Mean (standard deviation) over {seeds} and the same {n_eval_episodes} "
        "episodes for everyone.\nNetwork: with the post's parameters, or skimitate's "
        "default ones. Normalized: 0 is the random\npolicy, 1 the expert. Of the "
        "expert: the part of its mean return, with two standard errors of the\npaired "
        "difference to both sides, for the policies as they came out of training; the "
        "difference\nitself where returns are negative. Queries: actions that the "
        "expert was asked for. Seconds:\neverything, for one seed."
    )


def _returns_table(rows: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Return a line for each environment, with the learners of all networks in it."""
    networks = [n for n in NETWORKS if any(row["network"] == n for row in rows)]
    head = ["Environment", "Roll-outs", "Expert", "in the post"]
    for network in networks:
        for name in LEARNERS:
            head += [name, "in the post"] if network == "post" else [f"{name}, default"]
    lines = [head]
    for env in dict.fromkeys(row["env"] for row in rows):
        by_network = {row["network"]: row for row in rows if row["env"] == env}
        first = next(iter(by_network.values()))
        post = POST[env].returns if env in POST else {}
        line = [env, str(first["n_episodes"])]
        line += [summarize(first["returns"]["Expert"]), _of_the_post(post, "Expert")]
        for network in networks:
            for name in LEARNERS:
                row = by_network.get(network)
                line.append(summarize(row["returns"][name]) if row else "")
                if network == "post":
                    line.append(_of_the_post(post, name))
        lines.append(line)
    return lines


def _of_the_post(post: Mapping[str, tuple[float, float]], name: str) -> str:
    return mean_and_std(*post[name]) if name in post else ""


def _comparison_head() -> list[str]:
    heads = ("{}, normalized", "{}, of the expert", "{}, queries")
    columns = [head.format(name) for head in heads for name in LEARNERS]
    return ["Environment", "Network", *columns, "Seconds"]


def _comparison_line(row: dict[str, Any]) -> list[str]:
    policies = [row["policies"][name] for name in LEARNERS]
    seconds = np.mean([sum(stages.values()) for stages in row["seconds"]])
    return [
        row["env"],
        row["network"],
        *(_or_nothing(policy["normalized_return"]) for policy in policies),
        *(_of_the_expert(policy) for policy in policies),
        *(f"{np.mean(policy['n_expert_queries']):,.0f}" for policy in policies),
        f"{seconds:.0f}",
    ]


def _or_nothing(number: float | None) -> str:
    return "" if number is None else f"{number:.3f}"


def _of_the_expert(policy: dict[str, Any]) -> str:
    """Return the ratio to the expert's mean, or the difference if that is negative."""
    if policy["ratio"] is not None:
        low, high = policy["ratio_interval"]
        return f"{policy['ratio']:.3f} ({low:.3f} to {high:.3f})"
    low, high = policy["difference_interval"]
    return f"{policy['difference']:+.2f} ({low:+.2f} to {high:+.2f})"
