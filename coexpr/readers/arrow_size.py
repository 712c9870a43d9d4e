"""How large Arrow tables would be as Python objects, which a small file can make very large."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_VIEWS_AND_RUNS = (pa.types.is_string_view, pa.types.is_binary_view, pa.types.is_list_view, pa.types.is_large_list_view,
                   pa.types.is_run_end_encoded)  # fmt: skip


def texts_of(file: pq.ParquetFile) -> list[str]:
    """Return the columns of text, which may be repeated in a file and are not to be repeated in memory."""
    columns = (file.schema.column(number) for number in range(len(file.schema)))
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def size_of(table: pa.Table) -> tuple[int, int]:
    """Return the number of cells of a table, with those in lists and objects, and the bytes of its text.

    Raises
    ------
    ValueError
        For types in which cells share memory, and that coexpr does not write.
    """
    sizes = [_size_of(chunk) for column in table.columns for chunk in column.chunks]
    return sum(cells for cells, _ in sizes), sum(text for _, text in sizes)


def _size_of(array: pa.Array) -> tuple[int, int]:
    kind = array.type
    if any(is_one(kind) for is_one in _VIEWS_AND_RUNS):
        raise ValueError(f"a column of type {kind}")
    parts: list[pa.Array] = []
    text = 0
    if isinstance(array, pa.ExtensionArray):
        parts = [array.storage]
    elif pa.types.is_dictionary(kind):
        lengths = pc.cast(pc.binary_length(array.dictionary), pa.int64()) if _is_text(kind.value_type) else None
        text = 0 if lengths is None else pc.sum(lengths.take(array.indices)).as_py() or 0
        parts = [array.dictionary]
    elif pa.types.is_struct(kind):
        parts = array.flatten()
    elif pa.types.is_map(kind):
        parts = [array.keys, array.items]
    elif pa.types.is_nested(kind):
        parts = [array.values if pa.types.is_union(kind) else array.flatten()]
    elif _is_text(kind):
        text = pc.sum(pc.cast(pc.binary_length(array), pa.int64())).as_py() or 0
    sizes = [_size_of(part) for part in parts]
    return len(array) + sum(cells for cells, _ in sizes), text + sum(more for _, more in sizes)


def _is_text(kind: pa.DataType) -> bool:
    return any(
        is_one(kind)
        for is_one in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    )
