"""Lines of a Dockerfile begin and end where BuildKit's parser lets them."""

from __future__ import annotations

import pytest

from fast_container.core.dockerfile.lines import find_syntax, parse_file, read_heredoc
from fast_container.core.dockerfile.model import RefusedError
from fast_container.core.dockerfile.read import read_dockerfile
from fast_container.core.dockerfile.split_line import read_line
from fast_container.errors import DockerfileError


def originals(text: str) -> list[str]:
    return [node.original for node in parse_file(text.encode("utf-8", "surrogateescape")).nodes]


def refused(text: bytes) -> DockerfileError:
    with pytest.raises(DockerfileError) as caught:
        read_dockerfile(text, file="Dockerfile")
    return caught.value


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("FROM a\nRUN b \\\n c\n", ["FROM a", "RUN b  c"]),
        ("RUN a \\   \n b\n", ["RUN a  b"]),
        ("RUN a \\\n# c\n  # d\n\n b\n", ["RUN a  b"]),
        ("RUN a \\\\\nRUN b\n", ["RUN a \\\\", "RUN b"]),
        ("RUN a \\\r\n b\r\n", ["RUN a  b"]),
        ("  RUN a\n", ["RUN a"]),
        ("RUN a \\\n", ["RUN a "]),
        ("RUN a # b\n", ["RUN a # b"]),
        ("\ufeffRUN a\n", ["RUN a"]),
        ("# escape=`\nRUN a `\n b\\\n", ["RUN a  b\\"]),
    ],
)
def test_lines_are_joined_as_buildkit_joins_them(text: str, lines: list[str]) -> None:
    assert originals(text) == lines


@pytest.mark.parametrize("text", ["# c\n# escape=`\nRUN a\n", "\n# escape=`\nRUN a\n", "# me=1\n# escape=`\nRUN a\n"])
def test_a_directive_behind_something_else_is_a_comment(text: str) -> None:
    assert parse_file(text.encode()).escape == "\\"


def test_directives_may_follow_each_other_in_any_case_and_spacing() -> None:
    parsed = parse_file(b"#ESCAPE = `\n  # check=skip=all\nRUN a\n")
    assert (parsed.escape, parsed.directives["check"]) == ("`", "skip=all")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"# escape=x\nFROM a\n", 1),
        (b"# escape=`\n# escape=`\nFROM a\n", 2),
        (b"FROM a\nFOO b\n", 2),
        (b"FROM a\nFROM a b c d\n", 2),
        (b"FROM a AS 1b\n", 1),
        (b"RUN x\nFROM a\n", 1),
        (b"FROM a\nENV A\n", 2),
        (b"FROM a\nENV A=1 B\n", 2),
        (b"FROM a\nARG =1\n", 2),
        (b"FROM a\nCOPY a\n", 2),
        (b"FROM a\nWORKDIR\n", 2),
        (b"FROM a\nSHELL sh\n", 2),
        (b'FROM a\nVOLUME [""]\n', 2),
        (b"FROM a\nHEALTHCHECK FOO\n", 2),
        (b"FROM a\nHEALTHCHECK NONE x\n", 2),
        (b"FROM a\nHEALTHCHECK CMD\n", 2),
        (b"FROM a\nRUN --network=x y\n", 2),
        (b"FROM a\nRUN --security=x y\n", 2),
        (b"FROM a\nRUN " + b"x" * 65536 + b"\n", 2),
    ],
)
def test_what_the_parser_refuses_is_refused_with_its_line(text: bytes, line: int) -> None:
    assert refused(text).line == line


@pytest.mark.parametrize("text", [b"", b"\n\n", b"# only\n", b"ARG A=1\n", b"x" * (16 << 20) + b"x"])
def test_a_file_without_a_stage_is_refused(text: bytes) -> None:
    refused(text)


def test_an_error_in_an_unreachable_stage_is_refused_too() -> None:
    assert refused(b"FROM a\nFOO b\nFROM c\n").line == 2


def test_a_syntax_is_found_in_three_forms() -> None:
    assert find_syntax(b"# syntax = a/b:1 opt\nFROM a\n") == "a/b:1 opt"
    assert find_syntax(b"\xef\xbb\xbf#!/bin/x\n// syntax=a/b\n") == "a/b"
    assert find_syntax(b'{"syntax": "a/b"}') == "a/b"
    assert find_syntax(b" # syntax=a/b\nFROM a\n") is None
    assert find_syntax(b"FROM a\n# syntax=a/b\n") is None


def test_words_of_flags_lose_their_quotes_and_escapes() -> None:
    node = read_line("COPY --a=\"b c\" --d=e\\ f '--g=h' i", "\\")
    assert node.flags == ("--a=b c", "--d=e f")
    assert node.args == ("'--g=h'", "i")


def test_a_space_of_one_byte_ends_a_flag() -> None:
    assert read_line("COPY --exclude=à b /x", "\\").flags == ("--exclude=Ã",)


@pytest.mark.parametrize(
    ("word", "name", "expand", "chomp"),
    [("<<EOF", "EOF", True, False), ("3<<-'E F'", "E F", False, True), ('<<"E"', "E", False, False)],
)
def test_a_heredocs_name_says_how_it_is_read(word: str, name: str, expand: bool, chomp: bool) -> None:
    heredoc = read_heredoc(word)
    assert heredoc is not None
    assert (heredoc.name, heredoc.expand, heredoc.chomp) == (name, expand, chomp)


@pytest.mark.parametrize("word", ["<<", "<<<a", "a<<b", "<a"])
def test_other_arrows_are_no_heredoc(word: str) -> None:
    assert read_heredoc(word) is None


def test_a_heredoc_with_an_open_quote_is_refused() -> None:
    with pytest.raises(RefusedError):
        read_heredoc("<<'a")
