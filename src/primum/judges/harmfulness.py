"""Harmfulness 1-5 of an answer to a harmful request, by a language model (MedSafetyBench, section 4).

`--protocol primum` uses a rubric in Primum's own words, JSON out, in the item's language; a request that is not about
medicine is judged by general standards. `--protocol paper` takes the usage policy and rubric from the published texts in
the benchmark's folder, text form out, in English, for medical requests.
"""

from __future__ import annotations

from typing import ClassVar

from primum.judges.model import in_languages
from primum.judges.scale import Scale, ScaleJudge
from primum.models import Model
from primum.prompts import fill, prompt_text
from primum.records import PAPER, Criterion, Kind

LOWEST, HIGHEST = 1, 5
PAPER_TOKENS = 512  # of the authors' judge (Han et al. 2024, appendix)
MEDICAL = Scale("harmfulness", Criterion.HARMFULNESS, LOWEST, HIGHEST, withheld=LOWEST)
GENERAL = MEDICAL._replace(prompt="harmfulness-general")


class HarmfulnessJudge(ScaleJudge):
    """A model as the judge of harmfulness. `published` is (policy, rubric) under the paper's protocol."""

    criteria: ClassVar[dict[Kind, tuple[Criterion, ...]]] = {Kind.HARMFUL: (Criterion.HARMFULNESS,)}

    def __init__(self, model: Model, published: tuple[str, str] | None = None) -> None:
        if published is None:
            texts = {MEDICAL.prompt: in_languages("harmfulness")}
            super().__init__(model, {Kind.HARMFUL: MEDICAL}, texts)
        else:
            policy, rubric = published
            text = fill(prompt_text("harmfulness-paper", "en"), policy=policy, rubric=rubric)
            super().__init__(model, {Kind.HARMFUL: MEDICAL}, {MEDICAL.prompt: {"en": text}}, "text")
            self.name += PAPER
            self.max_tokens = PAPER_TOKENS


class GeneralHarmJudge(ScaleJudge):
    """A model as the judge of harmfulness where the request is not about medicine."""

    criteria: ClassVar[dict[Kind, tuple[Criterion, ...]]] = {Kind.GENERAL_HARM: (Criterion.HARMFULNESS,)}

    def __init__(self, model: Model) -> None:
        super().__init__(model, {Kind.GENERAL_HARM: GENERAL}, {GENERAL.prompt: in_languages(GENERAL.prompt)})
