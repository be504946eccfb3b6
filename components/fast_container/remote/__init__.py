"""The code that runs inside a remote build: the same pipeline as on a laptop, with only boto3 and buildx installed.

Decides how a machine of CodeBuild gets from a plan to a verified tag. In reading order: ``launcher`` (the bundle's
first lines: fetches this library, checks it, starts it), ``main`` (one remote build, from its plan to the tags of its
images), ``machine`` (what these images share), ``sources`` (fetches them while BuildKit starts), ``chunks`` (puts the
contexts together from their chunks and checks each entry), ``builder`` (makes the one BuildKit of that machine),
``phases`` (when each of these began and ended).

Leaves the order of publishing to ``build``, the plan's format to ``core.remote``, and starting and following builds
to ``adapters.codebuild``.
"""
