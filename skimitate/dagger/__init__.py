"""Asking where the learner leads.

``DAggerRegressor`` (``_regressor``) is ``fit`` (``_base``) and the same in two halves,
``ask`` and ``tell`` (``_interactive``), which one estimator may mix. A call of these
goes through

1. ``_settled``: what is settled before the first episode, from ``_plan`` (who drives,
   what labels weigh), ``_fit_params``, ``_metadata`` and ``_tags``;
2. ``_stages``: what the first labels teach, the rounds and the decision, as tasks;
3. ``_run``: the state of a run, and the two halves of a round. First the episodes
   (``_runner``), driven by a ``_mixture`` of learner and ``_expert``, of whose
   ``_visits`` ``_queries`` chooses; they are ``_pending`` until their ``_questions``
   are answered. Then the ``_aggregate`` of all labels trains the ``_learner``
   (``_epochs``);
4. ``_records``: what each round came to, with the ``_leaders`` among which the decision
   is made; ``_report`` prints it.
"""
