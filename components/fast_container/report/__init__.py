"""What records of builds mean: runs, slow steps, caches that pay, images that grow, builds that got slower.

Decides what a run is (``runs``), which of its builds the whole run waited for (``critical_path``), which steps take
the time and which come out of the cache (``step_figures``), and what has got worse (``regressions``); ``run_lines`` is
a run in three lines, ``text`` and ``markdown`` are reports, ``trace`` is the form that browsers and Perfetto draw,
``spans`` that of OpenTelemetry (both on ``phase_times``); ``metric_documents`` is the form that CloudWatch takes, with
what is usual for an image (``metric_history``), in calls that are small enough (``metric_batches``); ``pages`` makes
self-contained HTML, of what is in an image too; ``costs`` prices what was used. All of it is pure. Leaves keeping
records to ``adapters.records``, the parts of an image to ``breakdown`` and what is asked for to ``cli``.
"""
