"""Any estimator as a learner: what it takes, what it says of itself, how it goes on."""
