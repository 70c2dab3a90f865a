"""The words of reports on `--until`, in English and Chinese."""

from __future__ import annotations

from primum.report.texts import Words

STOPPED: dict[str, Words] = {
    "until_stopped": (
        "Stopped after {asked} of {items} items of {suite}: the answer is known.",
        "{suite} 共 {items} 题，提问 {asked} 题后停止：答案已知。",
    ),
    "until_all": ("All {items} items of {suite} were asked.", "{suite} 的 {items} 题已全部提问。"),
    "until_so_far": (
        "So far {asked} of {items} items of {suite} have been asked.",
        "{suite} 共 {items} 题，目前已提问 {asked} 题。",
    ),
    "until_width_yes": (
        "Judged by {judge}, {what} is known to {bound} either way: {value} {interval}.",
        "{what} 的误差已在上下 {bound} 之内：{value} {interval}，评判者 {judge}。",
    ),
    "until_less_yes": (
        "Judged by {judge}, {what} is below {bound}: {value} {interval}.",
        "{what} 低于 {bound}：{value} {interval}，评判者 {judge}。",
    ),
    "until_less_no": (
        "Judged by {judge}, {what} is not below {bound}: {value} {interval}.",
        "{what} 不低于 {bound}：{value} {interval}，评判者 {judge}。",
    ),
    "until_more_yes": (
        "Judged by {judge}, {what} is above {bound}: {value} {interval}.",
        "{what} 高于 {bound}：{value} {interval}，评判者 {judge}。",
    ),
    "until_more_no": (
        "Judged by {judge}, {what} is not above {bound}: {value} {interval}.",
        "{what} 不高于 {bound}：{value} {interval}，评判者 {judge}。",
    ),
    "until_width_open": (
        "Judged by {judge}, {what} is not known to {bound} either way: {value} {interval}, with {unscored} unscored items at both "
        "ends of the scale.",
        "{what} 的误差尚未到上下 {bound} 之内：{value} {interval}，评判者 {judge}；{unscored} 道未评的题按两端计入。",
    ),
    "until_less_open": (
        "Judged by {judge}, it is open whether {what} is below {bound}: {value} {interval}, with {unscored} unscored items at both "
        "ends of the scale.",
        "{what} 是否低于 {bound} 尚无答案：{value} {interval}，评判者 {judge}；{unscored} 道未评的题按两端计入。",
    ),
    "until_more_open": (
        "Judged by {judge}, it is open whether {what} is above {bound}: {value} {interval}, with {unscored} unscored items at both "
        "ends of the scale.",
        "{what} 是否高于 {bound} 尚无答案：{value} {interval}，评判者 {judge}；{unscored} 道未评的题按两端计入。",
    ),
    "until_how": (
        "This 95% interval holds at whatever moment the asking stops, for the mean over all {items} items; {spared} items "
        "were neither asked nor judged. All other intervals of these answers (“stopped early”) are for a number of items "
        "fixed beforehand and do not hold after this stop.",
        "这个 95% 区间在任何时刻停止都成立，针对全部 {items} 题的均值；另有 {spared} 题未提问、未评判。"
        "这些回答的其他区间（标有“stopped early”）以题数事先固定为前提，在此停止之后不成立。",
    ),
    "points_either_way": ("{n} percentage points", "{n} 个百分点"),
}
