"""Missing build secrets: BuildKit builds without them and says nothing, and the image would get its key tag.

Decides what is refused: an id that a reachable stage mounts and that is not given, unless the mount itself says
``required=false`` or the declaration calls it optional; an SSH agent, which a build here never has; an empty value,
which is what an unset variable of CI looks like. Leaves where values come from to the declaration.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from fast_container.core.dockerfile import SecretMount
from fast_container.core.spelling import nearest
from fast_container.errors import ArgsError, bracketed


def check_mounts(
    mounts: Iterable[SecretMount], given: Collection[str], optional: Collection[str] | None, dockerfile: str
) -> None:
    """Refuse a mount without a secret.

    Args:
        mounts: Of the reachable stages.
        given: Ids of the secrets that are declared.
        optional: Ids that may be absent; None: all of them.
        dockerfile: The file's name in the message.

    Raises:
        ArgsError: With the line of the mount.
    """
    if optional is None:
        return
    mounted = list(mounts)
    for mount in mounted:
        if mount.may_be_absent or (mount.kind == "secret" and (mount.id in given or mount.id in optional)):
            continue
        if mount.kind == "ssh":
            raise _no_agent(mount, dockerfile)
        if not mount.id:
            if given or optional:
                continue  # It may be one of those.
            raise _none_given(mount, dockerfile)
        spare = [name for name in given if name not in {one.id for one in mounted}]
        raise _not_given(mount, nearest(mount.id, spare), dockerfile)


def unmounted(mounts: Iterable[SecretMount], given: Collection[str]) -> dict[str, str]:
    """Id → line, for each secret that no reachable stage mounts; empty if the id of a mount is unknown."""
    ids = {mount.id for mount in mounts if mount.kind == "secret"}
    if "" in ids:
        return {}
    return {name: _spare_line(nearest(name, ids)) for name in sorted({*given} - ids)}


def unasked(mounts: Iterable[SecretMount], given: Collection[str], optional: Collection[str] | None) -> tuple[str, ...]:
    """Return one line for each mounted secret when no secrets were asked for: the key is without their ids."""
    if optional is not None:
        return ()
    ids = {mount.id for mount in mounts if mount.kind == "secret"} - {"", *given}
    return tuple(f"the build secret {id_!r} is mounted: --secret {id_} gives the key with it" for id_ in sorted(ids))


def check_value(secret: str, value: bytes | str, property_path: str = "") -> None:
    """Refuse an empty value, or one of blanks and line ends only.

    Raises:
        ArgsError: It is empty.
    """
    if not value.strip():
        raise ArgsError(
            f"The value of the build secret {secret!r} is empty.",
            property_path=property_path or f"secrets{bracketed(secret)}",
            why="a build would run without it and count as correct",
            next_step="Set the variable or configuration that it comes from; where it may be absent, do not give it"
            " and name it in `optional_secrets=`.",
        )


def check_values(values: Mapping[str, bytes]) -> None:
    """Check all secrets of a build.

    Raises:
        ArgsError: One is empty.
    """
    for secret, value in values.items():
        check_value(secret, value)


def _not_given(mount: SecretMount, near: str, dockerfile: str) -> ArgsError:
    hint = f"Did you mean {near!r}, which no stage mounts? " if near else ""
    return ArgsError(
        f"The build secret {mount.id!r} is not given.",
        property_path=f"secrets{bracketed(mount.id)}",
        why=f"{dockerfile}:{mount.line} mounts it, and a build without it would count as correct",
        next_step=f'{hint}Give `secrets={{"{mount.id}": …}}`; if it may be absent, write `required=false` at the mount'
        f' or `optional_secrets=["{mount.id}"]`.',
    )


def _none_given(mount: SecretMount, dockerfile: str) -> ArgsError:
    return ArgsError(
        "A build secret is mounted, but none is given.",
        property_path="secrets",
        why=f"{dockerfile}:{mount.line} mounts one whose id depends on the base image's environment; a build without"
        " it would count as correct",
        next_step="Give it in `secrets=`, or name it in `optional_secrets=`; write its id out in the Dockerfile.",
    )


def _no_agent(mount: SecretMount, dockerfile: str) -> ArgsError:
    return ArgsError(
        "There is no SSH agent in a build.",
        property_path=f"{dockerfile}:{mount.line}",
        why="the Dockerfile mounts one with type=ssh, and a build without it would count as correct",
        next_step="Give a key as a secret: `--mount=type=secret,id=key,target=/root/.ssh/id_ed25519` and"
        ' `secrets={"key": SecretFile("~/.ssh/id_ed25519")}`; if it may be absent, say `required=false` at the mount.',
    )


def _spare_line(near: str) -> str:
    return f"no stage that is built mounts this secret{f'; did you mean {near!r}?' if near else ''}"
