"""BuildKit, driven by ``docker buildx``: ``executor`` satisfies ``core.ports.Executor``.

``command`` writes a job as files and arguments, ``builder`` finds the builder, ``progress`` reads what BuildKit says.
"""
