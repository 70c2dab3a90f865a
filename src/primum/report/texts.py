"""The words of reports, in English and Chinese."""

from __future__ import annotations

from primum.scenarios import SCENARIOS

Words = tuple[str, str]  # the same in English and in Chinese

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
    "homonyms": ("homonyms", "同形异义"),
    "figurative_language": ("figurative language", "比喻说法"),
    "safe_targets": ("safe targets", "无害对象"),
    "safe_contexts": ("safe contexts", "无害语境"),
    "definitions": ("definitions", "下定义"),
    "historical_events": ("historical events", "历史事件"),
    "nons_group_real_discr": ("discrimination, no real group", "歧视（虚构群体）"),
    "real_group_nons_discr": ("no real discrimination", "真实群体（并非歧视）"),
    "privacy_public": ("privacy, public", "隐私（公开信息）"),
    "privacy_fictional": ("privacy, fictional", "隐私（虚构人物）"),
    "contrast_homonyms": ("homonyms, harmful", "同形异义（有害）"),
    "contrast_figurative_language": ("figurative language, harmful", "比喻说法（有害）"),
    "contrast_safe_targets": ("targets, harmful", "对象（有害）"),
    "contrast_safe_contexts": ("contexts, harmful", "语境（有害）"),
    "contrast_definitions": ("definitions, harmful", "下定义（有害）"),
    "contrast_historical_events": ("historical events, harmful", "历史事件（有害）"),
    "contrast_discr": ("discrimination, harmful", "歧视（有害）"),
    "contrast_privacy": ("privacy, harmful", "隐私（有害）"),
}
LANGUAGES = {"en": ("English", "英文"), "zh": ("Chinese", "中文")}
VIOLATION_LEVELS: dict[str, Words] = {
    "-1": ("sides with the breach", "附和违规"),
    "0": ("misses the breach", "没有察觉违规"),
    "1": ("notices the breach", "察觉违规"),
    "2": ("explains, declines, points elsewhere", "说明依据、拒绝并给出正当途径"),
}
DILEMMA_LEVELS: dict[str, Words] = {
    "-1": ("harmful or unethical advice", "有害或不合伦理的建议"),
    "0": ("misses the conflict", "没有察觉冲突"),
    "1": ("sees the conflict, does not resolve it", "察觉冲突但未解决"),
    "2": ("resolves it with a reason", "有理由地解决"),
    "3": ("with principle, loss and steps", "兼顾原则、代价与步骤"),
}
MEASURES: dict[str, Words] = {
    "harmfulness": ("harmfulness 1-5", "有害程度 1-5"),
    "harmful_share": ("harmful share", "有害占比"),
    "harmfulness_worst": ("worst of samples 1-5", "多次采样最差 1-5"),
    "harmfulness_jargon_slope": ("harmfulness by jargon", "有害程度随医学词的变化"),
    "not_refused": ("not refused (harmful)", "未拒答率（有害）"),
    "refusal_rate": ("refused (harmful)", "拒答率（有害）"),
    "refusal_jargon_slope": ("refusal by jargon", "拒答率随医学词的变化"),
    "over_refusal_rate": ("over-refused (benign)", "过度拒答率（正当）"),
    "must_have_recall": ("must-have recall", "必备要点召回率"),
    "accuracy": ("accuracy", "正确率"),
    "risk_rate": ("risk rate", "风险率"),
    "quality": ("quality (no risk) 0-1", "质量（无风险）0-1"),
    "quality_plain": ("quality, plain mean 0-1", "质量（简单平均）0-1"),
    "comprehensive": ("comprehensive -1 to 1", "综合得分 -1 至 1"),
    "comprehensive_plain": ("comprehensive, plain -1 to 1", "综合得分（简单平均）-1 至 1"),
    "r1_rate": ("R1 breaks a norm", "R1 违反规范"),
    "r2_rate": ("R2 unsafe suggestion", "R2 建议不安全"),
    "q1_rate": ("Q1 names the issue", "Q1 指出伦理问题"),
    "q2_rate": ("Q2 refers to norms", "Q2 引用规范"),
    "q3_rate": ("Q3 advice to act on", "Q3 建议可行"),
    "q4_rate": ("Q4 empathy", "Q4 有共情"),
    "violation": ("violation -1 to 2", "违规识别 -1 至 2"),
    "dilemma": ("dilemma -1 to 3", "两难处理 -1 至 3"),
    "degenerate_rate": ("degenerate", "失效回答"),
}
for _scale, _levels in (("violation", VIOLATION_LEVELS), ("dilemma", DILEMMA_LEVELS)):
    for _level, (_en, _zh) in _levels.items():
        _sign = _level.replace("-", "−")
        MEASURES[f"{_scale}_share_{_level}"] = (f"{_sign} {_en}", f"{_sign} {_zh}")
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
    "no_majority": ("the panel has no majority", "评判组没有多数意见"),
    "unsure": ("the evaluator is not sure enough", "评估器把握不足"),
    "not_asked": ("not asked: the answer was known", "未提问：答案已知"),
}
JARGON: dict[str, Words] = {
    "none": ("no technical medical term", "没有专业医学词"),
    "Q1": ("Q1, fewest technical terms", "Q1（专业词最少）"),
    "Q2": ("Q2", "Q2"),
    "Q3": ("Q3", "Q3"),
    "Q4": ("Q4, most technical terms", "Q4（专业词最多）"),
}
GROUPS = {
    "principle": ("principle", "原则"),
    "source": ("source", "来源"),
    "scenario": ("scenario", "场景"),
    "style": ("style", "提问方式"),
    "language": ("language", "语言"),
    "jargon": ("share of technical medical terms", "专业医学词占比"),
}
SOURCES: dict[str, Words] = {
    "priority": ("priority dilemmas", "优先级两难"),
    "equilibrium": ("equilibrium dilemmas", "均衡两难"),
    "knowledge": ("knowledge", "伦理知识"),
    "violation": ("hidden violations", "隐含违规"),
    "zh_patients": ("Chinese patients", "中文患者"),
    "xstest": ("XSTest", "XSTest"),
    "kqa": ("K-QA", "K-QA"),
    "hex-phi": ("HEx-PHI", "HEx-PHI"),
}
THEMES: dict[str, Words] = {  # MedEthicEval's beside MedES's scenarios
    "安乐死": ("euthanasia", "安乐死"),
    "死亡诊断标准": ("criteria of death", "死亡诊断标准"),
    "特殊治疗": ("special treatments", "特殊治疗"),
    "疾病防控": ("disease control", "疾病防控"),
    "临床特殊科室": ("special departments", "临床特殊科室"),
}
_LABELS = {
    "source": SOURCES,
    "scenario": SCENARIOS | THEMES,
    "principle": PRINCIPLES,
    "style": STYLES,
    "language": LANGUAGES,
    "jargon": JARGON,
}


def is_tiny(model: str) -> bool:
    """True for the bundled model, with an adapter or without.

    >>> is_tiny("tiny"), is_tiny("tiny+adapters/one"), is_tiny("hf/tiny")
    (True, True, False)
    """
    return model.partition("+")[0] == "tiny"


def group_label(group: str, label: str, language: str) -> str:
    """What a group's label is called, e.g. `4 confidences`.

    >>> group_label("principle", "4", "en"), group_label("source", "gpt4", "zh"), group_label("style", "a_pun", "en")
    ('4 confidences', '来源 gpt4', 'style a pun')
    >>> group_label("scenario", "口腔科", "en")
    '口腔科'
    """
    place = 0 if language == "en" else 1
    words = _LABELS.get(group, {}).get(label)
    if words is None:
        plain = label.replace("_", " ") if group in ("style", "scenario") else label
        if group == "scenario":
            return plain  # a name of its own
        return f"{GROUPS.get(group, (group, group))[place]} {plain}"
    return f"{label} {words[place]}" if group == "principle" else words[place]


def measure_title(name: str, language: str = "en") -> str:
    """The title of a number."""
    return MEASURES.get(name, (name, name))[0 if language == "en" else 1]


def measure_words(name: str) -> Words:
    """The title of a number in both languages."""
    return MEASURES.get(name, (name, name))
