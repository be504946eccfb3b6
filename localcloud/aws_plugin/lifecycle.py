"""Create, read, update, delete and their previews, for any declared type.

Decides what the state holds, what is known in a preview, and how refresh and import look at inputs. The calls to AWS
are the type's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from localcloud.aws_plugin.checking import DEFAULTS
from localcloud.aws_plugin.diffing import compare, diff_resource, is_empty, same
from localcloud.aws_plugin.errors import InitError, PluginError, describe, error_code
from localcloud.aws_plugin.schema import ResourceType, Values
from localcloud.aws_plugin.session import Aws, Session
from localcloud.aws_plugin.wire import UNKNOWN, has_unknown

_DEFAULT_TIMEOUT_S: Final = 600.0


def all_tags(session: Session, inputs: Mapping[str, Any]) -> Any:
    """A resource's own tags over the provider's default tags; unknown when its own are."""
    own = inputs.get("tags") or {}
    if own is UNKNOWN:
        return UNKNOWN
    return {**session.configuration.default_tags, **own}


def preview_create(declared: ResourceType, session: Session, inputs: Values) -> Values:
    """Return what is known of a resource before it is made: its inputs; everything else is unknown."""
    state = _plain(inputs)
    for name, prop in declared.properties().items():
        if prop.computed and name not in state:
            state[name] = UNKNOWN
    state.update(dict.fromkeys(declared.outputs, UNKNOWN))
    if declared.tagged:
        state["tagsAll"] = all_tags(session, inputs)
    return state


def create(declared: ResourceType, session: Session, inputs: Values, *, timeout_s: float) -> tuple[str, Values]:
    """Make a resource; return its id and its state.

    Raises:
        PluginError: AWS refused.
        InitError: It was made, but did not become usable.
    """
    aws = _aws(declared, session, inputs, timeout_s)
    what = f"creating {_label(declared, inputs)}"
    wanted = _plain(inputs)
    if declared.tagged:
        wanted["tagsAll"] = all_tags(session, inputs)
    with _telling(what):
        resource_id = declared.create(aws, wanted)
    try:
        with _telling(what):
            if declared.settle is not None:
                declared.settle(aws, resource_id, wanted)
            found = declared.read(aws, resource_id, wanted)
            if found is None:
                raise PluginError("it was made, but AWS does not show it")
    except PluginError as error:
        known = _what_is_there(declared, session, aws, resource_id, wanted)
        raise InitError(str(error), resource_id=resource_id, state=known, inputs=inputs) from None
    return resource_id, _state(declared, session, found, wanted)


def _what_is_there(declared: ResourceType, session: Session, aws: Aws, resource_id: str, wanted: Values) -> Values:
    """The state of a resource that did not become usable, as far as AWS shows it."""
    try:
        found = declared.read(aws, resource_id, wanted)
    except Exception:
        found = None
    return wanted if found is None else _state(declared, session, found, wanted)


def read(
    declared: ResourceType, session: Session, resource_id: str, state: Values, inputs: Values
) -> tuple[str, Values, Values] | None:
    """Read a resource as AWS has it now: its id, state and inputs; ``None`` if it does not exist.

    With neither state nor inputs it is an import: the id may end in ``@<region>``, and all inputs that AWS shows and
    that are not defaults become inputs.
    """
    region = state.get("region") or inputs.get("region")
    if declared.regional and not region and "@" in resource_id:
        resource_id, region = resource_id.rsplit("@", 1)
    prior = {**_plain(inputs), **_plain(state)}
    if declared.regional:
        prior["region"] = region or session.region()
    aws = _aws(declared, session, prior, _DEFAULT_TIMEOUT_S)
    with _telling(f"reading {declared.token} {resource_id}"):
        try:
            found = declared.read(aws, resource_id, prior)
        except Exception as error:
            if error_code(error) not in declared.missing_codes:
                raise
            found = None
    if found is None:
        return None
    present = _state(declared, session, found, prior)
    return resource_id, present, _inputs_of(declared, present, inputs)


def preview_update(declared: ResourceType, session: Session, state: Values, news: Values) -> Values:
    """Return what is known before an update: the new inputs, and the outputs that the update leaves alone."""
    changed = _changed(declared, session, state, news)
    after = _merged(declared, session, state, news)
    if declared.unsettled is not None:
        after.update(dict.fromkeys(declared.unsettled(state, news, changed), UNKNOWN))
    return after


def update(
    declared: ResourceType, session: Session, resource_id: str, state: Values, news: Values, *, timeout_s: float
) -> Values:
    """Bring a resource to its new inputs; its state afterwards.

    Raises:
        PluginError: AWS refused, or the type cannot be updated.
    """
    aws = _aws(declared, session, news, timeout_s)
    changed = _changed(declared, session, state, news)
    wanted = _plain(news)
    if declared.tagged:
        wanted["tagsAll"] = all_tags(session, news)
        if wanted["tagsAll"] != (state.get("tagsAll") or {}):
            changed.add("tagsAll")
    with _telling(f"updating {_label(declared, news)}"):
        if declared.update is not None:
            declared.update(aws, resource_id, state, wanted, changed)
        elif any(not prop.write_only for name, prop in declared.properties().items() if name in changed):
            raise PluginError("this type cannot be updated")
        if declared.settle is not None:
            declared.settle(aws, resource_id, wanted)
        found = declared.read(aws, resource_id, wanted)
        if found is None:
            raise PluginError("it is not there any more")
    return _state(declared, session, found, _merged(declared, session, state, news))


def delete(declared: ResourceType, session: Session, resource_id: str, state: Values, *, timeout_s: float) -> None:
    """Remove a resource; one that is not there any more is fine.

    Raises:
        PluginError: AWS refused.
    """
    aws = _aws(declared, session, state, timeout_s)
    with _telling(f"deleting {_label(declared, state, resource_id)}"):
        try:
            declared.delete(aws, resource_id, state)
        except Exception as error:
            if error_code(error) not in declared.missing_codes:
                raise


def _aws(declared: ResourceType, session: Session, values: Values, timeout_s: float) -> Aws:
    region = values.get("region") if declared.regional else None
    return Aws(session, region or session.region(), timeout_s=timeout_s or _DEFAULT_TIMEOUT_S)


def _label(declared: ResourceType, values: Values, resource_id: str = "") -> str:
    name = values.get(declared.autoname.property) if declared.autoname else None
    return f"{declared.token} {name or resource_id}".rstrip()


@contextmanager
def _telling(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise PluginError(f"{what}: {describe(error)}") from error


def _plain(values: Values) -> Values:
    return {key: value for key, value in values.items() if not key.startswith("__")}


def _changed(declared: ResourceType, session: Session, state: Values, news: Values) -> set[str]:
    wanted = all_tags(session, news) if declared.tagged else None
    return {change.name for change in diff_resource(declared, state, news, all_tags=wanted)}


def _merged(declared: ResourceType, session: Session, state: Values, news: Values) -> Values:
    properties = declared.properties()
    kept = {
        name: value
        for name, value in _plain(state).items()
        if name not in properties or properties[name].computed or name in news
    }
    merged = {**kept, **_plain(news)}
    for name, prop in properties.items():
        # What AWS filled into a block that the program gives in part stays known.
        if prop.kind == "object" and name in kept and not has_unknown(merged.get(name)):
            merged[name] = kept[name] if not compare(prop, kept[name], merged[name], name) else merged[name]
    if declared.tagged:
        merged["tagsAll"] = all_tags(session, news)
    return merged


def _state(declared: ResourceType, session: Session, found: Values, prior: Values) -> Values:
    """Build the state from AWS's answer, in the program's own words where they mean the same."""
    properties = declared.properties()
    state: Values = {}
    for name, prop in properties.items():
        value = prior.get(name) if prop.write_only else found.get(name)
        if not prop.write_only and name in prior and same(prop, value, prior[name]):
            value = prior[name]
        if prop.write_only and value is None:
            value = prop.default
        state[name] = value
    for name in declared.outputs:
        state[name] = found.get(name)
    if declared.regional:
        state["region"] = prior["region"]
    if declared.tagged:
        state["tags"], state["tagsAll"] = _tags(session, found.get("tagsAll") or {}, prior.get("tags") or {})
    return {name: value for name, value in state.items() if value is not None}


def _tags(session: Session, found: Values, own: Values) -> tuple[Values | None, Values]:
    present = {key: value for key, value in found.items() if not session.configuration.ignores_tag(key)}
    defaults = session.configuration.default_tags
    tags = {key: value for key, value in present.items() if key in own or defaults.get(key) != value}
    return tags or None, present


def _inputs_of(declared: ResourceType, state: Values, inputs: Values) -> Values:
    properties = declared.properties()
    if not inputs:
        return {
            name: state[name]
            for name, prop in properties.items()
            if name in state
            and not is_empty(state[name])
            and state[name] != prop.default
            and (not prop.computed or name == "region")
        }
    refreshed: Values = {DEFAULTS: inputs[DEFAULTS]} if DEFAULTS in inputs else {}
    for name, value in _plain(inputs).items():
        prop = properties.get(name)
        if prop is None or prop.write_only or not compare(prop, state.get(name), value, name):
            refreshed[name] = value
        elif name in state:
            refreshed[name] = state[name]
    return refreshed
