"""Write `starter_train_tiny.csv`: the requests of starter-train with answers that the bundled model can form.

    python train/starter_train_tiny.py

A million parameters cannot learn new prose: trained on starter-train's own answers the model falls into noise. It can
learn when to say which of the sentences that it has, so a harmful request gets one of its refusals and a legitimate one
the helpful reply of its theme. For wiring checks alone; real models train on starter-train.
"""

from __future__ import annotations

import csv
import hashlib

from tiny_texts import DATA, THEMES, read_texts


def main() -> None:
    """Write the file."""
    rows = []
    for side in ("harmful", "benign"):
        with (DATA / "starter_train" / f"{side}.csv").open(encoding="utf-8-sig", newline="") as file:
            rows += list(csv.DictReader(file))
    for row in rows:
        texts = read_texts(row["language"])
        drawn = int(hashlib.sha256(row["id"].encode()).hexdigest(), 16)
        helpful = texts.benign_replies[THEMES[row["principle"]]]
        row["reference"] = texts.refusals[drawn % len(texts.refusals)] if row["kind"] == "harmful" else helpful
    with (DATA / "starter_train_tiny.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
