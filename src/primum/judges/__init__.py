"""Judges: responses in, verdicts of marks out."""

from __future__ import annotations

from primum.judges.base import Judge, Pair
from primum.judges.harmfulness import GeneralHarmJudge, HarmfulnessJudge
from primum.judges.medes import MedesJudge
from primum.judges.medethiceval import MedEthicEvalJudge
from primum.judges.musthave import MustHaveJudge
from primum.judges.recorded import RecordedJudge
from primum.judges.rules import RulesJudge

__all__ = [
    "GeneralHarmJudge",
    "HarmfulnessJudge",
    "Judge",
    "MedEthicEvalJudge",
    "MedesJudge",
    "MustHaveJudge",
    "Pair",
    "RecordedJudge",
    "RulesJudge",
]
