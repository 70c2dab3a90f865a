"""The words of the report page, in English and Chinese. They may hold markup; values put into them are escaped."""

from __future__ import annotations

from primum.report.texts import Words
from primum.report.texts_aligned import ALIGNED
from primum.report.texts_said import SAID
from primum.report.texts_stopped import STOPPED
from primum.report.texts_trusted import TRUSTED

SAFE_AND_WEAK: dict[str, Words] = {
    "comma": (", ", "、"),
    "semicolon": ("; ", "；"),
    "stop": (".", "。"),
    "colon": (": ", "："),
    "report": ("Primum report", "Primum 报告"),
    "language": ("Language of this page", "页面语言"),
    "contents": ("Contents", "目录"),
    "head_one": (
        "{suites} · {items} items · judged by {judges} · {day}",
        "{suites} · {items} 题 · 评判者 {judges} · {day}",
    ),
    "unfinished": (
        "This run is not finished ({state}): every number below is of what there is so far.",
        "本次运行尚未完成（{state}）：以下数字只反映目前已有的部分。",
    ),
    "several": (
        "Several runs stand side by side. Whether they differ is a paired question: <code>{command}</code>",
        "本页并列多次运行。它们之间有无差异需作配对比较：<code>{command}</code>",
    ),
    "several_paired": (
        'Two runs stand side by side. Whether they differ: <a href="#differences">from A to B</a>.',
        '本页并列两次运行。二者有无差异见<a href="#differences">从 A 到 B</a>。',
    ),
    "incomparable": (
        "These two runs cannot be compared item by item: {why}.",
        "这两次运行无法逐题比较：{why}。",
    ),
    "safe": ("Is it safe?", "安全吗？"),
    "safe_how": ("In brackets: the 95% interval.", "方括号内为 95% 区间。"),
    "harm": ("Harm", "危害"),
    "over_refusal": ("Over-refusal", "过度拒答"),
    "ability": ("Ability", "能力"),
    "trust": ("Trust in the judge", "评判者可信度"),
    "not_measured": ("not measured", "未测量"),
    "measure_with": ("To measure it:", "测量方法："),
    "harm_not_measured": (
        "Harmfulness is not measured: it takes a model as judge.",
        "有害程度未测量：需要一个模型作为评判者。",
    ),
    "not_against_people": ("not measured against people", "尚未与人的判断核对"),
    "judge": ("judge", "评判者"),
    "judged_by": ("judged by {judge}", "评判者 {judge}"),
    "no_judge": ("none", "无"),
    "incomplete": ("incomplete: {n} of {total} scored", "不完整：{total} 个中只评了 {n} 个"),
    "interval": ("95% interval", "95% 区间"),
    "share_none": ("none of {n}", "{n} 个中没有一个"),
    "share_all": ("all {n}", "{n} 个全部"),
    "share_few": ("about 1 in {b}", "约每 {b} 个中有 1 个"),
    "share_most": ("all but about 1 in {b}", "约每 {b} 个中除 1 个外全部"),
    "share_some": ("about {a} in {b}", "约每 {b} 个中有 {a} 个"),
    "word_harmful_share": ("{share} answers scored harmful (4 or 5)", "{share}回答被评为有害（4 或 5 分）"),
    "word_not_refused": ("{share} harmful requests not refused", "{share}有害请求没有被拒绝"),
    "word_refusal_rate": ("{share} harmful requests refused", "{share}有害请求被拒绝"),
    "word_over_refusal_rate": ("{share} legitimate requests turned away", "{share}正当请求被拒之门外"),
    "word_accuracy": ("{share} questions answered right", "{share}问题答对"),
    "word_risk_rate": ("{share} answers risky", "{share}回答有风险"),
    "word_violation_share_-1": ("{share} answers side with the breach", "{share}回答附和违规"),
    "more_numbers": ("More numbers ({n})", "更多数字（{n}）"),
    "judges_here": ("Judges here: {judges}.", "本页的评判者：{judges}。"),
    "unscored_here": ("{n} of {total} judgements are missing.", "{total} 个判断中缺 {n} 个。"),
    "none_missing": ("No judgement is missing.", "没有缺失的判断。"),
    "panel_same": (
        "Two judges gave the same mark ({what}) to {same} {interval} of {n} answers.",
        "两位评判者对 {n} 个回答中的 {same} {interval} 给出相同评分（{what}）。",
    ),
    "panel_range": (
        "The judges, two by two, gave the same mark ({what}) to {low} to {high} of the answers.",
        "评判者两两相比，对 {low} 至 {high} 的回答给出相同评分（{what}）。",
    ),
    "retest_same": (
        "Asked again, {judge} gave the same mark ({what}) to {same} {interval} of {n} answers.",
        "再次评判时，{judge} 对 {n} 个回答中的 {same} {interval} 给出相同评分（{what}）。",
    ),
    "differences": ("From A to B", "从 A 到 B"),
    "differences_how": (
        "B minus A over the {pairs} items that both runs have, item by item under the same judge. The p is of a permutation "
        "test, adjusted ({adjust}) for the number of lines; a direction is named where it is below 0.05.",
        "对两次运行共有的 {pairs} 题，在同一评判者下逐题相减（B 减 A）。p 值来自置换检验，并按行数校正（{adjust}）；校正后小于 0.05 时才写明方向。",
    ),
    "difference": ("B minus A", "B 减 A"),
    "adjusted_p": ("adjusted p", "校正 p 值"),
    "direction": ("so B is", "即 B"),
    "better": ("better", "较好"),
    "worse": ("worse", "较差"),
    "not_shown": ("no difference shown", "未见差异"),
    "pairs": ("pairs", "配对数"),
    "left_out": ("left out", "未配对"),
    "no_pairs": ("no pairs", "无配对"),
    "weak": ("Where is it weak?", "弱点在哪里？"),
    "weak_how": (
        "A mark is an estimate, the line through it its 95% interval; the dashed line is the value over all. "
        "Within a chart the weakest comes first (quarters and levels keep their order); where there are several marks, the first decides. Small groups have wide intervals: a mark that is out of place on a "
        "long line says little.",
        "标记为估计值，横线为 95% 区间，虚线为总体值。每张图由弱到强排列（四分位和级别按自身次序）；有多个标记时以第一个为准。"
        "小组样本少、区间宽：长横线上偏离的标记说明不了什么。",
    ),
    "higher_worse": ("further right is worse", "越靠右越差"),
    "higher_better": ("further right is better", "越靠右越好"),
    "by": ("By {group}", "按{group}"),
    "all": ("all", "总体"),
    "weakest": ("weakest: {label}, {value} {interval}", "最弱：{label}，{value} {interval}"),
    "as_table": ("the same as a table", "以表格显示"),
    "not_drawn": (
        "{n} groups are not drawn: <code>{command}</code> lists them.",
        "另有 {n} 组未画出：<code>{command}</code> 可全部列出。",
    ),
    "no_interval": ("Not drawn, for want of a value: {n}.", "没有数值而未画出的：{n} 组。"),
    "series_left": ("Only the first {n} series are drawn.", "只画出前 {n} 个系列。"),
    "levels_violation": ("Share of each level", "各级占比"),
    "levels_dilemma": ("Share of each level", "各级占比"),
    "levels_risk_rate": (
        "The two layers: R1, R2; Q1 to Q4 of answers without risk",
        "两层指标：R1、R2；Q1 至 Q4 只计无风险回答",
    ),
    "layers_how": (
        "R1 and R2: further right is worse. Q1 to Q4: further right is better.",
        "R1、R2 越靠右越差，Q1 至 Q4 越靠右越好。",
    ),
    "levels_how": (
        "The levels are described in Primum's own words; the authors published no scoring texts.",
        "各级别的说明由 Primum 自行撰写；原作者未公布评分文本。",
    ),
    "level": ("level", "级别"),
    "slope": (
        "Each tenth more of technical medical terms in the request: {value} {interval} {unit} ({judge}).",
        "请求中专业医学词每多一成：{value} {interval} {unit}（{judge}）。",
    ),
    "slope_none": (
        "What each tenth more of technical medical terms in the request does cannot be told here ({judge}).",
        "请求中专业医学词每多一成有何影响，此处无法判断（{judge}）。",
    ),
    "no_limits": ("(no interval)", "（无区间）"),
    "points_of": ("points of {what}", "分（{what}）"),
    "percent_points": ("% points", "个百分点"),
    "percent_points_of": ("percentage points of {what}", "个百分点（{what}）"),
    "nothing_weak": ("There are no numbers by group in this run.", "本次运行没有分组数字。"),
    "group": ("group", "组"),
    "value": ("value", "数值"),
    "scored": ("scored", "已评"),
    "unscored": ("unscored", "未评"),
    "run": ("run", "运行"),
}
PAGE = SAFE_AND_WEAK | SAID | TRUSTED | STOPPED | ALIGNED


def words(key: str, /, **values: object) -> Words:
    """One entry with its values filled in, as plain text in both languages; a pair among the values is chosen from.

    >>> words("by", group=("source", "来源"))
    ('By source', '按来源')
    """
    return _filled(PAGE[key], 0, values), _filled(PAGE[key], 1, values)


def _filled(entry: Words, place: int, values: dict[str, object]) -> str:
    chosen = {name: value[place] if isinstance(value, tuple) else value for name, value in values.items()}
    return entry[place].format(**chosen)
