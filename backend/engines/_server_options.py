"""What a model server is started with beside its model: Rondo's options, then those of the settings."""

import shlex

from backend.errors import InvalidInput

OWN = (
    "--api-key",
    "--config",
    "--generation-config",
    "--host",
    "--model",
    "--port",
    "--root-path",
    "--served-model-name",
    "--ssl-certfile",
    "--ssl-keyfile",
    "--uds",
)
"""What Rondo sets, and what would take the server to another address or name."""


RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The largest ranks that vLLM can be told to keep room for."""
HIGHEST_RANK = RANKS[-1]


def options(dtype: str, max_length: int | None, rank: int, more: str) -> tuple[str, ...]:
    """All of them but those that name the model and the address. rank: of adapters that there is room for.

    Raises `InvalidInput`.
    """
    arguments = ["--dtype", dtype, "--generation-config", "vllm", "--uvicorn-log-level", "warning"]
    if max_length is not None:
        arguments += ["--max-model-len", str(max_length)]
    if rank:
        check_rank(rank)
        room = next(max_rank for max_rank in RANKS if max_rank >= rank)
        arguments += ["--enable-lora", "--max-lora-rank", str(room), "--max-loras", "2"]
    return (*arguments, *further(more))


def check_rank(rank: int) -> None:
    """Raise `InvalidInput` for an adapter's rank that vLLM has no room for."""
    if rank > HIGHEST_RANK:
        raise InvalidInput(
            f"An adapter has the rank {rank}, and vLLM takes {HIGHEST_RANK} at most. Launch the round with the engine "
            "transformers, or lower lora_r."
        )


def further(options: str) -> tuple[str, ...]:
    """The options of RONDO_VLLM_OPTIONS; raises `InvalidInput` where they are none, or set what Rondo sets."""
    try:
        arguments = tuple(shlex.split(options))
    except ValueError as error:
        raise InvalidInput(f"RONDO_VLLM_OPTIONS cannot be read: {error}. Close its quotes.") from error
    for argument in arguments:
        # vLLM takes underscores for dashes, and the beginning of a name for the name.
        name = argument.partition("=")[0].replace("_", "-").lower()
        if name.startswith("--") and any(own.startswith(name) for own in OWN):
            raise InvalidInput(f"RONDO_VLLM_OPTIONS sets {argument}, which Rondo sets itself. Leave it out.")
    return arguments
