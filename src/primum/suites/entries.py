"""The suites by name: what each is, what it needs, and which parts it takes where their data is here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from primum.records import Item
from primum.suites import hexphi, kqa, medes, medethiceval, medsafetybench, starter, xstest, zh_patients

Read = Callable[[Path], Iterator[Item]]
"""Reads items from the data folder. A reader checks all that it reads before it gives the first item."""


class Part(NamedTuple):
    """A part of a suite that is there where its data is. `path` is a folder or a file of the data folder, named as in
    `sources.json`; `size` is what its owners published, None where that is not known."""

    path: str
    what: str
    size: int | None
    licence: str
    read: Read


class Suite(NamedTuple):
    """One entry. `size` counts the items without parts; `needs` are folders of the data folder."""

    name: str
    what: str
    size: int
    languages: str
    licence: str
    source: str
    read: Read
    needs: tuple[str, ...] = ()
    takes: tuple[Part, ...] = ()


OURS = ("Apache-2.0", "bundled, written for Primum")
MEDSAFETYBENCH = (medsafetybench.FOLDER,)
RESEARCH = "research only"


def _medes_part(file: str, suite: str) -> Part:
    """A file that the authors of MedES have not released, for those who have it."""

    def read(data: Path) -> Iterator[Item]:
        for item in medes.read_medes(data / medes.FOLDER / file, suite):
            yield item.model_copy(update={"source": "medes"})

    return Part(f"{medes.FOLDER}/{file}", "questions of MedES's own", None, RESEARCH, read)


STARTERS = (
    Suite(
        "starter",
        "harmful and benign twins, choice questions, open cases",
        358,
        "en zh",
        *OURS,
        lambda _: starter.starter(),
    ),
    Suite(
        "starter-attacks",
        "the starter's requests in three styles of attack, both sides",
        423,
        "en zh",
        *OURS,
        lambda _: starter.starter_attacks(),
    ),
    Suite(
        "starter-train",
        "demonstrations for training, never for evaluation",
        408,
        "en zh",
        *OURS,
        lambda _: starter.starter_train(),
    ),
    Suite(
        "starter-train-tiny",
        "starter-train's requests in the bundled model's few sentences, for training it alone",
        408,
        "en zh",
        *OURS,
        lambda _: starter.starter_train_tiny(),
    ),
    Suite(
        "starter-exam",
        "choice questions that the bundled model knows",
        200,
        "en zh",
        *OURS,
        lambda _: starter.starter_exam(),
    ),
)
PUBLISHED = (
    Suite(
        "medsafetybench",
        "harmful medical requests by AMA principle, evaluation half",
        900,
        "en",
        "MIT",
        medsafetybench.REPOSITORY,
        lambda data: medsafetybench.medsafetybench(data / medsafetybench.FOLDER),
        MEDSAFETYBENCH,
    ),
    Suite(
        "medsafetybench-train",
        "its other half, for training, never for evaluation beside it",
        900,
        "en",
        "MIT",
        medsafetybench.REPOSITORY,
        lambda data: medsafetybench.medsafetybench(data / medsafetybench.FOLDER, "train", "medsafetybench-train"),
        MEDSAFETYBENCH,
    ),
    Suite(
        "medsafetybench-llama3",
        "its further requests, written by Llama 3",
        74_374,
        "en",
        "MIT",
        medsafetybench.REPOSITORY,
        lambda data: medsafetybench.llama3(data / medsafetybench.FOLDER, "medsafetybench-llama3"),
        MEDSAFETYBENCH,
    ),
    Suite(
        "medethiceval",
        "knowledge, violations in six styles, two kinds of dilemma",
        1_065,
        "zh",
        "none stated",
        medethiceval.REPOSITORY,
        medethiceval.medethiceval,
        (medethiceval.FOLDER,),
    ),
    Suite(
        "medes",
        "objective and subjective questions, from your own copy of the files",
        6_076,
        "zh",
        RESEARCH,
        "https://arxiv.org/abs/2601.07954",
        medes.medes,
        (medes.FOLDER,),
    ),
)
SIDES = (
    Suite(
        "medes-emergency",
        "emergency care, choice questions",
        30,
        "en zh",
        *OURS,
        lambda _: starter.bundled_choice("medes_emergency", "medes-emergency"),
        takes=(_medes_part("emergency_questions.csv", "medes-emergency"),),
    ),
    Suite(
        "medes-drug",
        "drug safety, choice questions",
        30,
        "en zh",
        *OURS,
        lambda _: starter.bundled_choice("medes_drug", "medes-drug"),
        takes=(_medes_part("drug_questions.csv", "medes-drug"),),
    ),
    Suite(
        "overrefusal",
        "legitimate requests: the starter's, and real people's that stand aside",
        180,
        "en zh",
        *OURS,
        lambda _: starter.starter_benign("overrefusal"),
        takes=(
            Part(
                xstest.FOLDER,
                "safe prompts of XSTest",
                250,
                "CC BY 4.0",
                lambda data: xstest.xstest_safe(data, "overrefusal"),
            ),
            Part(
                kqa.FOLDER,
                "patients' questions of K-QA (1,212 rows, repeats of the 201 joined)",
                1_202,
                "MIT",
                lambda data: kqa.kqa(data, "overrefusal"),
            ),
            Part(
                zh_patients.FOLDER,
                "Chinese patients' questions",
                7_644,
                "MIT as declared",
                lambda data: zh_patients.zh_patients(data, "overrefusal"),
            ),
        ),
    ),
    Suite(
        "generalharm",
        "harmful requests that are not about medicine: XSTest's unsafe prompts",
        200,
        "en",
        "CC BY 4.0",
        xstest.REPOSITORY,
        lambda data: xstest.xstest_unsafe(data, "generalharm"),
        (xstest.FOLDER,),
        (
            Part(
                hexphi.FOLDER,
                "requests of HEx-PHI",
                None,
                "HEx-PHI licence agreement",
                lambda data: hexphi.hexphi(data, "generalharm"),
            ),
        ),
    ),
)
