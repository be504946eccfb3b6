"""The values that a program writes and that ``core`` defines: a wrong call of one is one line, as for a component.

Decides that a missing or unknown field leaves a program as a ``pulumi.RunError``, which the engine prints without a
traceback; ``core`` itself does not know Pulumi. Leaves the values of a field to the argument that takes them.
"""

from __future__ import annotations

from fast_container.core.aws_access import AssumedRole, AwsAccess
from fast_container.core.declared import InlineDockerfile
from fast_container.core.registry_cache import RegistryCache
from fast_container.shapes import one_line_refusals

__all__ = ["AssumedRole", "AwsAccess", "InlineDockerfile", "RegistryCache"]

for _value in (AssumedRole, AwsAccess, InlineDockerfile, RegistryCache):
    one_line_refusals(_value)
