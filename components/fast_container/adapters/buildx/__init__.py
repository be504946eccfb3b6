"""BuildKit, driven by ``docker buildx``.

Decides how a job becomes a command, which builder runs it, and what its end means. ``executor`` is the door: it
satisfies ``core.ports.Executor``. In reading order: ``builder`` finds buildx and a builder that can push by digest,
``builder_clock`` compares its clock with ours, ``command`` writes a job as files and arguments, ``progress`` reads
what BuildKit reports and ``timeline`` when it did what, ``build_log`` keeps all of it in a file, ``build_record``
exports BuildKit's own record, ``ending`` says what the end means. ``check`` asks for BuildKit's own rules about a
Dockerfile. ``throw_away`` runs a build whose result is a file, for measurements.

Leaves the files that are sent to ``core.staging``, which options and variables may be passed to
``adapters.buildx_inputs``, and reading the pushed image back to ``build.verify``.
"""
