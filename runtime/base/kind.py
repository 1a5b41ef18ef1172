"""Kinds and their catalog: the directory is the registry. It never knows a kind by name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, ClassVar, TypeVar

Text = Mapping[str, str]


class Kind:
    """Something a business user picks from a palette: says what it is and which options it has.

    ``name`` is what documents write, ``family`` which palette it belongs to, ``label`` and ``help`` are
    ``{"en":, "zh":}``, ``icon`` a name of the icon set, ``options`` the JSON Schema properties of its
    options, ``required_options`` those that must be given. ``examples`` are option sets that must validate.
    """

    family: ClassVar[str] = ""
    name: ClassVar[str] = ""
    label: ClassVar[Text] = {}
    help: ClassVar[Text] = {}
    icon: ClassVar[str] = "square"
    options: ClassVar[Mapping[str, Any]] = {}
    required_options: ClassVar[tuple[str, ...]] = ()
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = ({},)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """The JSON Schema of the options of this kind (an object schema; the envelope adds its own keys)."""
        return {
            "title": cls.label.get("en", cls.name),
            "description": cls.help.get("en", ""),
            "x-label": dict(cls.label),
            "x-help": dict(cls.help),
            "type": "object",
            "properties": dict(cls.options),
            "required": list(cls.required_options),
        }

    @classmethod
    def describe(cls) -> dict[str, Any]:
        """What the visual editor and other clients need to know: an entry of ``catalog.json``."""
        return {
            "name": cls.name,
            "family": cls.family,
            "label": dict(cls.label),
            "help": dict(cls.help),
            "icon": cls.icon,
            "schema": cls.schema(),
        }


K = TypeVar("K", bound=Kind)


class CatalogError(Exception):
    """Two kinds share a name, or a kind's file says too little."""


class Catalog:
    """All kinds of one installation, by family and name; made at start and handed on, never global."""

    def __init__(self) -> None:
        self._kinds: dict[str, dict[str, type[Kind]]] = {}

    def add(self, kind: type[Kind]) -> None:
        """Take one kind in. Raises CatalogError when the name is taken or something is missing."""
        for needed in ("family", "name", "label"):
            if not getattr(kind, needed):
                raise CatalogError(f"{kind.__module__}.{kind.__qualname__} has no {needed}")
        for language in ("en", "zh"):
            if not kind.label.get(language):
                raise CatalogError(f"{kind.__module__}.{kind.__qualname__} has no label in {language!r}")
        family = self._kinds.setdefault(kind.family, {})
        there = family.get(kind.name)
        if there is kind:
            return
        if there is not None:
            raise CatalogError(f"{kind.family} {kind.name!r} is in {there.__module__} and {kind.__module__}")
        family[kind.name] = kind

    def scan(self, package: ModuleType, base: type[Kind]) -> None:
        """Take in every subclass of ``base`` that a module of ``package`` defines and names."""
        for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda one: one.name):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            for _, found in sorted(inspect.getmembers(module, inspect.isclass)):
                if issubclass(found, base) and found.__module__ == module.__name__ and found.__dict__.get("name"):
                    self.add(found)

    def family(self, family: str) -> Mapping[str, type[Kind]]:
        """The kinds of a family by name, in the order of their names."""
        return dict(sorted(self._kinds.get(family, {}).items()))

    def get(self, base: type[K], name: str) -> type[K] | None:
        """The kind of ``base``'s family called ``name``, or None."""
        found = self._kinds.get(base.family, {}).get(name)
        return found if found is not None and issubclass(found, base) else None

    def families(self) -> list[str]:
        """The names of the families."""
        return sorted(self._kinds)

    def __iter__(self) -> Iterator[type[Kind]]:
        for family in self.families():
            yield from self.family(family).values()

    def describe(self) -> dict[str, Any]:
        """``catalog.json``: every family with its kinds."""
        return {
            family: {name: kind.describe() for name, kind in self.family(family).items()} for family in self.families()
        }
