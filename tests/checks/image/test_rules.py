"""Each rule on an image that breaks it, and on one that does not."""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fast_container.checks.finding import Finding, Severity
from fast_container.checks.image.base_findings import without_reported
from fast_container.checks.image.check import RULES, check_image
from fast_container.checks.image.configured import reported_rules
from fast_container.checks.image.settings import ImageRequirements, parse_growth, parse_size
from fast_container.core.image_checks import CheckSettings
from fast_container.core.layers.contents import ImageContents
from fast_container.core.layers.efficiency import efficiency, wasted_bytes
from tests.layer_images import Member, contents, file, folder, link

PAGE = Path(__file__).parents[3] / "docs" / "image-checks.md"
MB = 1_000_000
SITE = "usr/lib/python3.11/site-packages"
PASSWD = file("etc/passwd", b"root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n")
PYTHON = file("usr/bin/python3", 10, mode=0o755)


def ids(image: ImageContents, settings: ImageRequirements | None = None) -> set[str]:
    return {one.rule for one in found(image, settings)}


def found(image: ImageContents, settings: ImageRequirements | None = None, rule: str = "") -> list[Finding]:
    every = check_image(image, settings or ImageRequirements())
    return [one for one in every if not rule or one.rule == rule]


def saved(finding: Finding) -> int | None:
    return finding.estimate.size_bytes if finding.estimate else None


def of(rule: str, *layers: list[Member], runs_on: str = "anywhere", **config: Any) -> list[Finding]:
    return found(contents(*layers, **config), ImageRequirements(runs_on), rule)


def pyc(*, flags: int = 3, mtime: int = 0, size: int = 0, magic: bytes = importlib.util.MAGIC_NUMBER) -> bytes:
    rest = struct.pack("<II", mtime, size) if not flags else bytes(8)
    return magic + struct.pack("<I", flags) + rest + b"code"


TAG = "cpython-311"
MAGIC_311 = struct.pack("<H", 3495) + b"\r\n"


def modules(count: int, **how: Any) -> list[Member]:
    sources = [file(f"{SITE}/pkg/m{at}.py", b"x = 1\n", mtime=7) for at in range(count)]
    return sources + [
        file(f"{SITE}/pkg/__pycache__/m{at}.{TAG}.pyc", pyc(magic=MAGIC_311, **how)) for at in range(count)
    ]


def test_v01_a_budget_that_is_exceeded() -> None:
    image = contents([file("a")], [file("b")])
    assert image.compressed_bytes == 21
    assert ids(image, ImageRequirements(max_size_bytes=20)) == {"V01"}
    assert ids(image, ImageRequirements(max_layer_bytes=10)) == {"V01"}
    assert ids(image, ImageRequirements(max_growth=0.1, before_bytes=19)) == {"V01"}
    assert not ids(image, ImageRequirements(max_size_bytes=21, max_layer_bytes=11, max_growth=0.1, before_bytes=20))


@pytest.mark.parametrize(
    "path",
    [
        "usr/bin/gcc",
        "usr/bin/x86_64-linux-gnu-gcc-12",
        "usr/bin/make",
        "usr/lib/gcc/x/12/cc1",
        "usr/bin/x86_64-linux-gnu-lto-dump-14",
        "usr/lib/x86_64-linux-gnu/libasan.so.8.0.0",
        "usr/bin/git",
        "opt/bin/uv",
    ],
)
def test_v02_a_build_tool(path: str) -> None:
    (one,) = of("V02", [file(path, 30 * MB)])
    assert path in one.where
    assert saved(one) == 30 * MB


def test_v02_a_build_tool_that_a_later_layer_deletes() -> None:
    (one,) = of("V02", [file("usr/bin/gcc", MB)], [file("usr/bin/.wh.gcc")])
    assert "still ships" in one.what
    assert saved(one) == MB


@pytest.mark.parametrize(
    "path", ["usr/bin/python3", "usr/bin/gccx", "usr/share/doc/make/copyright", "usr/lib/libgomp.so.1"]
)
def test_v02_none(path: str) -> None:
    assert not of("V02", [file(path, 5)])


@pytest.mark.parametrize(
    "path",
    ["var/lib/apt/lists/deb_dists", "root/.cache/pip/http/a", "root/.cache/uv/x", "root/.npm/_cacache/a", "tmp/x"],
)
def test_v03_a_cache(path: str) -> None:
    assert of("V03", [file(path, 5)])


def test_v03_none() -> None:
    assert not of("V03", [folder("tmp"), file("var/lib/apt/lists/lock"), folder("root/.cache/pip"), file("app/tmp/x")])


@pytest.mark.parametrize("path", [f"{SITE}/pytest/a.py", f"{SITE}/numpy/tests/t.py", "usr/lib/x.a", "usr/include/a.h"])
def test_v04_something_for_development(path: str) -> None:
    assert of("V04", [file(path, 5)])
    assert of("V04", [file("usr/local/bin/ruff", 5)])


def test_v04_none() -> None:
    assert not of("V04", [file("app/sqlalchemy/ext/mypy/infer.py", 5)])
    assert not of("V04", [file(f"{SITE}/numpy/testing/a.py"), file(f"{SITE}/pytester.py"), file("usr/lib/x.so")])


def test_v05_bytes_that_a_later_layer_replaces() -> None:
    (one,) = of("V05", [file("a", 2 * MB)], [file("a", 2 * MB, mode=0o755)])
    assert saved(one) == 2 * MB
    assert "50.0 %" in one.what


def test_v05_none() -> None:
    assert not of("V05", [file("a", 2 * MB)], [file("b", 2 * MB)])
    assert not of("V05", [file("a", 20)], [file(".wh.a")])


def test_v05_the_score_is_dives() -> None:
    image = contents(
        [folder("d"), file("d/a", 1000), file("d/b", 500), file("e", 300), folder("empty")],
        [file("e", 200), file("d/.wh.b"), link("l", "e")],
        [file(".wh.d"), file("f", 40)],
    )
    assert image.files is not None
    # dive 0.13.1 prints this for the image: 200 of 500 (e), 0 of 500 (d/b), 1000 of 1000 (d/a), 40 of 40 (f).
    assert round(efficiency(image.files), 4) == 0.6078
    assert wasted_bytes(image.files) == 300 + 500 + 1000


def test_v05_an_empty_image_wastes_nothing() -> None:
    image = contents([])
    assert image.files is not None
    assert efficiency(image.files) == 1


@pytest.mark.parametrize("how", [{"flags": 3}, {"flags": 1}, {"flags": 0, "mtime": 7, "size": 6}])
def test_v06_bytecode_that_python_uses(how: dict[str, int]) -> None:
    assert not of("V06", modules(12, **how))


@pytest.mark.parametrize(
    "how", [{"flags": 0, "mtime": 8, "size": 6}, {"flags": 0, "mtime": 7, "size": 5}, {"flags": 2}]
)
def test_v06_bytecode_that_python_does_not_use(how: dict[str, int]) -> None:
    (one,) = of("V06", modules(12, **how))
    assert "12 files of bytecode will not be used" in one.what


def test_v06_bytecode_of_another_python() -> None:
    members = [file(f"{SITE}/m.py", b""), file(f"{SITE}/__pycache__/m.cpython-312.pyc", pyc(magic=MAGIC_311))]
    assert of("V06", members)


def test_v06_no_bytecode() -> None:
    (one,) = of("V06", modules(12)[:12])
    assert "12 of 12 Python modules" in one.what


def test_v06_bytecode_of_another_level_is_not_read() -> None:
    (one,) = of("V06", modules(12), Env=["PYTHONOPTIMIZE=2"])
    assert "PYTHONOPTIMIZE=2" in one.what


LAMBDA = {"Entrypoint": ["/usr/bin/python3", "-m", "awslambdaric"], "Cmd": ["app.handler"], "WorkingDir": "/var/task"}
CLIENT = file("var/runtime/awslambdaric/__main__.py")
FUNCTION = [PYTHON, CLIENT, folder("var/task"), file("var/task/app.py", b"def handler(): ...")]


def test_v07_a_function_that_works() -> None:
    assert not of("V07", FUNCTION, runs_on="lambda", **LAMBDA)


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([PYTHON, file("var/task/app.py", b"", mode=0o600)], "cannot be read"),
        ([PYTHON, folder("var/task", mode=0o700), file("var/task/app.py")], "cannot be read"),
        ([file("var/task/app.py")], "program that the image starts is not"),
        ([file("usr/bin/python3", mode=0o700), file("var/task/app.py")], "may not be executed"),
        ([PYTHON, file("var/task/other.py")], "handler app.handler is not"),
    ],
)
def test_v07_a_function_that_would_fail(members: list[Member], says: str) -> None:
    (one,) = of("V07", [CLIENT, *members], runs_on="lambda", **LAMBDA)
    assert says in one.what
    assert one.severity is Severity.ERROR


def test_v07_an_index_is_refused_and_links_are_followed() -> None:
    assert of("V07", FUNCTION, runs_on="lambda", is_of_index=True, **LAMBDA)
    linked = [
        link("usr/bin", "../opt/bin"),
        file("opt/bin/python3.11", mode=0o755),
        link("opt/bin/python3", "python3.11"),
    ]
    assert not of("V07", [*linked, *FUNCTION[1:]], runs_on="lambda", **LAMBDA)


def test_v07_links_in_a_cycle_come_to_an_end() -> None:
    assert of("V07", [link("usr/bin/python3", "b"), link("usr/bin/b", "python3")], runs_on="lambda", **LAMBDA)


SERVICE = {"User": "1000", "Entrypoint": ["python3"], "WorkingDir": "/app"}


def test_v08_a_service_that_works() -> None:
    assert not of("V08", [PASSWD, PYTHON, file("app/main.py")], runs_on="ecs", **SERVICE)


@pytest.mark.parametrize(
    ("members", "config", "severity"),
    [
        ([PASSWD, PYTHON], {"User": ""}, Severity.WARNING),
        ([PASSWD, PYTHON], {"User": "0:0"}, Severity.WARNING),
        ([PASSWD, PYTHON], {"User": "app"}, Severity.WARNING),
        ([PASSWD, PYTHON], {"User": "other"}, Severity.ERROR),
        ([PASSWD], {}, Severity.ERROR),
        ([PASSWD, PYTHON, file("app/main.py", uid=1000)], {}, Severity.WARNING),
        ([PASSWD, PYTHON, file("usr/bin/own", mode=0o4755)], {}, Severity.WARNING),
    ],
)
def test_v08_a_service_with_a_flaw(members: list[Member], config: dict[str, Any], severity: Severity) -> None:
    every = of("V08", members, runs_on="ecs", **SERVICE | config)
    assert every
    assert every[0].severity is severity


def test_v07_and_v08_are_for_their_places_only() -> None:
    assert not ids(contents([file("a")], User="root"), ImageRequirements("anywhere"))
    assert "V08" not in ids(contents([file("a")]), ImageRequirements("lambda"))


@pytest.mark.parametrize(
    "path",
    [
        f"{SITE}/nvidia/cublas/lib/libcublas.so.12",
        f"{SITE}/torch/lib/libtorch_cuda.so",
        "usr/local/cuda-12/lib/x",
        f"{SITE}/onnxruntime/capi/libonnxruntime_providers_cuda.so",
    ],
)
def test_v09_gpu_libraries(path: str) -> None:
    (one,) = of("V09", [file(path, 3 * MB)], runs_on="lambda")
    assert one.severity is Severity.ERROR
    assert saved(one) == 3 * MB


def test_v09_none() -> None:
    assert not of("V09", [file(f"{SITE}/torch/lib/libtorch_cpu.so", 3)], runs_on="lambda")


KEY = "AKIA" + "Z7" * 8


def test_v10_secrets_in_files_of_every_layer() -> None:
    hidden = of("V10", [file("app/config.json", f'"{KEY}"'.encode())], [file("app/.wh.config.json")])
    assert "only hides" in hidden[0].what
    assert KEY not in repr(hidden)
    for path in ("app/.env", "root/.ssh/id_rsa", "root/.aws/credentials", "app/.git/config"):
        assert of("V10", [file(path, b"x")]), path


def test_v10_secrets_in_environment_and_history() -> None:
    assert of("V10", Env=["DB_PASSWORD=hunter2"])
    assert of("V10", Env=[f"X={KEY}"])
    assert of("V10", history=[{"created_by": "RUN |1 NPM_TOKEN=abcdef /bin/sh -c npm ci"}])
    assert KEY not in repr(of("V10", Env=[f"X={KEY}"], history=[{"created_by": f"RUN x={KEY}"}]))


def test_v10_none() -> None:
    members = [
        file("app/.env.example", b"x"),
        file(f"{SITE}/tornado/test/test.key", b"-----BEGIN RSA PRIVATE KEY-----"),
    ]
    config = {"Env": ["DB_PASSWORD_FILE=/run/secrets/db", "TOKEN=/run/x", "GPG_KEY=A035C8C1"]}
    assert not of("V10", members, **config, history=[{"created_by": "RUN TOKEN=$(cat /run/secrets/t) npm ci"}])


def test_v11_paths() -> None:
    image = contents([file("app/main.py"), file("app/debug.log")])
    assert not ids(image, ImageRequirements(required=("/app/main.py",), forbidden=("*.md",)))
    every = found(image, ImageRequirements(required=("/app/other",), forbidden=("/app/*.log",)))
    assert [one.rule for one in every] == ["V11", "V11"]
    assert every[0].severity is Severity.ERROR


def test_v12_a_package_twice() -> None:
    twice = [
        file("var/runtime/boto3-1.0.dist-info/METADATA"),
        file("var/runtime/boto3/a.py", 10),
        file("var/task/boto3-1.1.dist-info/METADATA"),
        file("var/task/boto3/a.py", 20),
    ]
    (one,) = of("V12", twice)
    assert "boto3 is in the image 2 times" in one.what
    assert saved(one) == 10
    assert not of("V12", twice[:2])


def test_v12_several_pythons() -> None:
    assert of("V12", [file("usr/bin/python3.11"), file("usr/local/bin/python3.12")])
    assert not of("V12", [file("usr/bin/python3.11"), link("usr/bin/python3", "python3.11")])


def test_a_rule_that_cannot_be_run_is_an_error_that_names_it() -> None:
    image = contents([], unreadable="A layer cannot be read. sha256:1")
    every = found(image, replace(ImageRequirements(), severities={"V05": Severity.OFF}))
    files_rules = {"V02", "V03", "V04", "V06", "V09", "V10", "V11", "V12"}
    assert {one.rule for one in every} == files_rules
    assert all(one.cannot_be_checked and one.severity is Severity.ERROR and one.rule in one.what for one in every)


def test_v01_a_budget_of_unpacked_bytes() -> None:
    image = contents([file("app", 5 * MB)])
    (one,) = found(image, ImageRequirements(max_unpacked_bytes=4 * MB), "V01")
    assert saved(one) == MB
    assert not found(image, ImageRequirements(max_unpacked_bytes=5 * MB), "V01")
    assert found(contents([], unreadable="x"), ImageRequirements(max_unpacked_bytes=1), "V01")


def test_a_rule_may_be_set_to_error_warning_or_off() -> None:
    image = contents([file("usr/bin/gcc", 5)])
    for severity in (Severity.ERROR, Severity.WARNING):
        assert [one.severity for one in found(image, ImageRequirements(severities={"V02": severity}))] == [severity]
    assert not ids(image, ImageRequirements(severities={"V02": Severity.OFF}))


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_in_the_page(rule: str) -> None:
    assert f"| {rule} |" in PAGE.read_text(encoding="utf-8")


def test_there_are_twelve_rules() -> None:
    assert tuple(f"V{number:02}" for number in range(1, 13)) == RULES


@pytest.mark.parametrize(("text", "size"), [("500MB", 500 * MB), ("1.5 GiB", 3 << 29), ("7", 7), ("2kb", 2000)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "5 parsecs", "-1", "1e3"])
def test_what_is_not_a_size(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


def test_v01_growth_in_bytes() -> None:
    image = contents([file("a")], [file("b")])
    assert ids(image, ImageRequirements(max_growth_bytes=1, before_bytes=19)) == {"V01"}
    assert not ids(image, ImageRequirements(max_growth_bytes=2, before_bytes=19))
    assert not ids(image, ImageRequirements(max_growth_bytes=0, before_bytes=22))


@pytest.mark.parametrize(
    ("text", "growth"), [("10%", (0.1, None)), ("2.5 %", (0.025, None)), ("20MB", (None, 20 * MB))]
)
def test_growths(text: str, growth: tuple[float | None, int | None]) -> None:
    assert parse_growth(text) == growth


@pytest.mark.parametrize("text", ["%", "10MB%", "ten", "-5%"])
def test_what_is_not_a_growth(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_growth(text)


def test_v05_copies_that_chmod_or_chown_made_are_named() -> None:
    before = [file("app/model", 3 * MB), file("app/other", 2 * MB, mtime=5)]
    changed = [file("app/model", 3 * MB, uid=1000), file("app/other", 2 * MB, mtime=6, uid=1000)]
    copied, replaced = of("V05", before, changed)
    assert "chmod or chown copied 3.0 MB" in copied.what
    assert "app/model in layer 2 of 2" in copied.where
    assert (saved(copied), saved(replaced)) == (3 * MB, 2 * MB)


def test_v08_set_user_id_programs_of_the_base_are_its_own() -> None:
    image = contents([PASSWD, PYTHON, file("usr/bin/own", mode=0o4755)], [file("usr/bin/su", mode=0o4755)], **SERVICE)
    base, _ = (digest for digest, _ in image.layer_bytes)
    (unknown,) = found(image, ImageRequirements("ecs"), "V08")
    assert "usr/bin/own" in unknown.where
    of_base, known = found(image, ImageRequirements("ecs", base_name="debian", base_layers=frozenset({base})), "V08")
    assert ("usr/bin/su" in known.where, known.base) == (True, "")
    assert ("usr/bin/own" in of_base.where, of_base.base) == (True, "debian")


OF_BASE = {
    "V02": [file("usr/bin/gcc", 2 * MB)],
    "V03": [file("var/lib/apt/lists/deb", 9)],
    "V04": [file(f"{SITE}/pytest/main.py", 2 * MB)],
    "V05": [file("opt/model", 3 * MB), file("opt/model", 3 * MB)],
    "V06": modules(20, flags=0),
    "V08": [file("usr/bin/own", mode=0o4755)],
    "V09": [file(f"{SITE}/nvidia/libcublas.so", 2 * MB)],
    "V10": [file("app/id_rsa", b"-----BEGIN RSA PRIVATE KEY-----")],
    "V12": [file(f"one/a-{at}.dist-info/METADATA") for at in (1, 2)],
}
"""Rule → what a layer has that it fires on."""


@pytest.mark.parametrize("rule", OF_BASE)
def test_what_a_base_brings_is_told_from_what_the_image_adds(rule: str) -> None:
    app = [file("app/own"), file("etc/passwd")]
    image = contents(OF_BASE[rule], app, **SERVICE)
    base, own = (digest for digest, _ in image.layer_bytes)

    def bases(*layers: str) -> set[str]:
        settings = ImageRequirements("ecs", base_name="debian:13", base_layers=frozenset(layers))
        return {one.base for one in found(image, settings, rule) if rule != "V08" or "set-user-id" in one.what}

    assert bases() == bases(own) == {""}
    assert bases(base) == bases(base, own) == {"debian:13"}


@pytest.mark.parametrize("said", ["²", "٣", "9" * 6000])
def test_what_is_no_number_of_a_user_is_a_name(said: str) -> None:
    """Python reads more digits as numbers than Linux, and refuses to read very long ones."""
    passwd = file("etc/passwd", f"app:x:{said}:1::/:/bin/sh\n".encode())
    for user in (said, "app"):
        image = contents([passwd, PYTHON], **{**SERVICE, "User": user})
        whats = {one.what for one in found(image, ImageRequirements("ecs"), "V08")}
        assert f"USER {user} is a name." in whats
        assert f"USER {user} is not a user of the image." in whats


def test_a_handler_of_a_hundred_thousand_parts_is_looked_up_at_once() -> None:
    image = contents([PYTHON], Entrypoint=["/lambda-entrypoint.sh"], Cmd=["a." * 100_000 + "b"])
    whats = [one.what for one in found(image, ImageRequirements("lambda"), "V07")]
    assert any("is not in the image" in what and "handler" in what for what in whats)


def test_a_history_of_secrets_is_not_a_table_without_end() -> None:
    steps = [{"created_by": f"RUN PASSWORD=hunter{at} make", "empty_layer": True} for at in range(500)]
    whats = [one.what for one in found(contents([file("a")], history=steps), rule="V10")]
    assert len(whats) == 21
    assert "More than 20 steps of the history hold a secret." in whats


def test_what_base_and_image_both_bring_is_found_apart() -> None:
    image = contents([file("usr/bin/gcc", 5 * MB)], [file("usr/bin/g++", MB)])
    base, _ = (digest for digest, _ in image.layer_bytes)
    of_base, own = found(image, ImageRequirements(base_name="debian:13", base_layers=frozenset({base})), "V02")
    assert (saved(of_base), saved(own)) == (5 * MB, MB)
    assert "Correct it in debian:13" in of_base.fix
    assert "debian" not in own.fix


def test_a_secret_in_the_history_is_the_bases_if_its_step_is() -> None:
    steps = [{"created_by": f"RUN TOKEN_{at}_PASSWORD=hunter{at} make"} for at in (1, 2)]
    image = contents([file("a")], [file("b")], history=steps)
    both = found(image, ImageRequirements(base_name="debian:13", base_steps=1), "V10")
    assert [one.base for one in both] == ["debian:13", ""]


def test_the_findings_of_a_base_that_reports_them_are_one_line_and_its_errors_stay() -> None:
    one = Finding("V02", Severity.WARNING, "", 0, "A compiler.", base="deps")
    own, cache = replace(one, base=""), replace(one, rule="V03")
    error = replace(one, rule="V10", severity=Severity.ERROR)
    left, line = without_reported([error, one, own, one, cache], ["V02", "V03", "V10"])
    assert left == [error, own]
    assert line == "3 findings come from the base image deps, which has checks of its own: V02 (2), V03"
    assert without_reported([own, cache], ["V02"]) == ([own, cache], "")
    assert without_reported([cache], ["V03"])[1].startswith("1 finding comes from")


def test_a_base_reports_by_the_rules_that_are_not_off_where_it_runs() -> None:
    assert reported_rules(None, runs_on="ecs") == ()
    rules = set(RULES) - {"V07", "V08"}
    assert set(reported_rules(CheckSettings(rules={"V02": "off"}), runs_on="anywhere")) == rules - {"V02"}
    assert set(reported_rules(CheckSettings(), runs_on="ecs")) == rules | {"V08"}


def elf(machine: int) -> bytes:
    return b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HH", 2, machine) + bytes(40)


@pytest.mark.parametrize(("rule", "runs_on", "config"), [("V07", "lambda", LAMBDA), ("V08", "ecs", SERVICE)])
def test_programs_for_another_processor(rule: str, runs_on: str, config: dict[str, Any]) -> None:
    python = file("usr/bin/python3", elf(62), mode=0o755)
    image = [PASSWD, CLIENT, python, file("var/task/app.py")]
    assert not of(rule, image, runs_on=runs_on, architecture="amd64", **config)
    (one,) = of(rule, image, runs_on=runs_on, architecture="arm64", **config)
    assert "is for linux/arm64 but holds programs for linux/amd64" in one.what
    assert one.severity is Severity.ERROR


def test_v07_a_runtime_client_that_is_not_there() -> None:
    (one,) = of("V07", [PYTHON, file("var/task/app.py")], runs_on="lambda", **LAMBDA)
    assert "awslambdaric, which is not in it" in one.what


def test_v10_secrets_in_arguments() -> None:
    assert of("V10", Cmd=["serve", f"--key={KEY}"])


def test_v12_names_what_the_smaller_python_costs() -> None:
    members = [file("usr/bin/python3.11"), file("usr/lib/python3.11/a", 70)]
    members += [file("usr/local/bin/python3.12"), file("usr/local/lib/python3.12/a", 30)]
    (one,) = of("V12", members)
    assert saved(one) == 30
