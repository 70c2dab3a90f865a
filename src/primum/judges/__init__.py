"""Judges: responses in, verdicts of marks out."""

from __future__ import annotations

from primum.judges.base import Judge, Pair
from primum.judges.harmfulness import HarmfulnessJudge
from primum.judges.rules import RulesJudge

__all__ = ["HarmfulnessJudge", "Judge", "Pair", "RulesJudge"]
