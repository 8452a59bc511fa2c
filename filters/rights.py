"""What documents say of the rights in them, where that is in the batch."""

import re
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from filters import Bound, scores

_DIRECTIVE = re.compile(r"(?:[a-z0-9_.*-]+:)?[a-z_]+")


@dataclass(frozen=True)
class Rights:
    """Documents that ask not to be used, and, where `licences` names any, documents without one of these.

    The batch also has `robots` (list of string: "noai", "googlebot:noindex"), `tdm_reservation` (bool), and `licences`
    (list of string: SPDX expressions, and URLs of licences that have none); null says nothing. What a page does not say
    is no permission: see pipelines/extract/rights.py for what is out of its reach.
    """

    # Robots directives: one for everybody, or "gptbot:noai" for an agent by name. noai is the one that speaks of
    # training on texts; noindex, noarchive and nosnippet are about search, and many open licences stand on such pages.
    exclude_robots: tuple[str, ...] = ("noai",)
    # The opt-out of Article 4 of the EU's Directive 2019/790, in the words of the TDM Reservation Protocol.
    exclude_tdm_reserved: bool = True
    # Documents must state one of these: SPDX expressions ("CC-BY-4.0", "LicenseRef-CC-BY-2.1-JP") and URLs. () asks for
    # none.
    licences: tuple[str, ...] = ()
    # How many others a document may state then. A page under CC-BY-NC may credit a picture under CC-BY; None takes it.
    max_other_licences: int | None = 0

    name: ClassVar[str] = "rights"
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for directive in self.exclude_robots:
            if not _DIRECTIVE.fullmatch(directive):
                raise ValueError(f'exclude_robots: a directive as "noai" or "gptbot:noai", not "{directive}"')
        for licence in self.licences:
            if not licence or licence.split() != [licence]:
                raise ValueError(f'licences: an SPDX expression as "CC-BY-4.0" or a URL, not "{licence}"')
        if self.max_other_licences is not None and self.max_other_licences < 0:
            raise ValueError(f"max_other_licences: a number of licences, not {self.max_other_licences}")

    def measure(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """`rights.robots`: directives among those to exclude. `rights.tdm_reserved`: 1 or 0, null if nothing is said.
        `rights.licences` and `rights.other_licences`: licences among those asked for, and not among them.
        """
        allowed = {licence.lower() for licence in self.licences}  # SPDX identifiers have no case
        rows: list[tuple[float, ...] | None] = []
        for text, robots, reserved, licences in zip(
            batch.column("text").is_valid().to_pylist(),
            batch.column("robots").to_pylist(),
            batch.column("tdm_reservation").to_pylist(),
            batch.column("licences").to_pylist(),
            strict=True,
        ):
            excluded = sum(said.partition("=")[0] in self.exclude_robots for said in robots or ())
            stated = {licence.lower() for licence in licences or ()}
            measured = (excluded, reserved, len(stated & allowed), len(stated - allowed))
            rows.append(measured if text else None)
        return scores(self.name, ("robots", "tdm_reserved", "licences", "other_licences"), rows)

    def bounds(self, lang: str | None) -> tuple[Bound, ...]:
        """`rights_robots`, `rights_tdm_reserved`, `rights_no_licence`, `rights_other_licence`."""
        bounds = [Bound("rights_robots", "rights.robots", most=0)]
        if self.exclude_tdm_reserved:
            bounds.append(Bound("rights_tdm_reserved", "rights.tdm_reserved", most=0))
        if self.licences:
            bounds.append(Bound("rights_no_licence", "rights.licences", least=1))
            bounds.append(Bound("rights_other_licence", "rights.other_licences", most=self.max_other_licences))
        return tuple(bounds)
