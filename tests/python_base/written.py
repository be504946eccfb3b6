"""What an installation is told, as tests compare it."""

from __future__ import annotations

from fast_container.python_base.dependencies import Dependencies


def requirements_text(found: Dependencies) -> str:
    """The requirements files of all steps, one after the other."""
    return "".join(step.text for step in found.steps)


def all_options(found: Dependencies) -> tuple[str, ...]:
    """Pip's options of all steps."""
    return tuple(dict.fromkeys(option for step in found.steps for option in step.options))
