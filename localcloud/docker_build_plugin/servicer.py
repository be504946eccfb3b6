"""The resource provider protocol for one type, as the real provider answers it.

Decides that every change is an update and never a replacement, and that a preview builds nothing (the real one builds
nothing in a preview either when it pushes).
"""

# The methods are named as in Pulumi's protocol.
# ruff: noqa: N802
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import grpc
from google.protobuf import empty_pb2

from localcloud.aws_plugin import stubs
from localcloud.aws_plugin.errors import PluginError
from localcloud.aws_plugin.wire import from_struct, to_struct
from localcloud.docker_build_plugin import arguments, image

stubs.enter_packages()
pb = stubs.load("provider_pb2")
plugin_pb = stubs.load("plugin_pb2")
_grpc_stubs = stubs.load("provider_pb2_grpc")

_TYPE: Final = "docker-build:index:Image"


class Servicer(_grpc_stubs.ResourceProviderServicer):
    """Answers the engine.

    Args:
        version: The version that this plugin stands in for.
        environment: The process's environment.
    """

    def __init__(self, version: str, environment: Mapping[str, str]) -> None:
        self._version = version
        self._environment = image.environment_of(environment)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The plugin's version."""
        return plugin_pb.PluginInfo(version=self._version)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Nothing to do."""
        return empty_pb2.Empty()

    Cancel = Attach

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Any configuration is taken."""
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """No configuration matters."""
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Nothing to do."""
        return pb.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Report what is wrong with the inputs."""

        def check() -> Any:
            kind = request.urn.split("::")[2].rsplit("$", 1)[-1]
            if kind != _TYPE:
                raise PluginError(f"the resource type {kind} is not supported by this stand-in; {_TYPE} is")
            found = arguments.failures(from_struct(request.news))
            failures = [pb.CheckFailure(property=path, reason=reason) for path, reason in found]
            return pb.CheckResponse(inputs=request.news, failures=failures)

        return _answer(context, check)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        """List the changes; none replaces."""

        def diff() -> Any:
            found = arguments.changed(from_struct(request.olds), from_struct(request.news))
            changes = pb.DiffResponse.DIFF_SOME if found else pb.DiffResponse.DIFF_NONE
            return pb.DiffResponse(changes=changes, diffs=found)

        return _answer(context, diff)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Build and push."""

        def create() -> Any:
            if request.preview:
                return pb.CreateResponse(properties=request.properties)
            state = image.build(from_struct(request.properties), self._environment)
            return pb.CreateResponse(id=state["digest"], properties=to_struct(state))

        return _answer(context, create)

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Build and push again; the image before stays in the registry."""

        def update() -> Any:
            if request.preview:
                return pb.UpdateResponse(properties=request.news)
            return pb.UpdateResponse(properties=to_struct(image.build(from_struct(request.news), self._environment)))

        return _answer(context, update)

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Delete the manifest from the registry, even if it is still in use."""

        def delete() -> Any:
            image.delete(from_struct(request.properties))
            return empty_pb2.Empty()

        return _answer(context, delete)

    def _not_offered(self, request: Any, context: grpc.ServicerContext) -> NoReturn:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "not offered by this stand-in of the docker-build provider")
        raise AssertionError

    Handshake = Parameterize = GetSchema = GetMapping = GetMappings = Construct = Call = Invoke = Read = List = (
        _not_offered
    )


def _answer(context: grpc.ServicerContext, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (PluginError, OSError) as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))
