"""What planning has found out before, kept below OUT/log and never part of any identity: digests of files, as git's
index keeps them, and the places where files elsewhere can be cut."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines import inputs, remote, sources
from pipelines.store import Store, digest


def digests(store: Store) -> tuple[Callable[[Path], str], Callable[[str, remote.Seen], str]]:
    """SHA-256 of a file here, and of one elsewhere; read again only when its size or time of change (here) or what its
    server says of it (elsewhere) is new."""
    memory = "log/inputs.json"
    known: dict[str, list[Any]] = store.read_json(memory) or {}

    def remembered(key: str, seen: list[Any], sha256: Callable[[], str]) -> str:
        if known.get(key, [])[:-1] != seen:
            known[key] = [*seen, sha256()]
            store.remember(memory, known)
        return str(known[key][-1])

    def here(path: Path) -> str:
        state = path.stat()
        return remembered(str(path.resolve()), [state.st_size, state.st_mtime_ns], lambda: inputs.sha256_of(path))

    def elsewhere(url: str, seen: remote.Seen) -> str:
        return remembered(remote.shown(url), [seen.identity], lambda: inputs.sha256_elsewhere(url, seen))

    return here, elsewhere


def split(
    store: Store, source: sources.Source, part_bytes: int, declared: sources.Declared,
    others: tuple[sources.Source, ...] = (),
) -> list[sources.Span]:  # fmt: skip
    """`sources.split`; of a file elsewhere, where it costs a request or two for each span, from memory if it was cut
    before."""
    if not source.seen:
        return sources.split(source, part_bytes, declared, others)
    key = [source.name, source.seen.identity, part_bytes, declared.format]
    memory = f"log/cuts/{digest(key)[:32]}.json"
    known: dict[str, Any] = store.read_json(memory) or {}
    if known.get("of") == key:
        return [sources.Span(source, kind, start, stop, declared) for kind, start, stop in known["spans"]]
    spans = sources.split(source, part_bytes, declared)
    store.remember(memory, {"of": key, "spans": [[span.kind, span.start, span.stop] for span in spans]})
    return spans
