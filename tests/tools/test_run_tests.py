"""Which modules begin first is read off a report of an earlier run."""

from __future__ import annotations

from tools.run_tests import seconds_of_modules

REPORT = """<testsuites><testsuite name="pytest">
<testcase classname="tests.tools.test_run_tests" name="one" time="1.5"/>
<testcase classname="tests.tools.test_run_tests.TestClass" name="two" time="1.6"/>
<testcase classname="tests.state.test_mocks" name="three" time="9.4"/>
<testcase classname="tests.state.test_args" name="four" time="0.4"/>
</testsuite></testsuites>"""


def test_seconds_are_summed_for_each_module_the_longest_first_and_short_ones_left_out() -> None:
    assert list(seconds_of_modules(REPORT).items()) == [
        ("tests/state/test_mocks.py", 9),
        ("tests/tools/test_run_tests.py", 3),
    ]
