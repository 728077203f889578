"""Parquet as Hugging Face's `datasets` writes and reads it: pictures as PNG bytes, classes with their names.

Columns: `image` {bytes, path}, `label` (0 to 6, in FER2013's order, with names), `row` (the row in the version),
`split` (SPLITS by name), `source` (where the image came from), and for versions with soft labels `soft`, seven shares.
"""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from fer_core.dataset.store import SPLITS, image_id
from fer_core.dataset.version import DatasetVersion
from fer_core.emotions import CLASSES, NAMES
from fer_core.progress import Report

BATCH = 2048  # images in a row group
_VALUE = {"row": "int64", "split": "string", "source": "string"}


def write_parquet(version: DatasetVersion, rows: np.ndarray, path: Path, report: Report) -> None:
    """Write some rows of a version, int64 (n,), a batch at a time."""
    schema = _schema(version.targets is not None)
    sources = list(version.dataset.table["source"])
    if version.supplements is not None:
        table = version.supplements.table
        sources += [f"{name} row {row}" for name, row in zip(table["dataset"], table["row"], strict=True)]
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, len(rows), BATCH):
            report("writing images", start / len(rows))
            writer.write_batch(_batch(version, rows[start : start + BATCH], sources, schema))


def _batch(version: DatasetVersion, rows: np.ndarray, sources: list[str], schema: pa.Schema) -> pa.RecordBatch:
    splits = [SPLITS[split] for split in version.splits[rows]]
    paths = [f"{split}_{image_id(row)}.png" for split, row in zip(splits, rows.tolist(), strict=True)]
    pictures = [_png(image) for image in version.images[rows]]
    columns: list[Any] = [
        [{"bytes": picture, "path": path} for picture, path in zip(pictures, paths, strict=True)],
        version.labels[rows].astype(np.int64),
        rows,
        splits,
        [sources[row] for row in rows.tolist()],
    ]
    if version.targets is not None:
        columns.append(version.targets[rows].tolist())
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _schema(soft: bool) -> pa.Schema:
    fields = [
        ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
        ("label", pa.int64()),
        ("row", pa.int64()),
        ("split", pa.string()),
        ("source", pa.string()),
    ]
    features: dict[str, Any] = {
        "image": {"_type": "Image"},
        "label": {"names": list(NAMES), "_type": "ClassLabel"},
        **{name: {"dtype": kind, "_type": "Value"} for name, kind in _VALUE.items()},
    }
    if soft:
        fields.append(("soft", pa.list_(pa.float32(), CLASSES)))
        features["soft"] = {"feature": {"dtype": "float32", "_type": "Value"}, "length": CLASSES, "_type": "Sequence"}
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": features}})})


def _png(image: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()
