"""The whole way of reading in one call: validate, build, check. It publishes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.base.errors import Problem
from runtime.base.kind import Catalog
from runtime.meta.build import Keys, build
from runtime.meta.check import check
from runtime.meta.load import Loaded
from runtime.meta.model import Model
from runtime.meta.validate import validate


@dataclass(frozen=True)
class Prepared:
    """A model, or None when the documents are not even right in shape, and everything there is to say."""

    model: Model | None
    problems: Sequence[Problem]

    @property
    def ok(self) -> bool:
        """True when nothing but warnings was found."""
        return self.model is not None and not self.errors

    @property
    def errors(self) -> list[Problem]:
        """What must be mended."""
        return [one for one in self.problems if one.severity == "error"]


def prepare(loaded: Loaded, catalog: Catalog, keys: Keys | None = None) -> Prepared:
    """Everything that is wrong with the documents, and their model where they have one."""
    problems = validate(loaded, catalog)
    if any(one.severity == "error" for one in problems):
        return Prepared(None, problems)
    model = build(loaded, catalog, keys)
    return Prepared(model, [*problems, *check(model, loaded, catalog)])
