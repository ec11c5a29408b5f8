"""A tiny random Llama with character tokens and a chat template, made in a second: real code, no task."""

from pathlib import Path

from backend.demo.make_model import make_tokenizer


def make_tiny_model(
    folder: Path, *, hidden: int = 32, layers: int = 2, context: int = 256, seed: int = 0, spread: float = 0.3
) -> Path:
    """Write an untrained model (fp32 safetensors, tokenizer, chat template) into a folder and return it.

    `spread` is the deviation of the weights: at 0.3 greedy texts vary, and texts end now and then by themselves.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.set_num_threads(1)
    tokenizer = make_tokenizer()
    tokenizer.model_max_length = context
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=3 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=max(1, hidden // 16),
        num_key_value_heads=max(1, hidden // 16),
        max_position_embeddings=context,
        initializer_range=spread,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
