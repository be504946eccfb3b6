"""What a run leaves for others at its end, besides its records.

Decides that each of these is asked for by a variable, costs a deploy seconds at most, and is one warning if it fails:
``spans`` for OpenTelemetry, ``page`` as HTML, ``ci_summary`` for a CI run's page. Leaves what they say to ``report``,
sending to ``adapters``, and when a run ends to ``state.run_records``.
"""
