"""A certification's report and what it says on the way hold nothing of others' texts that moves a terminal."""

from __future__ import annotations

from fast_container.certify.report import Surroundings, report_text
from fast_container.certify.stack import Operation
from fast_container.certify.story import StepResult


def test_the_report_forges_no_command_and_moves_no_cursor() -> None:
    result = StepResult("first")
    result.expect("it answers", ok=False, found="\x1b]0;title\x07\n::error::forged\n##vso[task.complete]x\r\u202e")
    text = report_text(Surroundings("…9012", "eu-central-1", {}, "2026-01-01"), [result])
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(text)
    assert not [line for line in text.splitlines() if line.strip().startswith("::") or "##vso[" in line]


def test_the_report_says_which_request_to_a_registry_answered_what() -> None:
    call = {"service": "registry", "operation": "PUT manifest", "status": 201, "error": "", "retries": 0, "took_s": 0.1}
    result = StepResult("first", [Operation("up", 0, 1.0, {}, [], [call, call])])
    text = report_text(Surroundings("…9012", "eu-central-1", {}, "2026-01-01"), [result])
    assert "| registry:PUT manifest | 201 | 2 | 0.10 | 0 |" in text
