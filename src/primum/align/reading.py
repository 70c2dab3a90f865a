"""How a model reads a batch of TRL's, with less to compute for the same loss and metrics, up to rounding.

Only the places that foretell a token that counts go through the head. (TRL does so on a GPU alone.)

A pair is one row: the prompt is read once, and no answer is padded to the length of the other. TRL has two rows a pair,
prompt and chosen answer, prompt and rejected answer. Here they become

    prompt . chosen . the prompt's last token again . rejected

The second half sees the prompt but for its last token, itself, and nothing of the first answer; its positions go on from
the prompt's. The last token stands twice because it foretells the first token of both answers.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import torch

IGNORED = -100
KERNELS = ("sdpa", "eager")  # those that take any mask
LAYERS = {"full_attention", "sliding_attention"}  # those in which a token knows of others by the mask alone
SAID = ("log_probs", "entropy", "log_sum_sq_probs", "mean_logits", "is_top1", "label_mask")


class Rows(NamedTuple):
    """n pairs as n rows of s tokens: `ids` and `positions` (n, s); `seen` (n, 1, s, s), true where a token (third axis) sees
    another (fourth); `row` and `column` (2n, t), where each token of TRL's two rows of t stands in them."""

    ids: torch.Tensor
    positions: torch.Tensor
    seen: torch.Tensor
    row: torch.Tensor
    column: torch.Tensor


def shared_rows(ids: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor) -> Rows:
    """TRL's rows of pairs, (2n, t) each, as one row a pair. The chosen answers come first, padding stands on the right;
    `labels` are IGNORED in the prompt, which has a token at least."""
    n, width = ids.shape[0] // 2, ids.shape[1]
    count = mask.sum(1, keepdim=True)
    prompt = (labels[:n] != IGNORED).int().argmax(1, keepdim=True)
    first = count[:n]
    shift = first - prompt + 1  # how far a rejected answer lies behind its place in TRL's row
    end = count[n:] + shift
    at = torch.arange(int(end.max()), device=ids.device)[None]
    late = at >= first
    positions = torch.where(late, at - shift, at).clamp(max=width - 1)
    pair = torch.arange(n, device=ids.device)[:, None]
    hidden = (at >= prompt - 1) & ~late  # from the second half
    seen = (at[:, None] <= at[:, :, None]) & (at < end)[:, None] & ~(late[:, :, None] & hidden[:, None])
    seen |= torch.eye(at.shape[1], dtype=torch.bool, device=ids.device)  # padding must see something
    column = torch.arange(width, device=ids.device)[None]
    return Rows(
        ids[pair + n * late, positions],
        positions,
        seen[:, None],
        torch.cat([pair, pair]).expand(-1, width),
        torch.cat([column.expand(n, -1), column + shift]),
    )


def can_share(model: Any) -> bool:
    """Whether a token of this causal language model knows of others by the attention's mask alone, and it takes one."""
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ())
    return config._attn_implementation in KERNELS and not kinds - LAYERS and not getattr(model, "_is_stateful", False)


def read_less(model: Any, *, share: bool = False) -> None:
    """Make a causal language model that has TRL's fused head read as said above; pairs in one row where `share` is set."""
    whole = model.forward

    @functools.wraps(whole)
    def forward(*rest: Any, fused_lm_head: bool = False, **named: Any) -> Any:
        if not fused_lm_head:
            return whole(*rest, **named)
        labels = named.pop("labels")
        counts = labels[:, 1:] != IGNORED
        row, column = counts.nonzero(as_tuple=True)
        if share:
            rows = shared_rows(named["input_ids"], named["attention_mask"], labels)
            row, column = rows.row[row, column], rows.column[row, column]
            named |= {"input_ids": rows.ids, "position_ids": rows.positions, "attention_mask": _mask(model, rows.seen)}

        def pick(backbone: Any, given: Any, out: Any) -> Any:
            out.last_hidden_state = out.last_hidden_state[row, column][None]
            return out

        hook = model.base_model.register_forward_hook(pick)
        try:
            said = whole(*rest, **named, shift_labels=labels[:, 1:][counts][None], fused_lm_head=True)
        finally:
            hook.remove()
        for name in SAID:
            if (value := getattr(said, name)) is not None:
                setattr(said, name, value.new_zeros(counts.shape).masked_scatter(counts, value))
        return said

    model.forward = forward


def _mask(model: Any, seen: torch.Tensor) -> torch.Tensor:
    if model.config.get_text_config()._attn_implementation == "sdpa":
        return seen
    return torch.zeros(seen.shape, dtype=model.dtype, device=seen.device).masked_fill(
        ~seen, torch.finfo(model.dtype).min
    )
