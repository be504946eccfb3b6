"""Build secrets that are not there, and how a mount names its own."""

from __future__ import annotations

import pytest

from fast_container.core.build_secrets import check_mounts, check_value, unmounted
from fast_container.core.dockerfile import SecretMount
from fast_container.core.dockerfile.read import read_dockerfile
from fast_container.errors import ArgsError


def mounts(*texts: str, target: str = "", **build_args: str) -> tuple[SecretMount, ...]:
    """What a Dockerfile with those mounts, one a RUN, asks for."""
    lines = "".join(f"RUN --mount={text} true\n" for text in texts)
    last = "FROM busybox AS last\nRUN --mount=type=secret,id=late true\n"
    return read_dockerfile(
        f"FROM busybox AS first\nARG ID=own\n{lines}{last}".encode(),
        file="Dockerfile",
        target=target or "first",
        build_args=build_args,
    ).secrets


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("type=secret,id=a", "a"),
        ("type=secret,source=a", "a"),
        ("type=secret,src=a,target=/b", "a"),
        ("type=secret,target=/root/.netrc", ".netrc"),
        ("type=secret,dst=/x/y/", "y"),
        ("type=secret,id=a,env=A", "a"),
        ("type=SECRET,ID=a", "a"),
        ("type=secret,id=${ID}", "own"),
    ],
)
def test_a_mounts_secret_is_the_one_that_buildkit_asks_for(text: str, secret: str) -> None:
    (mount,) = mounts(text)
    assert (mount.id, mount.kind, mount.may_be_absent, mount.line) == (secret, "secret", False, 3)
    with pytest.raises(ArgsError) as refused:
        check_mounts([mount], ["other"], (), "app/Dockerfile")
    assert refused.value.property_path == f'secrets["{secret}"]'
    assert "app/Dockerfile:3" in refused.value.why
    check_mounts([mount], [secret], (), "Dockerfile")
    check_mounts([mount], [], (secret,), "Dockerfile")
    check_mounts([mount], [], None, "Dockerfile")


@pytest.mark.parametrize("value", ["false", "0", "False", "f"])
def test_only_the_mount_itself_may_say_that_its_secret_is_not_needed(value: str) -> None:
    check_mounts(mounts(f"type=secret,id=a,required={value}"), [], (), "Dockerfile")
    for said in ("", ",required", ",required=true", ",required=1"):
        with pytest.raises(ArgsError, match="'a' is not given"):
            check_mounts(mounts(f"type=secret,id=a{said}"), [], (), "Dockerfile")


def test_only_stages_that_are_built_count() -> None:
    asked = mounts("type=secret,id=a", target="last")
    assert [mount.id for mount in asked] == ["late"]


def test_a_build_arg_names_the_secret() -> None:
    check_mounts(mounts("type=secret,id=${ID}", ID="given"), ["given"], (), "Dockerfile")


def test_an_ssh_agent_is_never_there() -> None:
    with pytest.raises(ArgsError, match="no SSH agent") as refused:
        check_mounts(mounts("type=ssh"), ["default"], ("default",), "Dockerfile")
    assert refused.value.property_path == "Dockerfile:3"
    check_mounts(mounts("type=ssh,required=false"), [], (), "Dockerfile")


def test_a_misspelt_id_is_asked_about_from_both_sides() -> None:
    asked = mounts("type=secret,id=pip-token")
    with pytest.raises(ArgsError) as refused:
        check_mounts(asked, ["piptoken", "npm"], (), "Dockerfile")
    assert "Did you mean 'piptoken'" in refused.value.next_step
    lines = unmounted(asked, ["pip-token", "piptoken", "far"])
    assert list(lines) == ["far", "piptoken"]
    assert lines["piptoken"].endswith("did you mean 'pip-token'?")


def test_a_secret_of_an_image_that_mounts_none_is_spare() -> None:
    assert list(unmounted((), ["token"])) == ["token"]


def test_nothing_is_said_of_spare_ids_where_a_mounts_id_cannot_be_known() -> None:
    asked = read_dockerfile(
        b"FROM nobody/knows\nRUN --mount=type=secret,id=${FROM_THE_BASE} true\n", file="Dockerfile"
    ).secrets
    assert [mount.id for mount in asked] == [""]
    assert unmounted(asked, ["token"]) == {}
    check_mounts(asked, ["token"], (), "Dockerfile")


@pytest.mark.parametrize("value", ["", b"", " ", "\n", b"\r\n"])
def test_an_empty_value_is_no_secret(value: str | bytes) -> None:
    with pytest.raises(ArgsError, match="'token' is empty"):
        check_value("token", value)
    check_value("token", "x")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("type=secret,id=a,target=$HOME/.netrc", "a"),
        ("type=secret,target=${HOME}/.netrc", ".netrc"),
        ("type=secret,id=a,env=$NAME,required=true", "a"),
        ("type=secret,src=a,uid=$UID", "a"),
    ],
)
def test_a_mount_that_hangs_on_an_unknown_environment_still_asks_for_its_secret(text: str, secret: str) -> None:
    (mount,) = mounts(text)
    assert (mount.id, mount.may_be_absent) == (secret, False)
    with pytest.raises(ArgsError, match=f"{secret!r} is not given"):
        check_mounts([mount], ["other"], (), "Dockerfile")
    (free,) = mounts(f"{text.removesuffix(',required=true')},required=false")
    check_mounts([free], [], (), "Dockerfile")


def test_a_secret_of_unknown_id_is_refused_only_where_none_is_given_at_all() -> None:
    (mount,) = mounts("type=secret,id=$TOKEN,target=/t")
    assert mount.id == ""
    with pytest.raises(ArgsError, match="none is given"):
        check_mounts([mount], [], (), "Dockerfile")
    check_mounts([mount], ["any"], (), "Dockerfile")
    check_mounts([mount], [], ("any",), "Dockerfile")
    check_mounts(mounts("type=$KIND,id=x,target=/t"), [], (), "Dockerfile")
    with pytest.raises(ArgsError, match="no SSH agent"):
        check_mounts(mounts("type=ssh,target=$SOCK"), [], (), "Dockerfile")
