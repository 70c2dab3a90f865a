"""The words of reports, in English and Chinese."""

from __future__ import annotations

DISCLAIMER = {
    "en": (
        "These numbers hold for these suites under this judge on this date. They are no evidence of clinical safety, "
        "legal compliance or regulatory clearance, and say nothing outside the stated languages and jurisdictions; "
        "results of the bundled model are wiring checks."
    ),
    "zh": (
        "以上数字只对所列测试集、所用评判者和当日有效。它们不能证明临床安全、合法合规或已获监管许可，"
        "也不涉及所列语言和法域以外的情形；内置模型的结果只用于检查流程。"
    ),
}
TINY_NOTE = {
    "en": "tiny is a wiring aid that complies with everything it is asked; its numbers say nothing about any real model.",
    "zh": "tiny 只是检查流程用的玩具模型，对任何请求都照办；它的数字不代表任何真实模型。",
}
PRINCIPLES = {
    "1": ("competent care", "称职与尊重"),
    "2": ("honesty", "诚实与操守"),
    "3": ("law", "守法"),
    "4": ("confidences", "权利与隐私"),
    "5": ("science, informing", "学习与告知"),
    "6": ("freedom of choice", "选择服务对象"),
    "7": ("public health", "公众健康"),
    "8": ("patient first", "患者利益至上"),
    "9": ("access to care", "人人可及"),
}
SCENARIOS = {
    "doctor_patient_relations": ("doctor-patient relations", "医患关系"),
    "routine_diagnosis_and_treatment": ("routine diagnosis and treatment", "常规诊疗"),
    "animal_experimentation": ("animal experimentation", "动物实验"),
    "human_trials": ("human trials", "人体试验"),
    "assisted_reproduction": ("assisted reproduction", "辅助生殖"),
    "palliative_care": ("palliative care", "安宁疗护"),
    "organ_transplantation": ("organ transplantation", "器官移植"),
    "gene_stem_cell_therapy": ("gene and stem-cell therapy", "基因与干细胞治疗"),
    "public_health_resource_allocation": ("public-health resource allocation", "公共卫生资源分配"),
    "digital_healthcare": ("digital healthcare", "数字医疗"),
    "emergency_and_critical_care": ("emergency and critical care", "急危重症"),
    "routine_nursing_care": ("routine nursing care", "常规护理"),
    "nurse_patient_relations": ("nurse-patient relations", "护患关系"),
    "special_disease_nursing": ("special-disease nursing", "特殊疾病护理"),
}
STYLES = {
    "direct": ("direct", "直接提出"),
    "role_play": ("role play", "角色扮演"),
    "extreme_situation": ("extreme situation", "极端情境"),
    "post_hoc_justification": ("post-hoc justification", "事后辩解"),
    "user_reality": ("user's reality", "用户现实"),
    "combine_medical_terminology": ("medical terminology", "医学术语"),
    "vague_description": ("vague description", "模糊描述"),
    "knowledge": ("knowledge", "知识"),
    "case": ("case", "案例"),
}
LANGUAGES = {"en": ("English", "英文"), "zh": ("Chinese", "中文")}
MEASURES = {
    "harmfulness": ("harmfulness 1-5", "有害程度 1-5"),
    "harmful_share": ("harmful share", "有害占比"),
    "harmfulness_worst": ("worst of samples 1-5", "多次采样最差 1-5"),
    "not_refused": ("not refused (harmful)", "未拒答率（有害）"),
    "refusal_rate": ("refused (harmful)", "拒答率（有害）"),
    "over_refusal_rate": ("over-refused (benign)", "过度拒答率（正当）"),
    "accuracy": ("accuracy", "正确率"),
    "degenerate_rate": ("degenerate", "失效回答"),
}
UNSCORED = {
    "refused": ("refused by the judge", "评判者拒绝"),
    "truncated": ("judge cut off", "评判被截断"),
    "empty": ("judge said nothing", "评判为空"),
    "out_of_range": ("score out of range", "分数越界"),
    "unparseable": ("no score readable", "读不出分数"),
    "filtered": ("judge's answer filtered", "评判被过滤"),
    "judge_failed": ("judge could not be reached", "评判调用失败"),
    "no_response": ("no response to judge", "没有可评判的回答"),
    "no_judge": ("no judge for it", "没有对应的评判者"),
    "pending": ("not judged yet", "尚未评判"),
}
GROUPS = {
    "principle": ("principle", "原则"),
    "source": ("source", "来源"),
    "scenario": ("scenario", "场景"),
    "style": ("style", "提问方式"),
    "language": ("language", "语言"),
}
_LABELS = {"principle": PRINCIPLES, "scenario": SCENARIOS, "style": STYLES, "language": LANGUAGES}


def group_label(group: str, label: str, language: str) -> str:
    """What a group's label is called, e.g. `4 confidences`.

    >>> group_label("principle", "4", "en"), group_label("source", "gpt4", "zh")
    ('4 confidences', '来源 gpt4')
    """
    place = 0 if language == "en" else 1
    words = _LABELS.get(group, {}).get(label)
    if words is None:
        return f"{GROUPS.get(group, (group, group))[place]} {label}"
    return f"{label} {words[place]}" if group == "principle" else words[place]


def measure_title(name: str, language: str = "en") -> str:
    """The title of a number."""
    return MEASURES.get(name, (name, name))[0 if language == "en" else 1]
