"""Fitting: BehaviorCloner against MLPRegressor, skorch, imitation and plain torch.

And four networks side by side against four fits of one.
"""

import harness  # first: it limits the threads

# isort: split
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from imitation_peer import ImitationPeer
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPRegressor
from skorch import NeuralNetRegressor

from skimitate import BehaviorCloner

torch.set_num_threads(1)


def problem(n_samples: int, n_features: int, n_outputs: int) -> tuple:
    """Return standardized observations, and actions that a network can learn."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, n_features)).astype(np.float32)
    hidden = np.tanh(X @ rng.normal(size=(n_features, 20)) / np.sqrt(n_features))
    y = np.tanh(hidden @ rng.normal(size=(20, n_outputs)) / 2)
    return X, y.astype(np.float32)


def network(n_inputs: int, hidden: tuple[int, ...], n_outputs: int) -> torch.nn.Module:
    """Return the network that all of them train."""
    sizes = (n_inputs, *hidden, n_outputs)
    modules: list[torch.nn.Module] = []
    for n_in, n_out in itertools.pairwise(sizes):
        modules += [torch.nn.Linear(n_in, n_out), torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1])


class TorchLoop:
    """What one writes by hand: autograd, fused Adam, slices of shuffled tensors."""

    def __init__(self, hidden: tuple[int, ...], batch_size: int, epochs: int) -> None:
        self.hidden, self.batch_size, self.epochs = hidden, batch_size, epochs

    def fit(self, X: np.ndarray, y: np.ndarray) -> "TorchLoop":
        """Train."""
        inputs, targets = torch.from_numpy(X), torch.from_numpy(y)
        self.module = network(X.shape[1], self.hidden, y.shape[1])
        optimizer = torch.optim.Adam(self.module.parameters(), lr=1e-3, fused=True)
        for _ in range(self.epochs):
            order = torch.randperm(len(X))
            shuffled, wanted = inputs[order], targets[order]
            for start in range(0, len(X), self.batch_size):
                rows = slice(start, start + self.batch_size)
                optimizer.zero_grad()
                error = self.module(shuffled[rows]) - wanted[rows]
                error.square().mean().backward()
                optimizer.step()
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Apply the network."""
        with torch.no_grad():
            return self.module(torch.from_numpy(X)).numpy()


class Fits:
    """One fit problem, and the sides that solve it."""

    def __init__(
        self, shape: tuple[int, int, int], hidden: tuple, batch_size: int, epochs: int
    ) -> None:
        self.X, self.y = problem(*shape)
        self.hidden, self.batch_size, self.epochs = hidden, batch_size, epochs
        self.n_steps = epochs * -(-shape[0] // batch_size)
        self.fitted: dict[str, Any] = {}
        self.work = (
            f"fit {shape[0]:,} x {shape[1]} to {shape[2]}, {hidden}, batch {batch_size}"
        )

    def ours(self, n_networks: int = 1, seed: int = 0) -> BehaviorCloner:
        """Fit by skimitate."""
        self.fitted["ours"] = BehaviorCloner(
            self.hidden,
            n_networks=n_networks,
            batch_size=self.batch_size,
            max_iter=self.epochs,
            random_state=seed,
            **harness.AS_PEERS,
        ).fit(self.X, self.y)
        return self.fitted["ours"]

    def sklearn(self) -> None:
        """Fit by scikit-learn."""
        self.fitted["theirs"] = MLPRegressor(
            hidden_layer_sizes=self.hidden,
            batch_size=self.batch_size,
            max_iter=self.epochs,
            alpha=0,
            tol=0,
            n_iter_no_change=10**9,
            random_state=0,
        ).fit(self.X, self.y)

    def skorch(self) -> None:
        """Fit by skorch."""
        self.fitted["theirs"] = NeuralNetRegressor(
            lambda: network(self.X.shape[1], self.hidden, self.y.shape[1]),
            max_epochs=self.epochs,
            batch_size=self.batch_size,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            train_split=None,
            iterator_train__shuffle=True,
            verbose=0,
        ).fit(self.X, self.y)

    def torch(self) -> None:
        """Fit by a loop in torch."""
        loop = TorchLoop(self.hidden, self.batch_size, self.epochs)
        self.fitted["theirs"] = loop.fit(self.X, self.y)

    def check(self) -> tuple[str, bool]:
        """Compare R² on the training data: as good as theirs, or better."""
        scores = [
            r2_score(self.y, self.fitted[side].predict(self.X))
            for side in ("theirs", "ours")
        ]
        return self.compare(*scores)

    def compare(self, theirs: float, ours: float) -> tuple[str, bool]:
        """Say both scores."""
        text = f"{self.n_steps:,} steps; R² {theirs:.4f} and {ours:.4f}"
        return text, ours > theirs - 0.02

    def against(
        self, name: str, peer: Callable, at_least: float, repetitions: int
    ) -> dict[str, Any]:
        """Run the contest."""
        return harness.contest(
            self.work,
            name,
            self.ours,
            peer,
            at_least=at_least,
            repetitions=repetitions,
            per=self.n_steps,
            check=self.check,
        )


def four_networks(fits: Fits, repetitions: int) -> dict[str, Any]:
    """Compare four networks side by side with one fit after the other."""

    def one_by_one() -> None:
        fits.fitted["theirs"] = [fits.ours(seed=seed) for seed in range(4)]

    def side_by_side() -> None:
        fits.ours(n_networks=4)

    def check() -> tuple[str, bool]:
        cloners = fits.fitted["theirs"]
        mean = np.mean([cloner.predict(fits.X) for cloner in cloners], axis=0)
        ours = r2_score(fits.y, fits.fitted["ours"].predict(fits.X))
        return fits.compare(r2_score(fits.y, mean), ours)

    return harness.contest(
        f"{fits.work}, `n_networks=4`",
        "four fits of one",
        side_by_side,
        one_by_one,
        at_least=1.0,
        repetitions=repetitions,
        per=fits.n_steps,
        check=check,
    )


def against_imitation(fits: Fits, repetitions: int) -> list[dict[str, Any]]:
    """Run the contest with imitation, if its environment is there."""
    if not ImitationPeer.available():
        print("  (imitation left out: its environment is made by `make bench`)")
        return []
    with ImitationPeer() as peer, tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "data.npz")
        np.savez(path, X=fits.X, y=fits.y)

        def check() -> tuple[str, bool]:
            ours = r2_score(fits.y, fits.fitted["ours"].predict(fits.X))
            return fits.compare(peer.answer["score"], ours)

        return [
            harness.contest(
                fits.work,
                "imitation BC",
                fits.ours,
                lambda: peer.run(do="clone", path=path, n_epochs=fits.epochs),
                at_least=90,
                repetitions=repetitions,
                per=fits.n_steps,
                check=check,
            )
        ]


def run(quick: bool) -> list[dict[str, Any]]:
    """Compare small, wide and large networks."""
    n = 3 if quick else 7
    small = Fits((10_000, 11, 3), (50, 50), 32, 3 if quick else 10)
    rows = [
        small.against("`MLPRegressor`", small.sklearn, 11, n),
        small.against("torch autograd, fused Adam", small.torch, 15, n),
        small.against("skorch", small.skorch, 40, n),
        *against_imitation(small, 1 if quick else 3),
    ]
    wide = Fits((10_000 if quick else 50_000, 348, 17), (50, 50), 32, 3)
    rows.append(wide.against("`MLPRegressor`", wide.sklearn, 4, n))
    rows += [four_networks(small, n), four_networks(wide, n)]
    large = Fits((10_000, 11, 3), (256, 256), 256, 2 if quick else 10)
    rows.append(large.against("torch autograd, fused Adam", large.torch, 1.2, n))
    growth((10_000, 100_000) if quick else (100_000, 1_000_000, 10_000_000))
    return rows


def growth(sizes: tuple[int, ...]) -> None:
    """Show how the time of a fit grows with samples and epochs."""
    for n_samples in sizes:
        X, y = problem(n_samples, 11, 3)
        for epochs in (1, 2):
            began = time.perf_counter()
            BehaviorCloner(max_iter=epochs, random_state=0, **harness.AS_PEERS).fit(
                X, y
            )
            seconds = time.perf_counter() - began
            print(
                f"  fit {n_samples:,} x 11, {epochs} epochs: {seconds:.2f} s, "
                f"{seconds / n_samples / epochs * 1e6:.3f} µs a sample and epoch",
                flush=True,
            )


if __name__ == "__main__":
    harness.main("fit", run)
