"""What comes into use between scan and deletion stays; where one reader is denied nothing goes; killed runs go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from fast_container.cleanup.deletion import Deletion, Outcome
from fast_container.cleanup.scan import scan
from fast_container.core.cleanup.stored import StoredImage
from fast_container.core.cleanup.uses import Use
from fast_container.core.cleanup.verdicts import Rules
from fast_container.errors import ArgsError, AuthError, RegistryError
from tests.core.cleanup.worlds import DAY_S, NOW, digest, key_tag

URL = "one.example/shop/a"
RULES = Rules(keep=0)


@dataclass
class Gone:
    gone: tuple[str, ...]
    kept: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


class FakeStore:
    """A repository in memory; it refuses to delete what an index lists."""

    url = URL

    def __init__(self, images: Iterable[StoredImage]) -> None:
        self.images = {one.digest: one for one in images}
        self.deleted: list[list[str]] = []

    def read(self) -> list[StoredImage]:
        return list(self.images.values())

    def look(self, images: Iterable[StoredImage]) -> dict[str, tuple[tuple[str, ...], float]]:
        there = [self.images[one.digest] for one in images if one.digest in self.images]
        return {one.digest: (one.tags, one.pushed) for one in there}

    def delete(self, images: Sequence[StoredImage]) -> Gone:
        answer = Gone(())
        for one in images:
            if any(one.digest in other.children for other in self.images.values()):
                answer.kept[one.digest] = "an index lists it"
            else:
                self.images.pop(one.digest, None)
                answer.gone = (*answer.gone, one.digest)
        self.deleted.append(list(answer.gone))
        return answer


class FakeReader:
    """Uses that change with each reading."""

    name = "lambda"

    def __init__(self, *rounds: list[Use] | Exception) -> None:
        self._rounds = list(rounds)

    def read(self) -> list[Use]:
        now = self._rounds.pop(0) if len(self._rounds) > 1 else self._rounds[0]
        if isinstance(now, Exception):
            raise now
        return now


def images(count: int, **fields: object) -> list[StoredImage]:
    made = [StoredImage(URL, digest(n), (key_tag(n),), NOW - (50 + n) * DAY_S) for n in range(1, count + 1)]
    return [replace(one, **fields) for one in made]  # type: ignore[arg-type]


def delete(store: FakeStore, reader: FakeReader, rules: Rules = RULES) -> Outcome:
    found = scan([store], [reader], rules, NOW)
    return Deletion(found, [store], [reader], rules, lambda: NOW).run(lambda _: None)


def test_what_nothing_uses_is_deleted_in_batches_and_again_is_nothing() -> None:
    store, reader = FakeStore(images(250)), FakeReader([Use(digest(7), "x")])
    assert len(delete(store, reader).deleted) == 249
    assert list(store.images) == [digest(7)]
    assert [len(batch) for batch in store.deleted] == [100, 100, 49]
    assert delete(store, reader).deleted == []


def test_what_came_into_use_after_the_scan_stays_with_all_that_it_keeps() -> None:
    all_of_them = images(3)
    all_of_them[0] = replace(all_of_them[0], layers=("a", "b"))
    all_of_them[1] = replace(all_of_them[1], layers=("a",))
    store = FakeStore(all_of_them)
    outcome = delete(store, FakeReader([], [Use(f"{URL}:{key_tag(1)}", "version 2 of function orders")]))
    assert sorted(store.images) == [digest(1), digest(2)]
    assert outcome.spared == {
        (URL, digest(1)): "version 2 of function orders",
        (URL, digest(2)): f"base image of {key_tag(1)}",
    }


def test_what_an_image_needs_that_was_pushed_and_deployed_after_the_scan_stays() -> None:
    base, other = replace(images(1)[0], layers=("a",)), images(2)[1]
    store, reader = FakeStore([base, other]), FakeReader([], [Use(f"{URL}@{digest(9)}", "service web")])
    found = scan([store], [reader], RULES, NOW)
    store.images[digest(9)] = StoredImage(URL, digest(9), (key_tag(9),), NOW, layers=("a", "b"))
    outcome = Deletion(found, [store], [reader], RULES, lambda: NOW).run(lambda _: None)
    assert sorted(store.images) == [digest(1), digest(9)]
    assert outcome.spared == {base.place: f"base image of {key_tag(9)}"}


def test_each_batch_is_checked_again() -> None:
    store = FakeStore(images(150))
    oldest_last = digest(1)
    outcome = delete(store, FakeReader([], [], [Use(oldest_last, "a late deployment")]))
    assert list(store.images) == [oldest_last]
    assert outcome.spared == {(URL, oldest_last): "a late deployment"}


def test_what_was_in_use_at_the_scan_stays_although_its_user_is_gone_meanwhile() -> None:
    store = FakeStore(images(2))
    delete(store, FakeReader([Use(digest(1), "version 1")], [Use("elsewhere", "x")]))
    assert list(store.images) == [digest(1)]


def test_an_image_whose_tags_changed_since_the_scan_stays() -> None:
    store, reader = FakeStore(images(2)), FakeReader([])
    found = scan([store], [reader], RULES, NOW)
    store.images[digest(1)] = replace(store.images[digest(1)], tags=("prod", key_tag(1)))
    outcome = Deletion(found, [store], [reader], RULES, lambda: NOW).run(lambda _: None)
    assert list(store.images) == [digest(1)]
    assert outcome.spared == {(URL, digest(1)): "its tags changed since the scan"}


def test_a_reader_that_is_denied_deletes_nothing_and_all_denials_are_named() -> None:
    store = FakeStore(images(2))
    denied = [AuthError(f"AWS denied {one}.", where="AWS", next_step=f"Allow {one}.") for one in ("a:X", "b:Y")]
    with pytest.raises(AuthError, match="so nothing is deleted") as caught:
        scan([store], [FakeReader(denied[0]), FakeReader([]), FakeReader(denied[1])], RULES, NOW)
    assert "a:X" in caught.value.why and "b:Y" in caught.value.why
    assert "--without" in caught.value.next_step
    assert len(store.images) == 2


def test_a_reader_that_is_denied_later_stops_the_deletion() -> None:
    store = FakeStore(images(150))
    with pytest.raises(AuthError, match="so nothing more is deleted"):
        delete(store, FakeReader([], [], AuthError("AWS denied lambda:ListFunctions.")))
    assert len(store.images) == 50


def test_a_reference_that_cannot_be_understood_deletes_nothing() -> None:
    store = FakeStore(images(2))
    with pytest.raises(RegistryError, match="cannot be understood"):
        delete(store, FakeReader([Use("${HOST}/shop/a:${TAG}", "task definition x")]))
    assert len(store.images) == 2


def test_a_bad_option_is_told_as_it_is() -> None:
    with pytest.raises(ArgsError, match="not a state"):
        scan([], [FakeReader(ArgsError("not a state.", property_path="--state"))], RULES, NOW)


def test_a_run_that_was_killed_after_any_batch_leaves_what_the_next_run_finishes() -> None:
    index = StoredImage(URL, digest(900), (), NOW - 99 * DAY_S, children=(digest(1),))

    class Killed(BaseException):
        pass

    def kill(_: Outcome) -> None:
        raise Killed

    store, reader = FakeStore([*images(230), index]), FakeReader([Use(digest(7), "x")])
    for _ in range(9):
        found = scan([store], [reader], RULES, NOW)
        with pytest.raises(Killed):
            Deletion(found, [store], [reader], RULES, lambda: NOW).run(kill)
        if len(store.images) == 1:
            break
    assert list(store.images) == [digest(7)]
