"""The words in which a resource type and a function are declared.

A module under ``types`` declares one ``ResourceType``: its inputs, its outputs and four functions that call AWS.
Everything else (checking, naming, defaults, diffs, previews, state) follows from the declaration and is done once, in
``checking``, ``diffing`` and ``lifecycle``. Names are Pulumi's, in the camel case of the wire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from localcloud.aws_plugin.session import Aws

Kind = Literal["string", "integer", "number", "boolean", "json", "map", "list", "set", "object"]
Values = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Property:
    """One input property.

    Attributes:
        kind: ``json`` is a policy: a JSON string, or the same as an object. ``map``, ``list`` and ``set`` hold
            ``items``; a set is a list whose order means nothing.
        required: Check fails without it.
        default: What Check puts there when it is absent.
        computed: AWS chooses a value when it is absent, so its absence is never a change.
        replaces: A change makes a new resource.
        write_only: AWS never gives it back; the state holds what the program said.
        choices: The only values allowed.
        pattern: A regular expression that the whole string must match.
        minimum: Smallest number, or shortest string or list.
        maximum: Largest number, or longest string or list.
        items: What a map, list or set holds; strings when it is not given.
        fields: What an object holds.
        canonical: Converts a string to a form that is equal for equal meanings; for JSON that is not a policy.
    """

    kind: Kind = "string"
    required: bool = False
    default: Any = None
    computed: bool = False
    replaces: bool = False
    write_only: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""
    minimum: int | None = None
    maximum: int | None = None
    items: Property | None = None
    fields: Mapping[str, Property] = field(default_factory=dict)
    canonical: Callable[[Any], Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Autoname:
    """How a resource gets its name when the program gives none (pulumi-aws, ``provider/autonaming.go``)."""

    property: str = "name"
    maximum: int = 255
    lower_case: bool = False


class Create(Protocol):
    """A type's function of this name."""

    def __call__(self, aws: Aws, inputs: Values, /) -> str:
        """Makes the resource and returns its id. ``inputs`` are checked; ``tagsAll`` is among them."""
        ...


class Read(Protocol):
    """A type's function of this name."""

    def __call__(self, aws: Aws, resource_id: str, prior: Values, /) -> Values | None:
        """Asks AWS for all inputs and outputs; ``None`` when the resource is not there. ``prior`` is what was known."""
        ...


class Update(Protocol):
    """A type's function of this name."""

    def __call__(self, aws: Aws, resource_id: str, old: Values, new: Values, changed: set[str], /) -> None:
        """Brings the resource to ``new``; ``changed`` names the top-level properties that differ."""
        ...


class Delete(Protocol):
    """A type's function of this name."""

    def __call__(self, aws: Aws, resource_id: str, state: Values, /) -> None:
        """Remove the resource; if it does not exist any more, that is fine."""
        ...


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One Pulumi resource type.

    Attributes:
        token: ``aws:<module>/<resource>:<Resource>``.
        inputs: Input properties by name, without ``region`` and ``tags``, which ``regional`` and ``tagged`` add.
        outputs: Names of the properties that only AWS sets.
        unsupported: Properties of the real type that this stand-in refuses, by name.
        missing_codes: AWS's error codes that mean "not there".
        settle: Given id and wanted inputs: waits after a create or update until the resource is usable; raises
            ``PluginError`` when it fails.
        unsettled: Given old state, new inputs and the changed names: outputs that are not known before the update.
        validate: Given checked inputs (values may be unknown): pairs of property path and reason of what is wrong.
        delete_before_replace: The old one goes first whenever it is replaced.
    """

    token: str
    inputs: Mapping[str, Property]
    outputs: tuple[str, ...]
    create: Create
    read: Read
    delete: Delete
    update: Update | None = None
    autoname: Autoname | None = None
    regional: bool = True
    tagged: bool = False
    unsupported: frozenset[str] = frozenset()
    missing_codes: frozenset[str] = frozenset()
    settle: Callable[[Aws, str, Values], None] | None = None
    unsettled: Callable[[Values, Values, set[str]], set[str]] | None = None
    validate: Callable[[Values], list[tuple[str, str]]] | None = None
    delete_before_replace: bool = False

    def properties(self) -> dict[str, Property]:
        """All input properties, with ``region`` and ``tags`` where the type has them."""
        properties = dict(self.inputs)
        if self.regional:
            properties["region"] = Property(computed=True, replaces=True)
        if self.tagged:
            properties["tags"] = Property(kind="map")
        return properties

    def output_names(self) -> tuple[str, ...]:
        """All output-only properties, with ``tagsAll`` where the type has tags."""
        return (*self.outputs, "tagsAll") if self.tagged else self.outputs


@dataclass(frozen=True, kw_only=True)
class Function:
    """One Pulumi function (an invoke): its arguments, and what answers them."""

    token: str
    arguments: Mapping[str, Property]
    call: Callable[[Aws, Values], Values]
    regional: bool = True

    def properties(self) -> dict[str, Property]:
        """All arguments, with ``region`` where the function has it."""
        region = {"region": Property(computed=True)} if self.regional else {}
        return {**self.arguments, **region}
