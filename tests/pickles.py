"""What a pickle names: saved estimators must not know in which room a class lives."""

import io
import pickle

import skimitate.experts
import skimitate.policies


class _Names(pickle.Unpickler):
    """Write down all that a pickle imports."""

    def find_class(self, module, name):
        self.names.add((module, name))
        return super().find_class(module, name)


def assert_public_names(thing):
    """Hold a thing's pickle to public names of skimitate; return what comes out of it.

    A class or function of skimitate must be pickled as ``skimitate.<Name>``, or as what
    a package of its own exports, such as ``skimitate.experts.NetworkExpert``.
    """
    unpickler = _Names(io.BytesIO(pickle.dumps(thing)))
    unpickler.names = set()
    again = unpickler.load()
    ours = {pair for pair in unpickler.names if pair[0].startswith("skimitate")}
    assert ours, "nothing in this pickle is skimitate's"
    public = {("skimitate", name) for name in skimitate.__all__}
    for package in (skimitate.experts, skimitate.policies):
        public |= {(package.__name__, name) for name in package.__all__}
    private = ours - public
    assert not private, f"pickled under private names: {sorted(private)}"
    return again
