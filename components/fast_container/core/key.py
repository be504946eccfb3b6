"""The build key: the one definition of an image's identity.

Decides what counts and how it is encoded, so that another program could compute it:

* ``encode_value(x)`` is the decimal length of the bytes ``x``, a colon, and ``x``; a string is UTF-8 with surrogate
  escapes.
* A *part* is a pair (name, digest); its digest is SHA-256 over the encoded values of what it holds.
* The key is SHA-256 over the encoded values of ``"fast-container"``, of ``str(SCHEMA)`` and, for each part in the order
  of the names' bytes, of its name and of its digest in hex.

Leaves finding out what belongs to an image to ``core.dockerfile`` and ``core.select``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fast_container.core.entry import Entry

SCHEMA = 2
TAG_PATTERN = "key-[0-9a-f]{40}"
"""A regular expression for the tags that ``tag_of`` makes."""

_PART_DIGITS = 16
_PIN = re.compile("key-([0-9a-f]{64}|[0-9a-f]{40})|([0-9a-f]{64})", re.ASCII)


def encode_value(value: str | bytes) -> bytes:
    """Encode one value: its length, a colon, the value."""
    data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    return b"%d:%s" % (len(data), data)


def encoded_digest(values: Iterable[str | bytes]) -> str:
    """SHA-256 (hex) over the encoded values, in order."""
    digest = hashlib.sha256()
    for value in values:
        digest.update(encode_value(value))
    return digest.hexdigest()


def tag_of(key: str) -> str:
    """Return the tag that a verified image of a build key (64 hexadecimal digits) gets."""
    return f"key-{key[:40]}"


def digits_of(tag: str) -> str:
    """Return the digits of a key tag, or of the start of one; other strings as they are."""
    return tag.removeprefix("key-")


def is_key_tag(tag: str) -> bool:
    """Whether ``tag_of`` could have made a tag."""
    return re.fullmatch(TAG_PATTERN, tag, re.ASCII) is not None


@dataclass(frozen=True, slots=True)
class KeyPin:
    """An earlier build key at which a program holds an image.

    Attributes:
        hex: 64 hexadecimal digits, or the 40 that its tag has of them.
        name: The image that it was built as, where that is not the pinned one; ``""`` for the same.
    """

    hex: str
    name: str = ""

    @property
    def tag(self) -> str:
        """The tag of the key."""
        return tag_of(self.hex)

    def __str__(self) -> str:
        """The form that ``parse_pin`` reads."""
        return f"{self.name}:key-{self.hex}" if self.name else f"key-{self.hex}"


def parse_pin(text: str) -> KeyPin:
    """Read ``key-…`` with 40 or 64 digits, or the 64 digits alone; after ``NAME:`` where another image was built so.

    Raises:
        ValueError: It is something else.
    """
    name, _, key = text.rpartition(":")
    found = _PIN.fullmatch(key)
    if found is None or (":" in text and not name.strip()):
        raise ValueError(f"{text!r} is not a build key")
    return KeyPin(found[1] or found[2], name.strip())


def encode_entry(path: bytes, kind: str, mode: int, target: str, digest: str) -> bytes:
    """Encode an entry for a ``context_digest``: path, type, mode (octal), link target and digest."""
    if kind == "file":
        return encode_file(path, mode, digest.encode())
    text = target.encode("utf-8", "surrogateescape")
    return b"%d:%b%d:%b3:%o%d:%b%d:%b" % (
        len(path),
        path,
        len(kind),
        kind.encode(),
        mode,
        len(text),
        text,
        len(digest),
        digest.encode(),
    )


def encode_file(path: bytes, mode: int, digest: bytes) -> bytes:
    """Encode a file, by far the most frequent entry; the constant bytes are written out."""
    return b"%d:%b4:file3:%o0:%d:%b" % (len(path), path, mode, len(digest), digest)


def encode_directory(path: bytes) -> bytes:
    """Encode a directory."""
    return b"%d:%b3:dir3:7550:0:" % (len(path), path)


def entries_digest(entries: Iterable[Entry]) -> str:
    """Compute the ``context_digest``: path, type, mode, link target and content of entries, in byte order of paths."""
    ordered = sorted(entries, key=lambda e: e.path_bytes)
    encoded = [encode_entry(e.path_bytes, e.type, e.mode, e.target, e.digest) for e in ordered]
    return hashlib.sha256(b"".join(encoded)).hexdigest()


@dataclass(frozen=True, slots=True)
class BuildKey:
    """An image's identity.

    Attributes:
        hex: 64 hexadecimal digits.
        parts: Name → first 16 digits of the part's digest, for explaining what changed. Names are
            ``dockerfile``, ``platform``, ``target``, ``arg:NAME``, ``label:NAME``, ``context:NAME``,
            ``image:REFERENCE``, ``base:NAME``, ``secret:ID``, ``trigger:NAME``, ``option:NAME``;
            and, only for explaining, what ``build_key`` was given as ``explain``.
    """

    hex: str
    parts: Mapping[str, str] = field(default_factory=dict[str, str], compare=False)

    @property
    def tag(self) -> str:
        """The tag that a verified image of this key gets."""
        return tag_of(self.hex)


@dataclass(frozen=True, slots=True)
class KeyInputs:
    """Everything about an image that its key covers.

    Attributes:
        instructions: The canonical instructions of the stages that the target reaches, in order; or the raw Dockerfile
            bytes as the only element if the file was not understood.
        build_args: Only those that a reachable stage declares, without the volatile ones.
        contexts: Context name → its selected entries, or their ``entries_digest`` if it is known already.
        external_images: Reference as written → its pin (a digest, or the reference itself under ``as-written``).
        base_keys: Name of one of our own base images → its build key (64 hex).
        secret_ids: Ids only, never values.
        triggers: The caller's own parts; strings.
        options: The options of the build's steps that are not the default: name → values, joined by commas.
    """

    instructions: tuple[str | bytes, ...]
    platform: str
    target: str = ""
    build_args: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    contexts: Mapping[str, tuple[Entry, ...] | str] = field(default_factory=dict[str, tuple[Entry, ...] | str])
    external_images: Mapping[str, str] = field(default_factory=dict[str, str])
    base_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    secret_ids: tuple[str, ...] = ()
    triggers: Mapping[str, str] = field(default_factory=dict[str, str])
    options: Mapping[str, str] = field(default_factory=dict[str, str])


def build_key(inputs: KeyInputs, explain: Mapping[str, str] | None = None) -> BuildKey:
    """Compute the key; pure, the same on every machine.

    Args:
        inputs: Everything that counts.
        explain: Finer parts (name → digest in hex) that are kept beside the key's own to say what changed; they do not
            enter the key.
    """
    parts = {
        "dockerfile": encoded_digest(inputs.instructions),
        "platform": encoded_digest([inputs.platform]),
        "target": encoded_digest([inputs.target]),
    }
    parts |= {
        f"context:{name}": entries if isinstance(entries, str) else entries_digest(entries)
        for name, entries in inputs.contexts.items()
    }
    named: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("arg", inputs.build_args),
        ("label", inputs.labels),
        ("image", inputs.external_images),
        ("base", inputs.base_keys),
        ("trigger", inputs.triggers),
        ("option", inputs.options),
    )
    for kind, values in named:
        parts |= {f"{kind}:{name}": encoded_digest([name, value]) for name, value in values.items()}
    parts |= {f"secret:{secret}": encoded_digest([secret]) for secret in inputs.secret_ids}

    fields: list[str | bytes] = ["fast-container", str(SCHEMA)]
    for name in sorted(parts, key=lambda n: n.encode("utf-8", "surrogateescape")):
        fields += (name, parts[name])
    shown = parts | dict(explain or {})
    return BuildKey(encoded_digest(fields), {name: digest[:_PART_DIGITS] for name, digest in shown.items()})


def index_key(keys: Mapping[str, str]) -> BuildKey:
    """Compute the key of an image index: platform → build key of its image (64 hexadecimal digits)."""
    fields = ["fast-container-index", str(SCHEMA)]
    for platform in sorted(keys):
        fields += (platform, keys[platform])
    return BuildKey(
        encoded_digest(fields), {f"platform:{platform}": key[:_PART_DIGITS] for platform, key in keys.items()}
    )
