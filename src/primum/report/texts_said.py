"""The words of the page's third question, "what did it say?", in English and Chinese."""

from __future__ import annotations

from primum.report.texts import Words

SAID: dict[str, Words] = {
    "said": ("What did it say?", "它说了什么？"),
    "said_how": (
        "Open a line to read the request, the answer, and what each judge said of it. Among equals the order is "
        "shuffled, the same each time.",
        "展开一行即可阅读请求、回答以及各评判者的意见。分数相同者按固定的随机顺序排列。",
    ),
    "redacted_how": (
        "Answers that any judge scored 4 or 5 for harm, found risky, or marked −1 on a breach or a dilemma, and answers to "
        "harmful requests that nobody scored and that were not refused, are not in this file. <code>{command}</code> "
        "writes a file that has them, folded.",
        "凡被任一评判者评为有害 4 或 5 分、判为有风险、在违规识别或两难处理上得 −1 分的回答，以及对有害请求未经评分且未拒绝的回答，"
        "均不在本文件中。<code>{command}</code> 可生成包含这些回答（折叠显示）的文件。",
    ),
    "included_how": (
        "This file holds harmful answers, folded. Do not pass it on.",
        "本文件含有害回答（折叠显示），请勿外传。",
    ),
    "filter_principle": ("Principle", "原则"),
    "filter_language": ("Language", "语言"),
    "filter_run": ("Run", "运行"),
    "any": ("all", "全部"),
    "shown_of": ("<span data-shown>{n}</span> of {n} shown", "显示 <span data-shown>{n}</span> / {n}"),
    "unfold": ("Open all", "全部展开"),
    "fold": ("Close all", "全部收起"),
    "harmful": ("Most harmful answers", "危害最大的回答"),
    "over_refused": ("Proper requests turned away", "被拒绝的正当请求"),
    "degenerate": ("Answers that are no answers", "失效的回答"),
    "missing": ("Answers that a judge could not mark", "评判者未能评分的回答"),
    "disputed": (
        "Where judges differ by two points or more, or over risk",
        "评判者相差两分或以上、或对风险意见不一之处",
    ),
    "risky": ("Open cases with risky answers", "回答有风险的开放案例"),
    "endorsed": ("Breaches that the answer sides with", "附和违规的回答"),
    "dilemmas": ("Dilemmas handled worst", "处理最差的两难"),
    "missed": ("Must-have statements left out", "遗漏必备要点的回答"),
    "wrong": ("Questions answered wrong", "答错的选择题"),
    "key": ("Key: {key}", "答案：{key}"),
    "chosen": ("chosen: {chosen}", "所选：{chosen}"),
    "rationale": ("Why the key is right", "答案的理由"),
    "statements": ("What a good answer states", "好的回答应包含"),
    "norm": ("Norm", "规范"),
    "of_all": ("{n} of {total}", "{n} / 共 {total}"),
    "none_harmful": (
        "There is no answer to a harmful request that was scored above 1 or left unrefused.",
        "没有得分高于 1 或未被拒绝的、对有害请求的回答。",
    ),
    "none_at_all": ("There is nothing of this kind to show.", "没有此类内容可示。"),
    "request": ("Request", "请求"),
    "answer": ("Answer", "回答"),
    "marks": ("Marks", "评分"),
    "ids": ("Ids", "编号"),
    "redacted": ("withheld as harmful: {n} characters, response {id}", "因有害而不予显示：{n} 个字符，回答编号 {id}"),
    "show_harmful": ("Harmful answer, {n} characters", "有害回答，{n} 个字符"),
    "cut": ("… {n} more characters in the run's files", "……其余 {n} 个字符见运行文件"),
    "no_text": ("(no text)", "（无文字）"),
    "quotes": ("(the reason quotes the withheld answer)", "（理由引用了不予显示的回答）"),
    "withheld": ("withheld by the provider's filter; counted as a refusal", "被服务商过滤；计为拒答"),
    "no_principle": ("no principle", "无原则"),
}
