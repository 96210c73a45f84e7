"""The state of a cloner: taken, saved and gone back to."""

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from skimitate._attributes import put_back
from skimitate._versions import VersionedEstimator
from skimitate.cloning._units import Units

if TYPE_CHECKING:
    from skimitate.cloning._base_trainer import BaseTrainer
    from skimitate.cloning._parameter_rows import ParameterRows


class Restorable(VersionedEstimator):
    """Can be pickled, and go back to what it was.

    A class that derives from it says what its networks are, and what trains them
    (``_kinds``): torch comes with them, and so not before they are needed.
    """

    network_: "ParameterRows"
    _trainer: "BaseTrainer"
    _units: Units
    _rngs: list[np.random.Generator]

    # The classes of the networks and of what trains them.
    _kinds: "Callable[[], tuple[type[ParameterRows], type[BaseTrainer]]]"

    def _way_back(self) -> Callable[[], None]:
        """Return what goes back to all that is fitted now."""
        attributes = dict(vars(self))
        if not hasattr(self, "_trainer"):
            return lambda: put_back(self, attributes)
        trainer, network = self._trainer, self.network_
        training, acting = trainer.state(), network.vectors.clone()
        rngs = copy.deepcopy(self._rngs)

        def go_back() -> None:
            put_back(self, attributes)
            trainer.restore(training)
            network.assign(acting)
            self._rngs = rngs

        return go_back

    def _pack(self, state: dict[str, Any]) -> dict[str, Any]:
        # Arrays and plain containers: no file names a room that may be moved.
        if "_trainer" in state:
            state["_network_arrays"] = state.pop("network_").packed()
            del state["_units"]
            state["_trainer"] = state["_trainer"].state()
            state["_rngs"] = copy.deepcopy(state["_rngs"])
        return state

    def _unpack(self, state: dict[str, Any]) -> dict[str, Any]:
        arrays = state.get("_network_arrays")
        if arrays is not None:
            network, trainer = self._kinds()
            state = {name: state[name] for name in state if name != "_network_arrays"}
            state["network_"] = network.of_arrays(*arrays)
            state["_trainer"] = trainer.of_state(state["_trainer"])
            state["_units"] = state["_trainer"].units
        return state
