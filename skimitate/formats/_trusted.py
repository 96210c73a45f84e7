"""The types of skimitate that skops may load: none of them runs what a file says."""

TRUSTED_TYPES = (
    "skimitate.BehaviorCloner",
    "skimitate.BehaviorCloningClassifier",
    "skimitate.HistoryClassifier",
    "skimitate.HistoryRegressor",
    "skimitate.RecurrentBehaviorCloner",
    "skimitate.RecurrentBehaviorCloningClassifier",
    "skimitate.RunningNormalizer",
)
