"""A static model: a vector for each token, and for a text the mean of its tokens' (model2vec).

Where no folder of model2vec is given, one is made here as its distillation makes one: the token vectors of a model, cut
by PCA, and weighted by SIF (Arora et al. 2017, "A simple but tough-to-beat baseline for sentence embeddings") with
frequencies by Zipf's law, since tokenizers number frequent tokens first (model2vec 0.10, `distill/inference.py`,
`apply_pca` and `compute_weights`). Its distillation runs each token through a transformer for sentences; here the token
embeddings of a language model stand instead, so that neighbours share words more than meaning.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy
from numpy.typing import NDArray

from backend.errors import InvalidInput, MissingPrerequisite

if TYPE_CHECKING:
    from model2vec import StaticModel

SIZE = 64
"""Numbers of a vector."""
AT_ONCE = 8_192
"""So many rows are worked on at once."""
SIF = 1e-4
SHARED_BY = 28
"""One axis in so many is left out, those of the largest variance: all of a language model's tokens share them (Mu and
Viswanath 2018, "All-but-the-top"). Of SmolLM2-135M 20 are. Of 319 paragraphs of Rondo's docs, 9 % of the five nearest
were of the same page with all axes, 16 % without those 20, and 27 % by tf-idf of whole words; 3 % are by chance."""
EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "embed_in.weight", "tok_embeddings.weight")
"""Names of the token embeddings, without what stands before them."""
TYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "BF16": "<u2"}

Matrix = NDArray[numpy.float32]


@dataclass(frozen=True)
class TextModel:
    """`fingerprint`: vectors of models with the same one can be compared."""

    static: "StaticModel"
    fingerprint: str

    @property
    def size(self) -> int:
        return int(self.static.dim)

    def encode(self, texts: Sequence[str]) -> NDArray[numpy.float16]:
        """A row of length 1 for each text; zeros for one without tokens."""
        rows = self.static.encode(list(texts), normalize=True, use_multiprocessing=False)
        return numpy.asarray(rows, dtype=numpy.float16)


def open_folder(folder: Path) -> TextModel:
    """A model that model2vec wrote, its vectors cut to `SIZE` numbers."""
    static = _library()
    if not (folder / "model.safetensors").is_file() or not (folder / "tokenizer.json").is_file():
        raise InvalidInput(
            f"{folder} is no folder of model2vec: it has no model.safetensors and tokenizer.json. Correct "
            "RONDO_EMBEDDING_MODEL, or leave it empty to use the project's own model."
        )
    model = static.from_pretrained(folder, normalize=True, force_download=False)
    size = min(SIZE, int(model.dim))
    if size < model.dim:
        model = static.from_pretrained(folder, normalize=True, force_download=False, dimensionality=size)
    return TextModel(model, _fingerprint(model.embedding))


def distilled(folder: Path) -> TextModel:
    """A model of the token embeddings in the folder of a language model; raises `InvalidInput` where it has none."""
    static = _library()
    from tokenizers import Tokenizer  # noqa: PLC0415 - comes with transformers, and pages need neither

    if not (folder / "tokenizer.json").is_file():
        raise InvalidInput(
            f"The model {folder} has no tokenizer.json, which vectors of texts need. Give a folder of model2vec by "
            "RONDO_EMBEDDING_MODEL."
        )
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = list(tokenizer.get_vocab().values())
    rows = token_vectors(folder)
    if max(ids) >= len(rows):
        raise InvalidInput(f"The model {folder} has fewer vectors than tokens. Copy it again.")
    # Rows beyond the last token fill the matrix up.
    rows = weighted(cut(unit(rows[: max(ids) + 1]), SIZE, dropped=rows.shape[1] // SHARED_BY))
    # Numbers of tokens may have gaps.
    places = None if len(ids) == len(rows) else numpy.arange(len(rows))
    model = static(rows, tokenizer, normalize=True, token_mapping=places)
    return TextModel(model, _fingerprint(rows))


def unit(rows: Matrix) -> Matrix:
    """The rows, each of length 1: how long a language model's token vector is tells nothing of its meaning.

    They are changed in place: they may be gigabytes.
    """
    length = numpy.sqrt(numpy.einsum("ij,ij->i", rows, rows, dtype=numpy.float32))[:, None]
    return numpy.divide(rows, numpy.where(length > 0, length, 1), out=rows)


def cut(rows: Matrix, size: int, *, dropped: int = 0) -> Matrix:
    """The rows on their principal axes after the first `dropped` ones, at most `size`; as they are where there are too
    few to find these."""
    size = min(size, rows.shape[1] - dropped)
    if size >= len(rows):
        return rows[:, :size]
    mean, blocks = rows.mean(axis=0), [slice(n, n + AT_ONCE) for n in range(0, len(rows), AT_ONCE)]
    variance = numpy.zeros((rows.shape[1], rows.shape[1]), dtype=rows.dtype)
    for block in blocks:
        centered = rows[block] - mean
        variance += centered.T @ centered
    # In order of variance, the smallest first.
    _, axes = numpy.linalg.eigh(variance / (len(rows) - 1))
    kept = axes[:, ::-1][:, dropped : dropped + size]
    return numpy.concatenate([(rows[block] - mean) @ kept for block in blocks]).astype(numpy.float32)


def weighted(rows: Matrix) -> Matrix:
    """The rows, frequent tokens weighing less: a / (a + p), p by Zipf's law of the token's number."""
    inverse = 1 / numpy.arange(2, len(rows) + 2)
    weights = SIF / (SIF + inverse / inverse.sum())
    return (rows * weights[:, None]).astype(numpy.float32)


def token_vectors(folder: Path) -> Matrix:
    """The token embeddings of the model in a folder, whichever file has them."""
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as opened:
            length = struct.unpack("<Q", opened.read(8))[0]
            header: dict[str, Any] = json.loads(opened.read(length))
            for name, tensor in header.items():
                if not name.endswith(EMBEDDINGS) or tensor.get("dtype") not in TYPES:
                    continue
                start, end = tensor["data_offsets"]
                opened.seek(8 + length + start)
                return _numbers(opened.read(end - start), tensor["dtype"]).reshape(tensor["shape"])
    raise InvalidInput(
        f"No token embeddings are among the weights of {folder}. Give a folder of model2vec by RONDO_EMBEDDING_MODEL."
    )


def _numbers(data: bytes, kind: str) -> Matrix:
    values = numpy.frombuffer(data, dtype=TYPES[kind])
    if kind == "BF16":  # the upper half of a float32
        return (values.astype(numpy.uint32) << 16).view(numpy.float32)
    return values.astype(numpy.float32)


def _fingerprint(rows: Any) -> str:
    return blake2b(numpy.ascontiguousarray(rows).tobytes(), digest_size=16).hexdigest()


def _library() -> "type[StaticModel]":
    try:
        from model2vec import StaticModel  # noqa: PLC0415 - pages never need it
    except ImportError as error:
        raise MissingPrerequisite(
            "Vectors of texts need model2vec, which is not installed. Run `pip install 'rondo[similar]'`."
        ) from error
    return StaticModel
