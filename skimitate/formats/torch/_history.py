"""A module of torch that remembers the last observations of an episode."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skimitate.cloning._stacking import ActionKind
from skimitate.formats.torch._modules import TorchPolicy


class TorchHistory(TorchPolicy):
    """Shows a module the last observations, and the last actions.

    Parameters
    ----------
    acting : TorchPolicy
        What acts on rows of the last observations.
    n_steps : int
        How many observations it is shown.
    actions : int, sequence of ndarray or None
        How actions are shown, if they are; see
        :class:`skimitate.cloning._stacking.Stacking`.
    inputs : nn.Module
        What is done to each observation before it is remembered.
    n_columns : int
        How many numbers that gives.
    **told
        See :class:`TorchPolicy`.
    """

    is_stateful = True
    columns: Tensor

    def __init__(
        self,
        acting: TorchPolicy,
        n_steps: int,
        actions: ActionKind | None,
        inputs: nn.Module,
        n_columns: int,
        **told: Any,
    ) -> None:
        super().__init__(**told)
        self.inputs = inputs
        self.acting = acting
        self.n_steps = n_steps
        self.n_columns = n_columns
        self._n_seen = n_steps * n_columns
        self._width = 0
        self._is_hot = False
        if isinstance(actions, int):
            self._width = actions
        elif actions is not None:
            self._is_hot = True
            self._width = sum(map(len, actions))
            self._widths = [len(one) for one in acting.classes or ()]
            self.register_buffer("columns", _columns(acting.classes or (), actions))

    def start(self, observation: Tensor) -> Tensor:
        """Return what is remembered at the start of episodes.

        Parameters
        ----------
        observation : Tensor of shape (n_features,) or (n, n_features)
            The first of each, which stands for those before it. It is to be handed to
            :meth:`forward` as well.

        Returns
        -------
        Tensor of shape (state_size,) or (n, state_size)
        """
        seen = self.inputs(observation)
        nothing = seen.new_zeros((*seen.shape[:-1], self.n_steps * self._width))
        return torch.cat([seen] * self.n_steps + [nothing], dim=-1)

    def forward(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return the next actions of episodes, and what is to be handed in again.

        Parameters
        ----------
        observation : Tensor of shape (n_features,) or (n, n_features)
            The next raw observation of each episode.
        state : Tensor of shape (state_size,) or (n, state_size)
            What :meth:`start` or the last call returned.

        Returns
        -------
        actions : Tensor of shape (n_outputs,) or (n, n_outputs)
        state : Tensor of the shape of ``state``
        """
        seen, n = self.inputs(observation), self._n_seen
        done = state[..., n:]
        shown = torch.cat([state[..., self.n_columns : n], seen, done], dim=-1)
        actions = self.acting(shown)
        if not self._width:
            return actions, shown
        newest = self._hot(actions) if self._is_hot else actions
        kept = [shown[..., :n], shown[..., n + self._width :], newest.to(shown.dtype)]
        return actions, torch.cat(kept, dim=-1)

    def _hot(self, units: Tensor) -> Tensor:
        """Return a column for each class, 1 where its unit is the highest."""
        hot = [
            part.argmax(dim=-1, keepdim=True)
            == torch.arange(part.shape[-1], device=part.device)
            for part in units.split(self._widths, dim=-1)
        ]
        return torch.cat(hot, dim=-1).to(self.columns.dtype) @ self.columns


def _columns(own: Any, shown: Any) -> Tensor:
    """Return where the column is of each class that acts, if there is one."""
    rows = sum(map(len, own))
    table: NDArray[np.float32] = np.zeros((rows, sum(map(len, shown))), np.float32)
    row = start = 0
    for classes, known in zip(own, shown, strict=True):
        places = {
            label: start + i for i, label in enumerate(np.asarray(known).tolist())
        }
        for label in classes:
            if label in places:
                table[row, places[label]] = 1.0
            row += 1
        start += len(known)
    return torch.from_numpy(table)
