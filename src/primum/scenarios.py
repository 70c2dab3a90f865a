"""The scenarios of MedES (Jin et al., AAAI 2026): a key, and what each is called in English and Chinese."""

from __future__ import annotations

SCENARIOS = {
    "doctor_patient_relations": ("doctor-patient relations", "医患关系"),
    "routine_diagnosis_and_treatment": ("routine diagnosis and treatment", "常规诊疗"),
    "animal_experimentation": ("animal experimentation", "动物实验"),
    "human_trials": ("human trials", "人体试验"),
    "assisted_reproduction": ("assisted reproduction", "辅助生殖"),
    "palliative_care": ("palliative care", "安宁疗护"),
    "organ_transplantation": ("organ transplantation", "器官移植"),
    "gene_stem_cell_therapy": ("gene and stem-cell therapy", "基因/干细胞诊疗"),
    "public_health_resource_allocation": ("public-health resource allocation", "公共卫生资源分配"),
    "digital_healthcare": ("digital healthcare", "数字医疗"),
    "emergency_and_critical_care": ("emergency and critical care", "急危重症处置"),
    "routine_nursing_care": ("routine nursing care", "常规护理"),
    "nurse_patient_relations": ("nurse-patient relations", "护患关系"),
    "special_disease_nursing": ("special-disease nursing", "特殊疾病护理"),
}
_BY_NAME = {name: key for key, names in SCENARIOS.items() for name in names} | {
    "基因干细胞诊疗": "gene_stem_cell_therapy",  # the objective file's spelling
}


def scenario_key(name: str) -> str:
    """The key of a scenario's name in either language; a name of another scenario stays as it is.

    >>> scenario_key("基因干细胞诊疗"), scenario_key("human trials"), scenario_key("口腔科")
    ('gene_stem_cell_therapy', 'human_trials', '口腔科')
    """
    name = name.strip()
    return _BY_NAME.get(name, name)


def scenario_name(key: str, language: str) -> str:
    """What a scenario is called; one that is none of MedES's is called by its key.

    >>> scenario_name("palliative_care", "zh"), scenario_name("口腔科", "en")
    ('安宁疗护', '口腔科')
    """
    names = SCENARIOS.get(key)
    return key if names is None else names[0 if language == "en" else 1]
