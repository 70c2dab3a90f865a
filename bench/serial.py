"""A plain loop over the openai package, one call after the other: `PYTHON bench/serial.py BASE_URL PAIRS`.

Each pair is a call to the target and one to the judge. Prints a JSON object with the seconds of all pairs.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time

from suite import REQUEST


def main(base_url: str, pairs: int) -> None:
    from openai import OpenAI

    client = OpenAI(base_url=base_url, api_key="none")
    started = time.perf_counter()
    for n in range(pairs):
        said = REQUEST.format(n=n, m=n)
        for model in ("target", "judge"):
            messages = [{"role": "user", "content": said}]
            answer = client.chat.completions.create(model=model, messages=messages, max_tokens=512)
            said = f"Score this answer from 1 to 5: {answer.choices[0].message.content}"
    wall = time.perf_counter() - started
    print(json.dumps({"wall": wall, "pairs": pairs, "version": importlib.metadata.version("openai")}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
