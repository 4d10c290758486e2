"""English sentences by MiniLM-L6 (sentence-transformers/all-MiniLM-L6-v2, Apache-2.0), run by onnxruntime.

The package carries the weights as safetensors; the graph is made from them when the encoder is opened,
with the linear layers in eight bits. A row of activations has a scale of its own, so that a text's
vector does not depend on the batch it is read in: what was trained on in batches is served alone.

The vector is the mean over the tokens of the last layer (the sentence's meaning, at length one) and of
the third (its wording): together they tell more intents apart than either.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

from nlu.encoder import Floats

LAYERS, HEADS, SIZE = 6, 12, 384
WORDING_LAYER = 3
LONGEST = 64
"""Tokens read of a text."""
_BATCH = 16
"""Texts read together: more are not read faster, and take up to 30 MB more a thread."""
_EPSILON = 1e-12
_MICROSOFT = "com.microsoft"


class MiniLm:
    """`folder` is the model's, as sentence-transformers writes it."""

    name = "minilm-l6"
    script = "latin"
    parts: tuple[int, ...] = (SIZE, SIZE)

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        # Of what is mapped here, the graph reads 43 MB, once: they are in memory no longer than that.
        graph = _Graph(_safetensors(folder / "model.safetensors")).model().SerializeToString()
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        weights = _safetensors(folder / "model.safetensors")
        # Rows of the table are read from the file as words need them: 47 MB that are mostly never read.
        self._words = weights["embeddings.word_embeddings.weight"]
        positions = weights["embeddings.position_embeddings.weight"][:LONGEST]
        self._positions = positions + weights["embeddings.token_type_embeddings.weight"][0]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)

    def encode(self, texts: Sequence[Sequence[str]], *, threads: int = 1) -> Floats:
        tokens = [self._tokenizer.encode(" ".join(text)).ids for text in texts]
        vectors = np.empty((len(texts), 2 * SIZE), dtype=np.float32)
        batches: list[list[int]] = []
        # Texts of one length go together: no padding, and nothing to mask.
        for _, same in groupby(sorted(range(len(texts)), key=lambda at: len(tokens[at])), lambda at: len(tokens[at])):
            alike = list(same)
            batches += [alike[at : at + _BATCH] for at in range(0, len(alike), _BATCH)]

        def run(batch: list[int]) -> None:
            vectors[batch] = self._run(np.array([tokens[at] for at in batch]))

        if threads == 1 or len(batches) == 1:
            for batch in batches:
                run(batch)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(run, batches))
        return vectors

    def knows(self, word: str) -> bool:
        return self._tokenizer.token_to_id(word) is not None

    def _run(self, tokens: NDArray[np.intp]) -> Floats:
        embedded = self._words[tokens] + self._positions[: tokens.shape[1]]
        meaning, wording = self._session.run(None, {"embedded": embedded})
        meaning /= np.linalg.norm(meaning, axis=1, keepdims=True) + np.float32(_EPSILON)
        return np.concatenate((meaning, wording), axis=1)


def _safetensors(path: Path) -> dict[str, Floats]:
    """The float32 arrays of a file, mapped (https://github.com/huggingface/safetensors: eight bytes for
    the header's length, the header in JSON, the arrays)."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    content = np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)
    arrays = {}
    for name, about in header.items():
        if about.get("dtype") == "F32":
            start, end = about["data_offsets"]
            arrays[name] = content[start:end].view(np.float32).reshape(about["shape"])
    return arrays


class _Graph:
    """BERT's encoder (Devlin et al. 2019) from the embedded tokens [texts, tokens, SIZE] on."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._weights = weights
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}

    def model(self) -> ModelProto:
        norm = [self._constant(f"norm.{kind}", self._weights[f"embeddings.LayerNorm.{kind}"]) for kind in _NORM]
        x = self._node("LayerNormalization", ["embedded", *norm], axis=-1, epsilon=_EPSILON)
        outputs: list[str] = []
        for number in range(LAYERS):
            x = self._layer(x, f"encoder.layer.{number}")
            if number + 1 in (WORDING_LAYER, LAYERS):
                along = self._constant("tokens", np.array([1], dtype=np.int64))
                outputs.insert(0, self._node("ReduceMean", [x, along], keepdims=0))
        graph = helper.make_graph(
            self._nodes,
            "minilm",
            [helper.make_tensor_value_info("embedded", TensorProto.FLOAT, ["texts", "tokens", SIZE])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["texts", SIZE]) for name in outputs],
            list(self._constants.values()),
        )
        operators = [helper.make_opsetid("", 18), helper.make_opsetid(_MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=operators, ir_version=9)

    def _layer(self, x: str, name: str) -> str:
        scaled = self._in_bytes(x)
        asked = [self._linear(scaled, f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
        seen = self._node("MultiHeadAttention", asked, domain=_MICROSOFT, num_heads=HEADS)
        seen = self._linear(self._in_bytes(seen), f"{name}.attention.output.dense")
        x = self._add_and_norm(seen, x, f"{name}.attention.output.LayerNorm")
        wide = self._linear(self._in_bytes(x), f"{name}.intermediate.dense")
        wide = self._node("Gelu", [wide], domain=_MICROSOFT)
        narrow = self._linear(self._in_bytes(wide), f"{name}.output.dense")
        return self._add_and_norm(narrow, x, f"{name}.output.LayerNorm")

    def _in_bytes(self, x: str) -> tuple[str, str]:
        """Each token's row as bytes around 128, and its scale."""
        last = self._constant("last", np.array([-1], dtype=np.int64))
        largest = self._node("ReduceMax", [self._node("Abs", [x]), last], keepdims=1)
        scale = self._node("Mul", [largest, self._constant("step", np.float32(1 / 127))])
        # A row of zeros has no scale; any will do.
        scale = self._node("Max", [scale, self._constant("least", np.float32(1e-20))])
        rounded = self._node("Round", [self._node("Div", [x, scale])])
        moved = self._node("Add", [rounded, self._constant("middle", np.float32(128))])
        return self._node("Cast", [moved], to=TensorProto.UINT8), scale

    def _linear(self, x: tuple[str, str], name: str) -> str:
        weight = np.asarray(self._weights[f"{name}.weight"])
        scales = (np.abs(weight).max(axis=1) / np.float32(127)).astype(np.float32)
        in_bytes = np.round(weight / scales[:, None]).astype(np.int8)
        middle = self._constant("zero", np.uint8(128))
        product = self._node("MatMulInteger", [x[0], self._constant(f"{name}.bytes", in_bytes.T), middle])
        product = self._node("Mul", [self._node("Cast", [product], to=TensorProto.FLOAT), x[1]])
        product = self._node("Mul", [product, self._constant(f"{name}.scales", scales)])
        return self._node("Add", [product, self._constant(f"{name}.bias", self._weights[f"{name}.bias"])])

    def _add_and_norm(self, x: str, skipped: str, name: str) -> str:
        norm = [self._constant(f"{name}.{kind}", self._weights[f"{name}.{kind}"]) for kind in _NORM]
        return self._node("SkipLayerNormalization", [x, skipped, *norm], domain=_MICROSOFT, epsilon=_EPSILON)

    def _node(self, operator: str, inputs: list[str], *, domain: str = "", **attributes: Any) -> str:
        output = f"{operator}.{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        return output

    def _constant(self, name: str, value: object) -> str:
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.array(value, order="C"), name)
        return name


_NORM = ("weight", "bias")
