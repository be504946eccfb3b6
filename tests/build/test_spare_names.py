"""A name that a fleet gives all its images is worth a line only when none of them has it."""

from __future__ import annotations

from fast_container.build.spare_names import SpareNames
from tests.build.fakes import ListReporter


def test_a_shared_name_that_some_image_has_is_not_said() -> None:
    names, first, second = SpareNames(), ListReporter(), ListReporter()
    names.count({'build_args["A"]', 'build_args["B"]'}, {'build_args["A"]': "a", 'build_args["B"]': "b"}, first)
    names.count({'build_args["A"]', 'build_args["B"]'}, {'build_args["B"]': "b"}, second)
    names.say()
    names.say()  # a program that awaits each image in turn
    assert [*first.warnings, *second.warnings] == ['build_args["B"]: b']


def test_an_image_that_is_not_known_yet_may_have_the_name() -> None:
    names, reporter = SpareNames(), ListReporter()
    names.count({'build_args["A"]'}, {'build_args["A"]': "a"}, reporter)
    names.count({'build_args["A"]'}, {}, reporter)
    names.say()
    assert reporter.warnings == []


def test_a_secret_that_images_share_is_said_only_when_none_of_them_mounts_it() -> None:
    names, mounting, other = SpareNames(), ListReporter(), ListReporter()
    names.count({'secrets["token"]', 'secrets["tokn"]'}, {'secrets["tokn"]': "no"}, mounting)
    names.count({'secrets["token"]'}, {'secrets["token"]': "no"}, other)
    names.say()
    assert (mounting.warnings, other.warnings) == (['secrets["tokn"]: no'], [])
