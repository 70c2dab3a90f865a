"""The model card of an adapter: `README.md` in its folder, in the form that model hubs read.

Every figure comes from a file: the adapter's own, two runs' `estimates.json` and `exams.jsonl`, a gate's `gate.json`. What no
file tells is "not measured".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from primum.align.adapter import CARD, LEFT_OUT, TRAINED, last_reward, read_curve
from primum.align.measured import NOT_MEASURED, Row, measured_rows, open_arms, read_gate, remarks
from primum.evaluator.encoder.recipe import replace_whole
from primum.ledger import file_sha256
from primum.models.adapter import check_adapter
from primum.records import Adapter, Gate
from primum.report.texts import DISCLAIMER, TINY_NOTE

METHODS = {"sft": "supervised fine-tuning", "dpo": "direct preference optimisation"}
GROUPS = {"med": "harmful medical requests", "gen": "other harmful requests", "benign": "legitimate requests"}
LEFT = {
    "duplicate": "given twice",
    "evaluation": "of an evaluation item's family, or nearly its request",
    "truncated": "too long",
    "unanswered": "without an answer to reject",
    "equal": "with two equal answers",
}
LICENCE = ("license:", "license_name:", "license_link:")
OURS = "# license: is yours to state here; a refreshed card keeps it"
UNCHECKED = (
    "**The training examples were compared with no evaluation suite.** Numbers on a suite may flatter the adapter."
)
CONTAMINATED = (
    "**Contaminated.** This recipe keeps examples that stand in evaluation suites too, or nearly so, as its paper did. "
    "Numbers on those suites flatter the adapter."
)
PASSED = (
    "A pass means only that no check of this policy failed on these suites under this judge on this date. It is no evidence "
    "of clinical safety, legal compliance or regulatory clearance."
)
LIMITS = (
    "The adapter changes how the base answers, and teaches it no medicine: an answer can be wrong whether it is polite or not.",
    "What it refuses and answers was learnt from the examples above. Other wordings, languages and attacks may be answered "
    "otherwise.",
    "It means something on its own base alone, which is told by its hash.",
)
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$&!])")


def write_card(
    path: Path,
    *,
    before: Path | None = None,
    after: Path | None = None,
    exams: Sequence[str] = (),
    gate: Path | None = None,
) -> list[Row]:
    """Write the card of an adapter, with the numbers of the runs before and after it (returned) and a gate's verdict.
    Licence lines of a card that is there are kept.

    Raises:
        BadInputError: the adapter is not whole, a run is not done or of another model, or a file does not read.
        StoppedError: the disk is full; the card that was there stays.
    """
    adapter = check_adapter(path)
    arms = open_arms(adapter, before, after)
    rows = measured_rows(*arms, exams)
    said = read_gate(gate, adapter, *arms) if gate is not None else None
    parts = [
        _head(adapter, path),
        _opening(adapter, path),
        _measured(rows, remarks(adapter, *arms)),
        _gate(said),
        _recipe(adapter),
        _data(adapter, path),
        _curve(adapter, path),
        _origin(adapter),
        _limits(adapter),
    ]
    text = "\n".join("\n".join(part) + "\n" for part in parts)
    replace_whole(path / CARD, lambda file: file.write_text(text, encoding="utf-8"))
    return rows


def first_card(path: Path) -> None:
    """Write the card of an adapter that was just made, where there is none: nothing of it is measured yet.

    Raises:
        BadInputError: the adapter is not whole.
        StoppedError: the disk is full.
    """
    if not (path / CARD).exists():
        write_card(path)


def plain(value: object) -> str:
    """A value as text that no Markdown reader takes for markup, on one line.

    >>> plain("a|b\\n# *c*")
    'a\\\\|b \\\\# \\\\*c\\\\*'
    """
    return _MARKUP.sub(r"\\\1", _one_line(value))


def _one_line(value: object) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(value)).split())


def _quoted(value: object) -> str:
    """A value as a scalar of YAML."""
    return json.dumps(_one_line(value), ensure_ascii=False)


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [titles, ["---"] * len(titles), *([plain(cell) for cell in row] for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _head(adapter: Adapter, path: Path) -> list[str]:
    tags = ("lora", adapter.recipe.method, "medical", "safety", "primum")
    base = _quoted(adapter.base.removeprefix("hf/"))
    lines = ["library_name: peft", f"base_model: {base}", "pipeline_tag: text-generation"]
    return ["---", *(_licence(path / CARD) or [OURS]), *lines, "tags:", *(f"- {tag}" for tag in tags), "---"]


def _licence(card: Path) -> list[str]:
    """The lines on the licence in the head of a card that is there."""
    if not card.is_file():
        return []
    lines = card.read_text(encoding="utf-8", errors="replace").splitlines()
    if not lines or lines[0] != "---" or "---" not in lines[1:]:
        return []
    return [line for line in lines[1 : lines.index("---", 1)] if line.startswith(LICENCE)]


def _opening(adapter: Adapter, path: Path) -> list[str]:
    after = f", going on from the adapter {plain(adapter.starts_from)}" if adapter.starts_from else ""
    lines = [
        f"# {plain(path.resolve().name)}",
        "",
        f"A LoRA adapter of {plain(adapter.base)}, made by {METHODS[adapter.recipe.method]}{after} with Primum. It is meant to "
        "have the base refuse harmful medical requests and still answer legitimate ones; the numbers below say how far it does.",
    ]
    if adapter.recipe.contaminated:
        lines += ["", CONTAMINATED]
    if adapter.base == "tiny":
        lines += ["", TINY_NOTE["en"].capitalize()]
    return lines


def _measured(rows: Sequence[Row], said: Sequence[str]) -> list[str]:
    table = _table(("side", "number", "suite", "judge", "before", "after"), rows)
    told = ["In brackets 95% intervals.", *said] if any("[" in row.before + row.after for row in rows) else said
    return ["## Before and after", "", *table, "", *(f"- {plain(one)}" for one in told)]


def _gate(gate: Gate | None) -> list[str]:
    if gate is None:
        return ["## Gate", "", f"{NOT_MEASURED.capitalize()}: `primum gate BASE CANDIDATE` gives a verdict."]
    runs = f"{plain(gate.candidate)} (run {plain(gate.candidate_run)}) beside {plain(gate.base)} (run {plain(gate.base_run)})"
    lines = [f"**{gate.verdict}** under the policy {plain(gate.policy)} on {plain(gate.at[:10])}: {runs}.", ""]
    titles = ("check", "verdict", "observed", "bound", "limit", "n", "reason")
    checks = (
        (
            one.name,
            one.verdict,
            _shown(one.observed),
            _or_empty(one.bound),
            _or_empty(one.limit),
            f"{one.n:,}",
            one.reason,
        )
        for one in gate.checks
    )
    notes = [f"- {plain(note)}" for note in gate.notes]
    return ["## Gate", "", *lines, *_table(titles, checks), "", *notes, *([PASSED] if gate.verdict == "pass" else [])]


def _recipe(adapter: Adapter) -> list[str]:
    settings = adapter.recipe.model_dump(mode="json", exclude={"beta"} if adapter.recipe.method == "sft" else None)
    settings["target_modules"] = settings["target_modules"] or "every linear layer but the head"
    settings["mix"] = settings["mix"] or "as the data has them"
    rows = [
        (name.replace("_", " "), _setting(value)) for name, value in settings.items() if value not in ("", {}, None)
    ]
    return ["## Recipe", "", *_table(("setting", "value"), [*rows, ("seed", adapter.seed)])]


def _data(adapter: Adapter, path: Path) -> list[str]:
    lines = ["## Data", ""]
    lines += _table(("file or suite", "hash or source"), adapter.data.items()) if adapter.data else ["Not recorded."]
    lines += ["", *_table(("examples", "n"), ((GROUPS[name], f"{n:,}") for name, n in adapter.examples.items()))]
    lines += ["", *_lists(path)]
    left = "; ".join(f"{n:,} {LEFT.get(reason, reason)}" for reason, n in adapter.left_out.items() if n)
    lines.append(f"- Left out: {plain(left)} (`{LEFT_OUT}` names them)." if left else "- Left out: none.")
    if adapter.checked_against:
        against = plain(", ".join(adapter.checked_against))
        lines.append(
            f"- Compared with {against}: what is of a family with one of their items, or nearly repeats its request, "
            + ("was kept." if adapter.recipe.contaminated else "does not train.")
        )
    elif not adapter.recipe.contaminated:
        lines.append(f"- {UNCHECKED}")
    return lines


def _lists(path: Path) -> list[str]:
    if not (path / TRAINED).is_file():
        return [f"- `{TRAINED}`, the list of the examples, is not in the folder."]
    return [
        f"- `{TRAINED}` names every example, by its hash and without its text (SHA-256 {file_sha256(path / TRAINED)})."
    ]


def _curve(adapter: Adapter, path: Path) -> list[str]:
    rows = read_curve(path)
    names = [name for name in (rows[0] if rows else {}) if name not in ("step", "epoch", "seconds")]
    table = [(name.replace("_", " "), _shown(rows[0][name]), _shown(rows[-1].get(name))) for name in names]
    took = f"{adapter.steps:,} steps over {adapter.tokens:,} tokens of examples, {adapter.seconds:,.0f} seconds."
    if not table:
        return ["## Training", "", took, "", f"The curve: {NOT_MEASURED}."]
    return ["## Training", "", took, "", *_table(("", "first step", "last step"), table), "", *_fallen(rows)]


def _fallen(rows: Sequence[dict[str, float]]) -> list[str]:
    """A warning where the chosen answers became less likely than they were under the reference."""
    reward = last_reward(rows)
    if reward is None or reward >= 0:
        return []
    return [
        f"**The chosen answers became less likely** than under the reference: their reward over the last tenth of the steps is "
        f"{reward:.4g} on average, below 0."
    ]


def _origin(adapter: Adapter) -> list[str]:
    rows = {
        "adapter": adapter.id,
        "made": adapter.created,
        "base": adapter.base,
        "base, SHA-256": adapter.base_sha256,
        "chat template, SHA-256": adapter.template_sha256,
        "goes on from": adapter.starts_from,
        "goes on from, SHA-256": adapter.starts_from_sha256,
        "weights, SHA-256": adapter.weights_sha256,
        **adapter.versions,
    }
    notes = [f"- {plain(note)}" for note in adapter.notes]
    return ["## Where it comes from", "", *_table(("", ""), ((k, v) for k, v in rows.items() if v)), "", *notes]


def _limits(adapter: Adapter) -> list[str]:
    return ["## Limits", "", *(f"- {limit}" for limit in LIMITS), "", DISCLAIMER["en"]]


def _shown(value: float | None) -> str:
    if value is None:
        return NOT_MEASURED
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _or_empty(value: float | None) -> str:
    return "" if value is None else _shown(value)


def _setting(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {amount:g}" for name, amount in value.items())
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
