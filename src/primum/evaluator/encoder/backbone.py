"""Pretrained models without a head: opened in float32, what kind they are, and how much text they take."""

from __future__ import annotations

import logging
from typing import Any

from primum.errors import BadInputError


def open_backbone(path: str, here: bool, own: bool = False) -> tuple[Any, Any]:
    """The tokenizer and the model without a head, in float32, on the GPU where there is one; a folder where it is `here`.

    One of our `own` is read from safetensors alone: nothing is unpickled. No code of a model is ever run.

    Raises:
        BadInputError: there is no such model, or its weights are not whole.
    """
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # a name that is not there is told in one sentence
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=here, trust_remote_code=False)
        backbone, told = AutoModel.from_pretrained(
            path,
            local_files_only=here,
            trust_remote_code=False,
            use_safetensors=True if own else None,
            dtype=torch.float32,
            output_loading_info=True,
        )
        missing = sorted(name for name in told["missing_keys"] if "pooler" not in name)  # a pooler is not used
        if missing:
            raise ValueError(f"its weights lack {missing[0]}")
        if not tokenizer.is_fast:
            raise ValueError("it has no fast tokenizer")
    except Exception as error:  # whatever a broken folder makes the libraries raise, the folder is what is wrong
        raise BadInputError(f"cannot load the model '{path}': {first_line(error)}") from error
    return tokenizer, backbone.to("cuda" if torch.cuda.is_available() else "cpu")


def is_causal(config: Any) -> bool:
    """True for a model that reads from left to right: all that are not made to fill gaps."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    return config.model_type not in MODEL_FOR_MASKED_LM_MAPPING_NAMES or bool(getattr(config, "is_decoder", False))


def longest(tokenizer: Any, backbone: Any) -> int:
    """The number of tokens that a model takes at most."""
    places = int(getattr(backbone.config, "max_position_embeddings", None) or tokenizer.model_max_length)
    table = getattr(getattr(backbone, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)  # RoBERTa counts its places from behind the padding's
    return min(int(tokenizer.model_max_length), places - (0 if padding is None else padding + 1))


def first_line(error: Exception) -> str:
    """What an error of a library says first."""
    return str(error).strip().split("\n")[0]
