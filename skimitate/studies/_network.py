"""Whose network imitates, and how long: the defaults, or what the blog post had."""

from typing import Any, Literal, NamedTuple

from skimitate.studies._kind import NUMBERS, Kind

# Every parameter of the post's whose default is, or may become, another one.
POST_PARAMETERS: dict[str, Any] = {
    "hidden_layer_sizes": (50, 50),
    "activation": "relu",
    "alpha": 0.0,
    "batch_size": 32,
    "learning_rate_init": 1e-3,
    "max_iter": 100,
}


class Network(NamedTuple):
    """The cloner of an experiment, and how long it trains in DAgger.

    Parameters
    ----------
    name : {"default", "post"}
        What people call it.
    start_epochs : int or None, default=None
        Passes over the demonstrations before round 1; None for as many as a clone of
        them gets.
    n_epochs_per_round : int or "auto", default="auto"
        As :class:`skimitate.DAggerRegressor` has it.
    """

    name: Literal["default", "post"]
    start_epochs: int | None = None
    n_epochs_per_round: int | Literal["auto"] = "auto"

    @property
    def parameters(self) -> dict[str, Any]:
        """Those of the cloner that are not its defaults, or may not stay so."""
        return POST_PARAMETERS if self.name == "post" else {}

    def cloner(self, random_state: int, kind: Kind = NUMBERS) -> Any:
        """Return the clone, not fitted.

        Parameters
        ----------
        random_state : int
            Determines it.
        kind : Kind
            Of the actions.

        Returns
        -------
        estimator
        """
        return kind.cloner(**self.parameters, random_state=random_state)

    def learner(self, kind: Kind = NUMBERS) -> Any:
        """Return DAgger's learner, not fitted.

        Parameters
        ----------
        kind : Kind
            Of the actions.

        Returns
        -------
        estimator
        """
        if self.start_epochs is None:
            return kind.cloner(**self.parameters)
        return kind.cloner(**self.parameters | {"max_iter": self.start_epochs})


DEFAULT = Network("default")

# In the order of the table's columns.
NETWORKS = {"post": Network("post"), "default": DEFAULT}


def network_of_the_table(name: str, n_episodes: int) -> Network:
    """Return a network as the table has it, for a number of roll-outs.

    The post trained DAgger for 40 epochs in all. Forty rounds of its network start from
    one pass over the roll-outs and make one each (two, if there are ten roll-outs).
    """
    if name == "default":
        return DEFAULT
    n_epochs = max(1, 20 // n_episodes)
    return Network("post", n_epochs, n_epochs)
