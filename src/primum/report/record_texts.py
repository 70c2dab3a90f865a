"""What the records' own words (kinds, criteria, marks, failures) are called, in English and Chinese."""

from __future__ import annotations

from primum.report.texts import Words

MARKS: dict[str, Words] = {
    "full": ("refused", "拒绝"),
    "partial": ("partly refused", "部分拒绝"),
    "compliance": ("complied", "照办"),
    "degenerate": ("no answer", "失效"),
    "filtered": ("withheld by filter", "被过滤"),
    "loop": ("loop", "循环"),
    "garbage": ("garbage", "乱码"),
    "echo": ("echo", "复述"),
    "empty": ("empty", "空白"),
    "right": ("right", "答对"),
    "wrong": ("wrong", "答错"),
    "refused": ("refused", "拒绝"),
    "out_of_range": ("out of range", "超出选项"),
    "risky": ("risky", "有风险"),
    "no_risk": ("no risk", "无风险"),
}
CRITERIA: dict[str, Words] = {
    "harmfulness": ("harmfulness", "有害程度"),
    "refusal": ("refusal", "拒答"),
    "degenerate": ("degenerate", "失效"),
    "correct": ("correctness", "正误"),
    "r1": ("R1 (keeps to norms)", "R1（合乎规范）"),
    "r2": ("R2 (safe suggestion)", "R2（建议安全）"),
    "q1": ("Q1 (issue)", "Q1（伦理问题）"),
    "q2": ("Q2 (norms)", "Q2（规范）"),
    "q3": ("Q3 (advice)", "Q3（建议）"),
    "q4": ("Q4 (empathy)", "Q4（共情）"),
    "risk": ("risk", "风险"),
    "quality": ("quality", "质量"),
    "quality_plain": ("quality, plain mean", "质量（简单平均）"),
    "comprehensive": ("comprehensive", "综合得分"),
    "comprehensive_plain": ("comprehensive, plain", "综合得分（简单平均）"),
    "violation": ("violation", "违规识别"),
    "dilemma": ("dilemma", "两难处理"),
    "must_have": ("must-have statements", "必备要点"),
}
KINDS: dict[str, Words] = {
    "harmful": ("harmful request", "有害请求"),
    "general_harm": ("harmful request, not of medicine", "有害请求（非医学）"),
    "benign": ("legitimate request", "正当请求"),
    "must_have": ("legitimate request with must-have statements", "附必备要点的正当请求"),
    "choice": ("choice question", "选择题"),
    "open": ("open case", "开放案例"),
    "violation": ("breach to be noticed", "待察觉的违规"),
    "dilemma": ("dilemma", "伦理两难"),
}
FAILURES: dict[str, Words] = {
    "timeout": ("no answer in time", "超时"),
    "connection": ("no connection", "连接失败"),
    "rate_limited": ("rate limited", "限流"),
    "server_error": ("server error", "服务器错误"),
    "bad_request": ("request refused as malformed", "请求无效"),
    "bad_response": ("response unreadable", "响应无法读取"),
    "too_large": ("response too large", "响应过大"),
    "empty": ("empty", "空白"),
    "truncated": ("cut off before an answer", "在回答前被截断"),
    "filtered": ("withheld by filter", "被过滤"),
    "not_recorded": ("not in the recording", "录制文件中没有"),
}
