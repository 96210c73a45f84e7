"""Recurrent networks: an epoch and a step of acting, against torch's GRU and LSTM."""

import harness  # first: it limits the threads

# isort: split
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.metrics import r2_score
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from skimitate import RecurrentBehaviorCloner, as_policy
from skimitate.cloning._windows import Windows

torch.set_num_threads(1)

HIDDEN, N_INPUTS, N_OUTPUTS = 64, 11, 3
# Learns enough in a few epochs for both to be compared.
RATE = 1e-2
# What a control loop may wait for a step, in microseconds.
MOST_US = 30.0


def problem(lengths: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return observations, actions that need a few of them, and episodes."""
    rng = np.random.default_rng(0)
    n = sum(lengths)
    X = rng.normal(size=(n, N_INPUTS)).astype(np.float32)
    groups = np.repeat(np.arange(len(lengths)), lengths)
    seen = X @ rng.normal(size=(N_INPUTS, N_OUTPUTS)) / np.sqrt(N_INPUTS)
    y = np.zeros((n, N_OUTPUTS))
    state, before = np.zeros(N_OUTPUTS), -1
    for row in range(n):
        state = seen[row] if groups[row] != before else 0.7 * state + 0.3 * seen[row]
        y[row], before = state, groups[row]
    return X, np.tanh(2 * y).astype(np.float32), groups


class TorchLoop:
    """What one writes by hand: nn.GRU on packed windows, autograd, fused Adam.

    Windows are packed before the clock starts, and begin with nothing remembered.
    """

    def __init__(self, cell: str) -> None:
        kind = {"gru": nn.GRU, "lstm": nn.LSTM}[cell]
        torch.manual_seed(0)
        self.cells = kind(N_INPUTS, HIDDEN)
        self.head = nn.Sequential(
            nn.Linear(HIDDEN, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, N_OUTPUTS)
        )
        parameters = [*self.cells.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.Adam(parameters, lr=RATE, fused=True)

    def pack(
        self, X: np.ndarray, y: np.ndarray, groups: np.ndarray, batch_size: int
    ) -> None:
        """Cut the episodes and pack minibatches."""
        plan = Windows(groups, 100).cut(np.random.default_rng(0))
        order = plan.batches(batch_size)
        self.batches = []
        for start in range(0, len(order), batch_size):
            windows = order[start : start + batch_size]
            rows = [
                slice(plan.starts[w], plan.starts[w] + plan.lengths[w]) for w in windows
            ]
            packed = [
                pack_sequence([torch.from_numpy(array[r]) for r in rows])
                for array in (X, y)
            ]
            self.batches.append((packed[0], packed[1].data))

    def train(self, n_epochs: int) -> None:
        """Pass over the minibatches."""
        for _ in range(n_epochs):
            for inputs, targets in self.batches:
                self.optimizer.zero_grad()
                outputs = self(inputs)
                (outputs - targets).square().mean().backward()
                self.optimizer.step()

    def __call__(self, inputs: PackedSequence) -> torch.Tensor:
        """Return the outputs, packed."""
        return self.head(self.cells(inputs)[0].data)

    def predict(self, X: np.ndarray, groups: np.ndarray) -> np.ndarray:
        """Run through whole episodes, one after the other."""
        outputs = []
        with torch.no_grad():
            for group in np.unique(groups):
                hidden, _ = self.cells(torch.from_numpy(X[groups == group]))
                outputs.append(self.head(hidden).numpy())
        return np.concatenate(outputs)


def epochs(
    cell: str, lengths: list[int], batch_size: int, n_epochs: int, repetitions: int
) -> dict[str, Any]:
    """Compare epochs of training."""
    X, y, groups = problem(lengths)
    fitted: dict[str, Any] = {}

    def ours() -> None:
        fitted["ours"] = RecurrentBehaviorCloner(
            HIDDEN,
            cell=cell,
            hidden_layer_sizes=(HIDDEN,),
            batch_size=batch_size,
            learning_rate_init=RATE,
            max_iter=n_epochs,
            random_state=0,
        ).fit(X, y, groups=groups)

    peers = [TorchLoop(cell) for _ in range(repetitions + 1)]
    for each in peers:
        each.pack(X, y, groups, batch_size)
    left = iter(peers)

    def torch_loop() -> None:
        fitted["theirs"] = next(left)
        fitted["theirs"].train(n_epochs)

    def check() -> tuple[str, bool]:
        theirs, mine = (
            r2_score(y, fitted[side].predict(X, groups)) for side in ("theirs", "ours")
        )
        n_steps = n_epochs * len(peers[0].batches)
        return (
            f"{n_steps:,} steps; R² {theirs:.4f} and {mine:.4f}",
            mine > theirs - 0.02,
        )

    least, most = min(lengths), max(lengths)
    steps = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return harness.contest(
        f"epoch of {len(lengths)} episodes of {steps} steps, {cell.upper()} of "
        f"{HIDDEN} and a layer of {HIDDEN}, batch {batch_size}",
        f"torch's `nn.{cell.upper()}`, fused Adam",
        ours,
        torch_loop,
        at_least=2.0,
        repetitions=repetitions,
        per=n_epochs,
        check=check,
    )


def torch_step(loop: TorchLoop, mean: np.ndarray, scale: np.ndarray) -> Callable:
    """Return a function of one observation that carries torch's state along."""
    state: Any = None

    def act(observation: np.ndarray) -> np.ndarray:
        nonlocal state
        x = torch.from_numpy(((observation - mean) / scale).astype(np.float32))
        with torch.inference_mode():
            hidden, state = loop.cells(x[None], state)
            return loop.head(hidden[0]).numpy()

    return act


def acting(cell: str, repetitions: int, calls: int) -> dict[str, Any]:
    """Compare steps of acting."""
    X, y, groups = problem([100] * 5)
    cloner = RecurrentBehaviorCloner(
        HIDDEN, cell=cell, hidden_layer_sizes=(HIDDEN,), max_iter=2, random_state=0
    )
    policy = as_policy(cloner.fit(X, y, groups=groups))
    observation = X[0].astype(np.float64)
    act = torch_step(TorchLoop(cell), X.mean(axis=0), X.std(axis=0))
    times: list[float] = []

    def ours() -> float:
        seconds = harness.seconds_of(
            harness.repeated(lambda: policy.act(observation), calls)
        )
        times.append(seconds / calls * 1e6)
        return seconds

    def check() -> tuple[str, bool]:
        policy.reset()
        steps = itertools.takewhile(lambda row: groups[row] == 0, range(len(X)))
        acted = np.array([policy.act(X[row]) for row in steps])
        expected = cloner.predict(X, groups=groups)[: len(acted)]
        same = np.allclose(acted, expected, rtol=1e-7)
        median = float(np.median(times))
        text = f"networks of one size; `act` is `predict`; {MOST_US:.0f} µs at most"
        return text, bool(same and median <= MOST_US)

    return harness.contest(
        f"`act`, a step of an episode, {cell.upper()} of {HIDDEN} and a layer of "
        f"{HIDDEN}",
        f"torch's `nn.{cell.upper()}`",
        ours,
        harness.repeated(lambda: act(observation), calls),
        at_least=3.0,
        repetitions=repetitions,
        per=calls,
        check=check,
    )


def run(quick: bool) -> list[dict[str, Any]]:
    """Compare both cells, on equal and on unequal episodes."""
    unequal = [int(n) for n in np.linspace(100, 1000, 10 if quick else 20)]
    n, n_epochs = (2, 4) if quick else (5, 10)
    rows = []
    for cell in ("gru", "lstm"):
        for lengths in ([100] * (40 if quick else 100), unequal):
            rows.append(epochs(cell, lengths, 8, n_epochs, n))
    rows += [acting(cell, n, 200 if quick else 1000) for cell in ("gru", "lstm")]
    return rows


if __name__ == "__main__":
    harness.main("recurrent", run)
