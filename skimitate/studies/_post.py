"""What the blog post of 2018 says of each environment."""

from collections.abc import Mapping
from typing import NamedTuple

# Of DAgger.
N_ROUNDS = 40


class PostRow(NamedTuple):
    """What the post says of an environment: roll-outs, and mean returns and stds."""

    n_episodes: int
    returns: Mapping[str, tuple[float, float]]


def _post_row(n_episodes: int, *returns: tuple[float, float]) -> PostRow:
    names = ("Expert", "BC", "DAgger")
    return PostRow(n_episodes, dict(zip(names, returns, strict=True)))


# Its code: https://github.com/hollygrimm/cs294-homework/tree/master/hw1, with the
# environments' version 1 (MuJoCo 1.3.1).
POST = {
    "Ant-v5": _post_row(250, (4747, 459), (905, 1), (896, 2)),
    "HalfCheetah-v5": _post_row(10, (4161, 69), (4197, 76), (4139, 57)),
    "Hopper-v5": _post_row(10, (3780, 1), (3581, 598), (3775, 2)),
    "Humanoid-v5": _post_row(250, (10402, 107), (354, 7), (385, 24)),
    "Reacher-v5": _post_row(10, (-3.8, 1), (-14, 5), (-12, 3)),
    "Walker2d-v5": _post_row(250, (5513, 49), (4993, 1058), (5460, 132)),
}
