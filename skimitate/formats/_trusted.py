"""The types of skimitate that skops may load: none of them runs what a file says."""

#: What to give to ``skops.io.load(path, trusted=TRUSTED_TYPES)`` for a file of an
#: estimator or a policy of skimitate's. Beside these, skops trusts scikit-learn's
#: estimators, NumPy's arrays and plain containers by itself. A callable is no such
#: type: an expert, a query or an environment of one's own is trusted by its name.
TRUSTED_TYPES = (
    "skimitate.BehaviorCloner",
    "skimitate.BehaviorCloningClassifier",
    "skimitate.DAggerClassifier",
    "skimitate.DAggerRegressor",
    "skimitate.HistoryClassifier",
    "skimitate.HistoryRegressor",
    "skimitate.RecurrentBehaviorCloner",
    "skimitate.RecurrentBehaviorCloningClassifier",
    "skimitate.RunningNormalizer",
    "skimitate.experts.NetworkExpert",
    "skimitate.experts.RuleExpert",
    "skimitate.policies.ClassPolicy",
    "skimitate.policies.Columns",
    "skimitate.policies.HistoryPolicy",
    "skimitate.policies.NetworkPolicy",
    "skimitate.policies.PipelinePolicy",
    "skimitate.policies.RecurrentPolicy",
)
