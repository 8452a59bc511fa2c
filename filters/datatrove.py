"""Any filter of datatrove, run as it is on our columns: for those who have their own. Slower than compiled rules."""

import functools
import importlib
import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa

from filters import Bound


@dataclass(frozen=True)
class Datatrove:
    """Drops what a datatrove filter drops. A filter that edits texts is refused: nobody could say what it did.

    `filter` is a class of `datatrove.pipeline.filters` (GopherQualityFilter) or of any module (mine.filters.Shouting);
    `options` are its arguments. The document it sees has text, `lang` as `language` in its metadata, and `url`.
    """

    filter: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    name: ClassVar[str] = "datatrove"
    version: ClassVar[int] = 1

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`datatrove.dropped`: 1 where the filter says so, 0 where not."""
        columns = [
            batch.column(name).to_pylist() for name in ("text", "lang", *(["url"] * ("url" in batch.schema.names)))
        ]
        rows = zip(*columns, strict=True)
        return {"datatrove.dropped": pa.array([self._dropped(*row) for row in rows], pa.float64())}

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`datatrove`; under another name, `NAME:datatrove`."""
        return (Bound("datatrove", "datatrove.dropped", most=0.5),)

    def _dropped(self, text: str | None, lang: str | None, url: str | None = None) -> float | None:
        from datatrove.data import Document  # type: ignore[import-untyped]

        if text is None:
            return None
        document = Document(text=text, id="", metadata={"language": lang, "url": url})
        kept = _made(self.filter, json.dumps(self.options)).filter(document)
        if document.text != text:
            raise ValueError(f"datatrove: {self.filter} edits texts; only filters that keep or drop can be run")
        return float(not (kept[0] if isinstance(kept, tuple) else kept))


@functools.cache
def _made(name: str, options: str) -> Any:
    """The filter, made once in a process. Raises ValueError where there is none of that name or it refuses."""
    module, _, found = name.rpartition(".")
    try:
        return getattr(importlib.import_module(module or "datatrove.pipeline.filters"), found)(**json.loads(options))
    except (ImportError, AttributeError, TypeError) as error:
        raise ValueError(f"datatrove: no filter {name!r} to be made with {options} ({error})") from None
