"""The unit tests that a user of the library would write, with Pulumi's mocks; run by ``test_mocks`` as a program.

Usage: ``unit_tests_of_a_user.py preview|up``, in a folder that has ``api/Dockerfile``.
"""

import sys
import unittest
from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from fast_container import CodeBuildBuilder, FastContainerImage, ImageRepository, LocalBuilder

URL = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/images"


def refuse(event: str, args: tuple[object, ...]) -> None:
    """Whatever reaches outside ends the test."""
    if event in {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.posix_spawn", "os.exec", "os.system"}:
        raise AssertionError(f"a unit test reached outside: {event} {args}")


class Mocks(pulumi.runtime.Mocks):
    """As in Pulumi's documentation of unit tests: inputs come back as outputs."""

    made: ClassVar[dict[str, dict[str, Any]]] = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ == "aws:ecr/repository:Repository":
            outputs |= {"repositoryUrl": URL, "arn": "arn:aws:ecr:eu-west-1:123456789012:repository/shop/images"}
            outputs |= {"registryId": "123456789012"}
        self.made[args.name] = outputs
        return f"{args.name}-id", outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return {}


class ProgramTest(unittest.TestCase):
    @pulumi.runtime.test
    def test_the_function_runs_the_image(self) -> pulumi.Output[None]:
        images = ImageRepository("images", name="shop/images")
        image = FastContainerImage(
            "api", repository=images, context="api", runs_on="lambda", builder=LocalBuilder(max_parallel=1)
        )
        function = aws.lambda_.Function(
            "api", package_type="Image", image_uri=image.image_uri, role="arn:aws:iam::123456789012:role/api"
        )

        def check(found: list[str]) -> None:
            image_uri, tag, build_key, tagged_uri, deployed = found
            self.assertEqual(tag, f"key-{build_key[:40]}")
            self.assertEqual(tagged_uri, f"{URL}:{tag}")
            self.assertTrue(image_uri.startswith(URL))
            self.assertEqual(deployed, image_uri)
            self.assertEqual(Mocks.made["images-repository"]["imageTagMutability"], "IMMUTABLE")
            self.assertEqual(Mocks.made["api-build"]["build_key"], build_key)

        outputs = (image.image_uri, image.tag, image.build_key, image.tagged_uri, function.image_uri)
        return pulumi.Output.all(*outputs).apply(check)

    @pulumi.runtime.test
    def test_an_image_of_codebuild_is_known_though_the_mocks_say_no_arns(self) -> pulumi.Output[None]:
        images = ImageRepository("remote", name="shop/images")
        builder = CodeBuildBuilder("builds")
        image = FastContainerImage("remote", repository=images, context="api", builder=builder)
        return image.image_uri.apply(lambda uri: self.assertTrue(uri.startswith(URL)))

    @pulumi.runtime.test
    def test_a_wrong_argument_is_refused(self) -> None:
        with self.assertRaisesRegex(pulumi.RunError, "where: context"):
            FastContainerImage("wrong", repository=URL, context="nowhere")


if __name__ == "__main__":
    pulumi.runtime.set_mocks(Mocks(), project="shop", stack="test", preview=sys.argv.pop() == "preview")
    sys.addaudithook(refuse)
    unittest.main()
