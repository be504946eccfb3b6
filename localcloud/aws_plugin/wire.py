"""Property values between Pulumi's protobuf form and plain Python.

Decides how unknowns, secrets and numbers look on either side. What a value means is decided by the schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import struct_pb2

# The marks of pulumi/sdk/go/common/resource/plugin/rpc.go and sig.go.
_UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWN_MARKS: Final = frozenset(
    {
        _UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_SIGNATURE_KEY: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


class Unknown:
    """A value that is not known yet (in a preview)."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()


class Asset:
    """A Pulumi asset or archive; no type of this plugin takes one."""


def from_value(value: struct_pb2.Value) -> Any:
    """The plain Python form of one value; secrets are unwrapped, unknowns are ``UNKNOWN``."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in _UNKNOWN_MARKS else text
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    if kind == "struct_value":
        return _from_struct_value(value.struct_value)
    return None


def _from_struct_value(struct: struct_pb2.Struct) -> Any:
    signature = struct.fields.get(_SIGNATURE_KEY)
    if signature is None:
        return from_struct(struct)
    if signature.string_value == _SECRET:
        return from_value(struct.fields["value"])
    if signature.string_value == _OUTPUT:
        return from_value(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    return Asset()


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The plain Python form of an object; members that are null are left out."""
    plain = {key: from_value(value) for key, value in struct.fields.items()}
    return {key: value for key, value in plain.items() if value is not None}


def to_value(value: Any) -> struct_pb2.Value:
    """The protobuf form of a plain value.

    Raises:
        TypeError: The value has no such form.
    """
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=_UNKNOWN_STRING)
    for kind, member in ((bool, "bool_value"), ((int, float), "number_value"), (str, "string_value")):
        if isinstance(value, kind):
            return struct_pb2.Value(**{member: value})
    if isinstance(value, (list, tuple)):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[to_value(item) for item in value]))
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=to_struct(value))
    raise TypeError(f"a {type(value).__name__} has no form on the wire")


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """The protobuf form of an object; members that are ``None`` are left out."""
    return struct_pb2.Struct(fields={key: to_value(value) for key, value in values.items() if value is not None})


def has_unknown(value: Any) -> bool:
    """Whether any part of a plain value is unknown."""
    if value is UNKNOWN:
        return True
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(has_unknown(item) for item in value)
    return False
