"""Fixes of Dockerfiles: which findings are mended, in which order, and that the result is sound.

Decides the order of fixes (where files are copied first, since later ones depend on it), that a finding which is waived
is left alone, and what a sound result is: it reads as before but for what the fix names, the findings are gone, and
there are no new ones. A fix that is not sound is not made. Leaves each fix to its module, and files to the caller.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from fast_container.checks.dockerfile.fixes.bytecode import fix_bytecode, fix_dates
from fast_container.checks.dockerfile.fixes.cache import fix_cache, fix_left_cache
from fast_container.checks.dockerfile.fixes.order import fix_order
from fast_container.checks.dockerfile.fixes.sound import is_sound
from fast_container.checks.dockerfile.fixes.source_text import Edits, SourceText, apply_fixes
from fast_container.checks.dockerfile.fixes.user import fix_user
from fast_container.checks.dockerfile.lint import lint_images, linted_image
from fast_container.checks.dockerfile.subject import LintedImage
from fast_container.checks.dockerfile.waivers import Waiver
from fast_container.checks.finding import Finding
from fast_container.core.declared import DeclaredImage, InlineDockerfile, read_declared
from fast_container.core.dockerfile.lines import parse_text
from fast_container.errors import ArgsError, DockerfileError

_Fixer = Callable[[LintedImage, Finding, SourceText], "Edits | str"]
_PASSES: Final[tuple[Mapping[str, _Fixer], ...]] = (
    {"FI001": fix_order},
    {"FI004": fix_cache, "FI012": fix_dates},
    {"FI005": fix_left_cache},
    {"FI011": fix_bytecode},
    {"FI014": fix_user},
)
_ROUNDS: Final = 30
_MOST_ALONE: Final = 20

FIXED_RULES: Final = frozenset(rule for of_pass in _PASSES for rule in of_pass) | {"FI009"}
"""Rules for which there is a fix."""


@dataclass(frozen=True, slots=True)
class FixableImage:
    """An image with what it takes to read its Dockerfile again.

    Attributes:
        image: As the rules get it.
        declared: Its declaration.
        dockerfile: Its Dockerfile's bytes.
    """

    image: LintedImage
    declared: DeclaredImage
    dockerfile: bytes

    def with_dockerfile(self, text: bytes) -> FixableImage | None:
        """The same image with another Dockerfile; None if that cannot be read."""
        as_text = InlineDockerfile(text.decode("utf-8", "surrogateescape"))
        try:
            _, reads = read_declared(replace(self.declared, dockerfile=as_text))
        except (ArgsError, DockerfileError):
            return None
        linted = linted_image(
            self.declared,
            text,
            reads,
            runs_on=self.image.runs_on,
            files=self.image.files,
            pins=self.image.pins,
        )
        return None if linted is None else replace(self, image=replace(linted, name=self.image.name), dockerfile=text)

    def without_folders(self, names: Iterable[str]) -> FixableImage:
        """The same image where folders are ignored."""
        left_out = frozenset(names)
        sizes = {path: size for path, size in self.image.files.sizes.items() if left_out.isdisjoint(path.split("/"))}
        return replace(self, image=replace(self.image, files=replace(self.image.files, sizes=sizes, memo={})))


@dataclass(slots=True)
class Fixed:
    """What became of one Dockerfile.

    Attributes:
        file: Its name.
        before: Its bytes.
        after: Its new bytes; the same if there is nothing to fix.
        images: The images as they are with it.
        rules: Rules of the findings that are gone.
        left: Findings that stay although their rule has a fix, each with the reason.
    """

    file: str
    before: bytes
    after: bytes
    images: list[FixableImage]
    rules: Counter[str] = field(default_factory=Counter[str])
    left: list[tuple[Finding, str]] = field(default_factory=list[tuple[Finding, str]])


def fix_dockerfile(images: Sequence[FixableImage], waivers: Sequence[Waiver], today: date | None) -> Fixed:
    """Fix one Dockerfile.

    Args:
        images: All images that are built from it.
        waivers: Beside those in the file.
        today: The day, for waivers that expire.
    """
    mended = _Mended(images, waivers, today)
    for _ in range(_ROUNDS):
        if not any([mended.run(of_pass) for of_pass in _PASSES]):
            break
    return mended.result()


class _Mended:
    """A Dockerfile that is being mended."""

    def __init__(self, images: Sequence[FixableImage], waivers: Sequence[Waiver], today: date | None) -> None:
        self._images = list(images)
        self._waivers = waivers
        self._today = today
        self._before = images[0].dockerfile
        self._found = self._first = self._lint(self._images)
        self._why: dict[tuple[str, int, str], str] = {}

    def run(self, of_pass: Mapping[str, _Fixer]) -> bool:
        """Make the fixes of one pass; whether there was one."""
        text = self._images[0].dockerfile.decode("utf-8", "surrogateescape")
        source = SourceText(text, parse_text(text.removeprefix("\ufeff")))
        fixes: list[tuple[Finding, Edits]] = []
        # From the end: source that moves past the last installation moves past the others too.
        for finding in reversed(self._found):
            fixer = of_pass.get(finding.rule)
            image = next((one.image for one in self._images if one.image.name == finding.image), None)
            if fixer is None or image is None or finding.file != image.file:
                continue
            edits = fixer(image, finding, source)
            if isinstance(edits, str):
                self._why[finding.rule, finding.line, finding.what] = edits
            elif edits:
                fixes.append((finding, edits))
        if not fixes:
            return False
        if self._try(text, [edits for _, edits in fixes]):
            return True
        alone = fixes[:_MOST_ALONE] if len(fixes) > 1 else []
        done = next((True for _, edits in alone if self._try(text, [edits])), False)
        for finding, _ in () if done else fixes:
            self._why[finding.rule, finding.line, finding.what] = "the change would not leave the rest as it is"
        return done

    def _try(self, text: str, fixes: Sequence[Edits]) -> bool:
        """Apply fixes if the result is sound."""
        changed, _ = apply_fixes(text, fixes)
        if changed == text:
            return False
        new = [one.with_dockerfile(changed.encode("utf-8", "surrogateescape")) for one in self._images]
        images = [one for one in new if one is not None]
        if len(images) < len(new):
            return False
        found = self._lint(images)
        if not _is_better(self._found, found):
            return False
        if not all(is_sound(one.image, other.image) for one, other in zip(self._images, images, strict=True)):
            return False
        self._images, self._found = images, found
        return True

    def _lint(self, images: Sequence[FixableImage]) -> list[Finding]:
        return lint_images([one.image for one in images], waivers=self._waivers, today=self._today)

    def result(self) -> Fixed:
        """Return the text and the findings as they are now."""
        first, last = Counter(one.rule for one in self._first), Counter(one.rule for one in self._found)
        left = [(one, why) for one in self._found if (why := self._why.get((one.rule, one.line, one.what))) is not None]
        return Fixed(
            self._images[0].image.file, self._before, self._images[0].dockerfile, self._images, first - last, left
        )


def _is_better(before: Sequence[Finding], after: Sequence[Finding]) -> bool:
    """Whether findings are gone and there are no others."""
    old, new = (Counter((one.rule, one.file, one.what) for one in found) for found in (before, after))
    return not new - old and len(after) < len(before)
