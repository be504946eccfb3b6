"""Everything outside of this process, one thing a room: registries, BuildKit, CodeBuild, processes, files, credentials.

Decides how each of them is reached, and turns its answers and errors into those of the core. Nothing here decides what
is built: ``core.ports`` has the protocols that adapters satisfy. An adapter imports its SDK and the core; adapters of
two different things do not know each other.

Rooms: ``registry``, ``buildx``, ``codebuild``, ``process``, ``digests``, ``layers`` (which stands on ``registry``),
``records``, ``usage`` and ``inventory``. Modules that several of them need: ``aws_session`` (AWS clients as the stack
has them), ``aws_lists`` (lists of AWS, read to their end) and ``docker_config`` (logins of Docker's configuration, and
a private copy of it); ``buildx_inputs``, the list of everything that reaches BuildKit from this machine; ``git`` (which
files it ignores, and which were changed lately); ``hadolint``, another linter; ``docker_hub`` (its limit of pulls);
``plan_file`` in a program's folder; ``threads`` for calls that block; ``clock``; ``pulumi_log`` (progress on an image's
row), ``call_log`` and ``traceback_log``; ``otlp`` for spans.
"""
