"""The words of reports on alignment: exams, the gate, and what an adapter was made of; in English and Chinese."""

from __future__ import annotations

from primum.report.texts import Words

EXAMS: dict[str, Words] = {
    "exams": ("Exams", "考试"),
    "exam_accuracy": ("accuracy in exams", "考试正确率"),
    "exam_by_key": ("{exams} · marked by the key", "{exams} · 按标准答案评分"),
    "exam_loglikelihood": ("log-probability", "对数概率"),
    "exam_generative": ("letter read from text", "从文字中读取选项"),
    "exam_shots": ("shots {n}", "示例 {n} 道"),
    "exam_questions": ("{n} questions", "{n} 题"),
    "exam_unread": ("{n} unread, counted as wrong", "{n} 题答案无法读取，计为答错"),
    "exam_cut": ("{n} too long, their beginning cut", "{n} 题过长，开头被截断"),
    "exams_not_measured": ("Exams are not measured.", "考试未测量。"),
    "exams_differ": (
        "Not all runs took the same exams in the same way; only those that they share are pooled.",
        "各次运行的考试或考法不尽相同；合计只含共有的部分。",
    ),
    "exams_share_none": (
        "The runs share no exam taken in the same way: their figures cannot be compared.",
        "各次运行没有以同样方式进行的考试：其数字不可比较。",
    ),
    "exams_how": (
        "Exams are compared question by question; an answer that could not be read is wrong.",
        "考试逐题比较；无法读取的答案计为答错。",
    ),
    "change": ("B minus A: <b>{value}</b> {interval}", "B 减 A：<b>{value}</b> {interval}"),
    "change_points": (
        "B minus A: <b>{value}</b> {interval}\u00a0% points",
        "B 减 A：<b>{value}</b> {interval}\u00a0个百分点",
    ),
    "change_better": ("B is better", "B 较好"),
    "change_worse": ("B is worse", "B 较差"),
    "change_not_shown": ("no difference shown", "未见差异"),
    "change_no_pairs": ("no pairs", "无配对"),
}
GATE: dict[str, Words] = {
    "gate": ("Gate", "发布门禁"),
    "gate_pass": ("ships", "可以发布"),
    "gate_fail": ("does not ship", "不予发布"),
    "gate_inconclusive": ("inconclusive", "尚无定论"),
    "wiring_pass": ("wiring check passed", "流程检查通过"),
    "wiring_fail": ("wiring check failed", "流程检查未通过"),
    "wiring_inconclusive": ("wiring check inconclusive", "流程检查尚无定论"),
    "wiring_how": (
        "The policy wiring only shows that measuring, aligning and gating are joined up. No model may be shipped on it.",
        "wiring 策略只检验测量、对齐与门禁是否连通，不得据此发布任何模型。",
    ),
    "gate_under": (
        "under the policy <b>{policy}</b> · <b>{candidate}</b> beside its base <b>{base}</b> · judged by {judges} · {day}",
        "依据策略 <b>{policy}</b> · 候选 <b>{candidate}</b> 对照基础模型 <b>{base}</b> · 评判者 {judges} · {day}",
    ),
    "gate_all_passed": ("All {n} checks passed.", "{n} 项检查全部通过。"),
    "gate_nothing": ("Nothing was checked.", "没有检查任何内容。"),
    "gate_checks": ("All checks ({n})", "全部检查（{n}）"),
    "gate_means": (
        "A pass means only that no check of this policy failed.",
        "通过只表示本策略没有一项检查不通过。",
    ),
    "gate_later": (
        "A run was taken up again, or took an exam, after this verdict: <code>{command}</code> gives a new one.",
        "作出结论之后，有运行被重新处理或新增考试：<code>{command}</code> 可重新判定。",
    ),
    "gate_elsewhere": (
        "A gate was applied to {candidate} beside another run than those of this page, {run} of {base}: its verdict stands in "
        "the page of both. <code>{command}</code>",
        "曾对 {candidate} 执行发布门禁，但对照的不是本页的运行，而是 {base} 的运行 {run}：其结论见二者的页面。<code>{command}</code>",
    ),
    "gate_old": (
        "A gate was applied to {candidate} before the answers of these runs were changed: its verdict does not hold for them. "
        "<code>{command}</code>",
        "对 {candidate} 执行发布门禁之后，这些运行的回答有改动：其结论对它们不成立。<code>{command}</code>",
    ),
    "gate_not_its": (
        "The gate.json in the folder of {candidate} is about another candidate, the run {run}: its verdict is not shown here.",
        "{candidate} 目录中的 gate.json 针对另一候选运行 {run}：其结论不在此显示。",
    ),
    "gate_unread": (
        "The gate.json in the folder of {candidate} does not read as a gate's verdict.",
        "{candidate} 目录中的 gate.json 无法读取为门禁结论。",
    ),
    "answer_pass": ("passes", "通过"),
    "answer_fail": ("fails", "不通过"),
    "answer_inconclusive": ("open", "未定"),
    "observed_is": ("observed {value}", "观测值 {value}"),
    "worse_is": ("worse by {value}", "变差 {value}"),
    "limit_is": ("limit {value}", "限值 {value}"),
    "gate_signs": (
        "Rates of loops, garbage and coverage are observed as they are; every other number is by how much the candidate is worse "
        "(a minus: better). The bound is one-sided; it decides.",
        "失效率与覆盖率为观测值本身；其余数字均为候选变差的幅度（负值为改善）。界限为单侧，据此判定。",
    ),
    "at_most": ("bound: at most {value}", "界限至多 {value}"),
    "at_least": ("bound: at least {value}", "界限至少 {value}"),
    "points": ("{value}\u00a0points", "{value} 个百分点"),
    "items_n": ("{n} items", "{n} 题"),
}
CHECKS: dict[str, Words] = {
    "harm": ("harm", "危害"),
    "harm_by_principle": ("harm by principle", "分原则危害"),
    "over_refusal": ("over-refusal", "过度拒答"),
    "must_have": ("must-have facts", "必备要点"),
    "exams": ("exams", "考试合计"),
    "exam": ("exam", "单项考试"),
    "degenerate": ("degenerate answers", "失效回答"),
    "coverage": ("coverage", "覆盖率"),
}
LINEAGE: dict[str, Words] = {
    "lineage": ("The adapter, and what it was made of", "适配器及其来历"),
    "lineage_away": (
        "The run's model had the adapter {path} (SHA-256 {sha}). That folder is not here, or was not made by Primum, so what it "
        "was trained on cannot be told.",
        "本次运行的模型带有适配器 {path}（SHA-256 {sha}）。该目录不在此处，或并非由 Primum 生成，因此无法说明其训练数据。",
    ),
    "lineage_changed": (
        "The run's model had the adapter {path} (SHA-256 {sha}). What is in that folder now is not it.",
        "本次运行的模型带有适配器 {path}（SHA-256 {sha}）。该目录现有的内容已不是它。",
    ),
    "contaminated_note": (
        "{model} was trained on examples that stand in evaluation suites too (recipe {recipe}): numbers on those suites "
        "flatter it.",
        "{model} 的训练数据含有同时出现在测试集中的样例（配方 {recipe}）：这些测试集上的数字对它偏于有利。",
    ),
    "adapter": ("adapter", "适配器"),
    "weights": ("weights, SHA-256", "权重 SHA-256"),
    "recipe": ("recipe", "配方"),
    "sft": ("supervised fine-tuning", "监督微调"),
    "dpo": ("preference optimisation", "偏好优化"),
    "base": ("base", "基础模型"),
    "goes_on_from": ("goes on from", "起始适配器"),
    "examples": ("examples", "训练样例"),
    "group_med": ("{n} harmful medical requests", "医学有害请求 {n} 条"),
    "group_gen": ("{n} other harmful requests", "其他有害请求 {n} 条"),
    "group_benign": ("{n} legitimate requests", "正当请求 {n} 条"),
    "left_out_examples": ("left out", "未用于训练"),
    "left_duplicate": ("{n} given twice", "重复 {n} 条"),
    "left_evaluation": (
        "{n} of a family with an evaluation item, or nearly its request",
        "与测试题同族或近乎相同 {n} 条",
    ),
    "left_truncated": ("{n} too long", "过长 {n} 条"),
    "left_unanswered": ("{n} without an answer to reject", "没有可拒绝的回答 {n} 条"),
    "left_equal": ("{n} with two equal answers", "两个回答相同 {n} 条"),
    "left_none": ("none", "没有"),
    "clean": ("contaminated", "污染"),
    "contaminated": (
        "yes: examples that stand in evaluation suites too were kept, as in the paper; numbers on those suites flatter the "
        "adapter",
        "是：与论文一致，保留了同时出现在测试集中的样例；这些测试集上的数字对适配器偏于有利",
    ),
    "checked_against": ("no: compared with {suites}", "否：已与 {suites} 比对"),
    "not_checked_all": (
        "not known: compared with {suites}, not with {missing}, on which it was measured",
        "不明：已与 {suites} 比对，但未与所测的 {missing} 比对",
    ),
    "not_checked": (
        "not known: the examples were compared with no evaluation suite",
        "不明：训练样例未与任何测试集比对",
    ),
    "not_checked_start": (
        "not known: the adapter that it goes on from, {path}, is not here or was changed",
        "不明：其起始适配器 {path} 不在此处或已改动",
    ),
    "train_seed": ("seed", "随机种子"),
    "trained": ("training", "训练过程"),
    "trained_how": (
        "{state} · {steps} steps, {tokens} tokens, {seconds} s · {created}",
        "{state} · {steps} 步，{tokens} 词元，{seconds} 秒 · {created}",
    ),
    "train_data": ("data", "数据"),
}
ALIGNED = EXAMS | GATE | LINEAGE
