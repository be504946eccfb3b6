"""The component ``BuildMetrics``: what CloudWatch is told of each ``up``, and what it shows and says of it.

Decides the parts of a stack's metrics in AWS. In reading order: ``build_metrics`` (the component: arguments, outputs,
resources), ``arguments`` (the values of each), ``notices`` (topic, alarms, the rule on builds), ``functions`` (metrics
of Lambda functions from their logs), ``dashboard`` (its widgets), ``policies`` (documents of the topic and of the
deployer), and ``sender``, which sends a run's metrics at its end. Leaves the metrics themselves to
``report.metric_documents``, and the calls to ``adapters.records.metric_log``.
"""
