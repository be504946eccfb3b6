"""Python processes of the engine's tests that begin with the SDKs imported already.

An unchanged ``pulumi up`` takes a second of a processor, and half of that is Python that imports the same modules again
in the program's process, the dynamic provider's and the AWS plugin's. Here a server imports them once for a test
process, and forks for each of those. Decides which processes are forked, and how the fork becomes what a fresh
interpreter would be.

In reading order: ``command`` (what ``PULUMI_PYTHON_CMD`` names: a server and its script), ``starter`` (stands for the
forked process where a fresh one would stand), ``server`` (imports, forks, reports ends), ``child`` (turns the fork into
the interpreter that was asked for, or refuses).

A fork hides what a fresh interpreter would show: that a module is imported too early or not at all, the time that
imports take, another hash seed in each process, the process tree and its groups. What shows those, and tests about
interruption and crashes, is run by plain interpreters (``@pytest.mark.plain_python``); so are the demo and the
command line. The library knows nothing of this.
"""
