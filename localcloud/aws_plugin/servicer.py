"""The resource provider protocol: the engine's requests, answered from the declarations.

Decides how requests and answers look on the wire and how errors reach the engine. What is checked, changed and called
is decided in ``checking``, ``diffing`` and ``lifecycle``.

It stands on the generated protocol classes and not on ``pulumi.provider.experimental``: that server appends a
traceback to every error, cannot carry unknown values in answers, and takes 0.7 s longer to start.
"""

# The methods are named as in Pulumi's protocol.
# ruff: noqa: N802
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import grpc
from google.protobuf import any_pb2, empty_pb2

from localcloud.aws_plugin import catalogue, lifecycle, stubs
from localcloud.aws_plugin.checking import Naming, check_resource, check_values
from localcloud.aws_plugin.configuration import read_configuration
from localcloud.aws_plugin.diffing import Change, delete_before_replace, diff_resource
from localcloud.aws_plugin.errors import InitError, PluginError, describe
from localcloud.aws_plugin.session import Aws, Session
from localcloud.aws_plugin.wire import from_struct, has_unknown, to_struct

stubs.enter_packages()
pb = stubs.load("provider_pb2")
plugin_pb = stubs.load("plugin_pb2")
status_pb = stubs.load("status_pb2")
_grpc_stubs = stubs.load("provider_pb2_grpc")

_CONFIG_PREFIX: Final = "aws:config:"
_NAMING_MODES: Final = ("propose", "enforce", "disable")


class Servicer(_grpc_stubs.ResourceProviderServicer):
    """Answers the engine for one provider.

    Args:
        version: The version that this plugin stands in for.
        environment: The process's environment.
    """

    def __init__(self, version: str, environment: Mapping[str, str]) -> None:
        self._version = version
        self._environment = environment
        self._session = Session(read_configuration({}, environment))

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The plugin's version."""
        return plugin_pb.PluginInfo(version=self._version)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Nothing to do: this provider does not call the engine."""
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """End all waiting."""
        self._session.cancelled.set()
        return empty_pb2.Empty()

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A schema that names the package only: programs use the real SDK."""
        return pb.GetSchemaResponse(schema=f'{{"name": "aws", "version": "{self._version}"}}')

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Whether the configuration can be read; values that are not known yet are not looked at."""
        news = from_struct(request.news)
        known = {key: value for key, value in news.items() if not has_unknown(value)}
        try:
            read_configuration(known, self._environment)
        except PluginError as error:
            key, _, reason = str(error).partition(": ")
            return pb.CheckResponse(
                inputs=request.news, failures=[pb.CheckFailure(property=key, reason=reason or str(error))]
            )
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A changed configuration never replaces the provider: regions are inputs of the resources."""
        same = from_struct(request.olds) == from_struct(request.news)
        changes = pb.DiffResponse.DIFF_NONE if same else pb.DiffResponse.DIFF_SOME
        return pb.DiffResponse(changes=changes)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Take over the configuration and check the credentials once."""

        def configure() -> Any:
            raw = from_struct(request.args) or {
                key.removeprefix(_CONFIG_PREFIX): value for key, value in request.variables.items()
            }
            known = {key: value for key, value in raw.items() if not has_unknown(value)}
            self._session = Session(read_configuration(known, self._environment))
            self._session.validate()
            return pb.ConfigureResponse(
                acceptSecrets=False,
                supportsPreview=True,
                acceptResources=False,
                acceptOutputs=False,
                supports_autonaming_configuration=True,
            )

        return _answer(context, configure)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The full inputs of a resource, and what is wrong with them."""

        def check() -> Any:
            declared = catalogue.resource_type(_type_of(request.urn))
            region = self._session.region() if declared.regional else ""
            inputs, failures = check_resource(
                declared,
                from_struct(request.olds),
                from_struct(request.news),
                region=region,
                naming=_naming(request),
            )
            return pb.CheckResponse(inputs=to_struct(inputs), failures=_failures(failures))

        return _answer(context, check)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        """List the changes, and those that replace."""

        def diff() -> Any:
            declared = catalogue.resource_type(_type_of(request.urn))
            news = from_struct(request.news)
            wanted = lifecycle.all_tags(self._session, news) if declared.tagged else None
            changes = diff_resource(
                declared, from_struct(request.olds), news, ignored=request.ignoreChanges, all_tags=wanted
            )
            return _diff_response(changes, dbr=delete_before_replace(declared, news))

        return _answer(context, diff)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Make a resource, or say what of it would be known."""

        def create() -> Any:
            declared = catalogue.resource_type(_type_of(request.urn))
            inputs = from_struct(request.properties)
            if request.preview:
                return pb.CreateResponse(
                    properties=to_struct(lifecycle.preview_create(declared, self._session, inputs))
                )
            resource_id, state = lifecycle.create(declared, self._session, inputs, timeout_s=request.timeout)
            return pb.CreateResponse(id=resource_id, properties=to_struct(state))

        return _answer(context, create)

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A resource as it is; an answer without an id says that it is not there."""

        def read() -> Any:
            declared = catalogue.resource_type(_type_of(request.urn))
            found = lifecycle.read(
                declared,
                self._session,
                request.id,
                from_struct(request.properties),
                from_struct(request.inputs),
            )
            if found is None:
                return pb.ReadResponse()
            resource_id, state, inputs = found
            return pb.ReadResponse(id=resource_id, properties=to_struct(state), inputs=to_struct(inputs))

        return _answer(context, read)

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Bring a resource to its new inputs, or say what of it would be known."""

        def update() -> Any:
            declared = catalogue.resource_type(_type_of(request.urn))
            olds, news = from_struct(request.olds), from_struct(request.news)
            if request.preview:
                state = lifecycle.preview_update(declared, self._session, olds, news)
            else:
                state = lifecycle.update(declared, self._session, request.id, olds, news, timeout_s=request.timeout)
            return pb.UpdateResponse(properties=to_struct(state))

        return _answer(context, update)

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Remove a resource."""

        def delete() -> Any:
            declared = catalogue.resource_type(_type_of(request.urn))
            state = from_struct(request.properties)
            lifecycle.delete(declared, self._session, request.id, state, timeout_s=request.timeout)
            return empty_pb2.Empty()

        return _answer(context, delete)

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Answer a function."""

        def invoke() -> Any:
            declared = catalogue.function(request.tok)
            failures: list[tuple[str, str]] = []
            arguments = check_values(declared.properties(), from_struct(request.args), failures)
            if failures:
                return pb.InvokeResponse(failures=_failures(failures))
            region = arguments.get("region") or self._session.region()
            try:
                answer = declared.call(Aws(self._session, region), arguments)
            except Exception as error:
                raise PluginError(f"invoking {request.tok}: {describe(error)}") from error
            return pb.InvokeResponse(**{"return": to_struct(answer)})

        return _answer(context, invoke)

    def _not_offered(self, request: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "not offered by this stand-in of the AWS provider")
        raise AssertionError

    Handshake = Parameterize = GetMapping = GetMappings = Construct = Call = List = _not_offered


def _answer(context: grpc.ServicerContext, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except InitError as error:
        context.abort_with_status(_InitErrorStatus(error))
    except Exception as error:
        context.abort(grpc.StatusCode.UNKNOWN, describe(error))


class _InitErrorStatus(grpc.Status):
    """The status by which the engine learns of a resource that exists but is not usable."""

    def __init__(self, error: InitError) -> None:
        detail = any_pb2.Any()
        detail.Pack(
            pb.ErrorResourceInitFailed(
                id=error.resource_id,
                properties=to_struct(error.state),
                reasons=[str(error)],
                inputs=to_struct(error.inputs),
            )
        )
        self.code = grpc.StatusCode.UNKNOWN
        self.details = str(error)
        status = status_pb.Status(code=self.code.value[0], message=self.details, details=[detail])
        self.trailing_metadata = (("grpc-status-details-bin", status.SerializeToString()),)


def _type_of(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _naming(request: Any) -> Naming:
    asked = request.autonaming if request.HasField("autonaming") else None
    return Naming(
        logical_name=request.urn.split("::", 3)[3],
        seed=request.randomSeed,
        proposed=asked.proposed_name if asked else "",
        mode=_NAMING_MODES[asked.mode] if asked else "propose",
    )


def _failures(failures: list[tuple[str, str]]) -> list[Any]:
    return [pb.CheckFailure(property=path, reason=reason) for path, reason in failures]


def _diff_response(changes: list[Change], *, dbr: bool) -> Any:
    replaces = sorted({change.name for change in changes if change.replaces})
    kinds = pb.PropertyDiff.Kind
    return pb.DiffResponse(
        changes=pb.DiffResponse.DIFF_SOME if changes else pb.DiffResponse.DIFF_NONE,
        replaces=replaces,
        deleteBeforeReplace=bool(replaces) and dbr,
        diffs=sorted({change.name for change in changes}),
        detailedDiff={
            change.path: pb.PropertyDiff(
                kind=kinds.Value(f"{change.kind}{'_replace' if change.replaces else ''}".upper())
            )
            for change in changes
        },
        hasDetailedDiff=True,
    )
