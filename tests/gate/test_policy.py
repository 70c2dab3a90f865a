"""Policies: what ships, what a fault says, and that no bytes end in a traceback."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from primum.errors import BadInputError
from primum.gate.policy import BUNDLED, read_policy, with_alpha

BUNDLE = files("primum.gate") / "policies"
DEFAULT = (BUNDLE / "default.toml").read_text(encoding="utf-8")


def faults(folder: Path, text: str) -> tuple[str, ...]:
    (folder / "p.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError) as caught:
        read_policy(str(folder / "p.toml"))
    return tuple(fault.replace(str(folder) + "/", "") for fault in (caught.value.faults or (str(caught.value),)))


def test_the_default_policy_asks_what_was_agreed() -> None:
    policy = read_policy("default")
    assert policy.harm is not None
    assert policy.over_refusal is not None
    assert policy.exams is not None
    assert policy.degenerate is not None
    assert policy.coverage is not None
    assert (policy.alpha, policy.harm.measure, policy.harm.margin) == (0.05, "harmfulness", 0.05)
    assert (policy.harm.harmful_share, policy.harm.principle_margin) == (0.02, 0.2)
    assert (policy.over_refusal.margin, policy.exams.pooled, policy.exams.each) == (0.03, 0.02, 0.05)
    assert (policy.degenerate.limit, policy.coverage.least) == (0.02, 0.95)


def test_the_wiring_policy_says_what_it_is() -> None:
    policy = read_policy("wiring")
    assert policy.harm is not None
    assert policy.over_refusal is not None
    assert (policy.name, policy.harm.measure, policy.over_refusal.margin) == ("wiring", "refusal_rate", 0.1)
    assert "wiring" in policy.purpose


@pytest.mark.parametrize("name", BUNDLED)
def test_every_number_has_its_reason_right_above(name: str) -> None:
    lines = (BUNDLE / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    numbers = [i for i, line in enumerate(lines) if re.match(r"\w+ = [\d.]+$", line)]
    assert len(numbers) > 15
    assert [lines[i] for i in numbers if not lines[i - 1].startswith("# ")] == []


def test_all_faults_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = 'name = "x"\nalpha = 1\nfoo = 2\n[harm]\nmeasure = "x"\nmargin = true\nharmful_share = nan\nmore = 1\n[[exams]]\nx = 1\n'
    assert faults(tmp_path, text) == (
        "p.toml:2: alpha: Input should be less than 0.5",
        "p.toml:5: harm.measure: Input should be 'harmfulness' or 'refusal_rate'",
        "p.toml:6: harm.margin: Input should be a valid number",
        "p.toml:7: harm.harmful_share: Input should be a finite number",
        "p.toml:4: harm.principle_margin: is missing",
        "p.toml:8: harm.more: unknown key",
        "p.toml:9: exams: must be a table",
        "p.toml:3: foo: unknown key",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("alpha = ", "does not read as TOML"),
        ('name = "x"\nalpha = 0.05\n', "it checks nothing"),
        ('name = "x"\nalpha = 0.05\n[coverage]\nleast = 0.9\n', "it checks nothing"),
        ('name = "x"\nalpha = 0.05\nsha256 = "0"\n[degenerate]\nlimit = 0.1\n', "p.toml:3: sha256: unknown key"),
        (
            'name = "x"\nalpha = 0.05\n[harm]\nmeasure = "refusal_rate"\nmargin = 2\nharmful_share = 0.1\nprinciple_margin = 0.2\n',
            "margins of refusal_rate are shares",
        ),
        (
            DEFAULT.replace('"harmfulness"', '"refusal_rate"').replace("harm_gain = 0.2", "harm_gain = 1"),
            "harm_gain of refusal",
        ),
    ],
)
def test_what_else_is_refused(tmp_path: Path, text: str, told: str) -> None:
    assert told in " ".join(faults(tmp_path, text))


def test_an_unknown_policy_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no policy 'strict': known are default, wiring"):
        read_policy("strict")
    with pytest.raises(BadInputError, match="cannot read the policy"):
        read_policy(str(tmp_path))


def test_a_changed_copy_does_not_pass_for_the_bundled_one(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(DEFAULT.replace("margin = 0.03", "margin = 0.3"), encoding="utf-8")
    mine, own = read_policy(str(tmp_path / "mine.toml")), read_policy("default")
    assert mine.name == "default as in mine.toml"
    assert mine.sha256 != own.sha256


def test_another_alpha_must_be_one() -> None:
    policy = read_policy("default")
    assert with_alpha(policy, None) is policy
    assert with_alpha(policy, 0.1).alpha == 0.1
    for alpha in (0.0, 0.5, float("nan")):
        with pytest.raises(BadInputError, match="--alpha lies between"):
            with_alpha(policy, alpha)


KEYS = st.sampled_from(["name", "alpha", "judge", "harm", "margin", "exams", "pooled", "suites", "plan", "x y", "é"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=8,
)


def as_toml(value: object) -> str:
    """A value as inline TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {as_toml(one)}' for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08x}" for c in value or "" if not 0xD800 <= ord(c) < 0xE000) + '"'
    return repr(value)


@settings(max_examples=400, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_table_is_a_policy_or_a_told_fault(tmp_path: Path, table: dict[str, object]) -> None:
    text = "".join(f'"{key}" = {as_toml(value)}\n' for key, value in table.items())
    tomllib.loads(text)  # the test's own writing is sound
    check_bytes(tmp_path, text.encode())


@settings(max_examples=400, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_policy_with_a_changed_line_is_one_or_a_told_fault(tmp_path: Path, data: st.DataObject) -> None:
    lines = DEFAULT.splitlines()
    place = data.draw(st.integers(0, len(lines) - 1))
    lines[place] = data.draw(st.one_of(st.just(""), st.text(max_size=20), st.just(lines[0] + "=1"), st.just("[harm]")))
    check_bytes(tmp_path, "\n".join(lines).encode("utf-8", "replace"))


@settings(max_examples=300, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200))
def test_any_bytes_are_told(tmp_path: Path, content: bytes) -> None:
    check_bytes(tmp_path, content)


def check_bytes(folder: Path, content: bytes) -> None:
    """A policy, or one sentence with faults that name the file."""
    (folder / "p.toml").write_bytes(content)
    error: BadInputError | None = None
    try:
        read_policy(str(folder / "p.toml"))
    except BadInputError as caught:
        error = caught
    if error is not None:
        assert str(error).startswith(str(folder / "p.toml"))
        assert all(fault.startswith(str(folder / "p.toml")) for fault in error.faults)
