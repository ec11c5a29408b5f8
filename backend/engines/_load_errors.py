"""What the libraries raise when a model is loaded, as a sentence with a way out."""

from pathlib import Path

from backend.config import settings
from backend.errors import InvalidInput, MissingPrerequisite, RondoError


def first_line(error: BaseException) -> str:
    """What an error says, up to its first line break."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def explained(name: str, error: Exception) -> RondoError:
    """Turn what the libraries raise into a sentence with a way out."""
    text = str(error)
    if "trust_remote_code" in text or "custom code" in text:
        return InvalidInput(
            f"The model {name} wants to run code of its own, which Rondo does not allow. Choose a model whose "
            "architecture transformers knows, or serve it elsewhere and use its OpenAI-compatible endpoint."
        )
    if not Path(name).is_dir() and isinstance(error, OSError):
        hint = (
            "The hub is switched off: set RONDO_HF_OFFLINE=false, or give a local folder."
            if settings().hf_offline
            else "Check the name, or give a local folder."
        )
        return MissingPrerequisite(f"The model {name} is neither a folder nor in the hub's local cache. {hint}")
    if "Unrecognized configuration class" in text:
        return InvalidInput(
            f"The installed transformers has no form of the model {name} with the head that is wanted. Choose a model "
            "of another architecture."
        )
    if "does not recognize this architecture" in text or "model type" in text:
        return MissingPrerequisite(
            f"The model {name} has an architecture that the installed transformers does not know. Upgrade "
            "transformers, or serve it elsewhere and use its OpenAI-compatible endpoint."
        )
    return InvalidInput(f"The model {name} cannot be loaded: {first_line(error)} Check or copy it again.")
