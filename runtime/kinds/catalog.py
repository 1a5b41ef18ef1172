"""Fills the catalog: every built-in kind and every kind of the plugin folders comes in through this door."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from runtime.base.kind import Catalog, CatalogError, Kind

#: Folder name of each family (in runtime.kinds and in a plugin) and where its base class is.
FAMILIES = (
    ("fields", "runtime.kinds.field", "Field"),
    ("views", "runtime.kinds.view", "View"),
    ("nodes", "runtime.kinds.node", "Node"),
    ("triggers", "runtime.kinds.trigger", "Trigger"),
    ("actions", "runtime.kinds.action", "Action"),
    ("charts", "runtime.kinds.chart", "Chart"),
    ("channels", "runtime.kinds.channel", "Channel"),
)


def load_catalog(plugin_folders: Sequence[Path] = ()) -> Catalog:
    """The catalog of all built-in kinds and of the plugins in the given folders (each has a plugin.yaml).

    Raises CatalogError, which names the file, when a plugin is broken or takes a name that is in use.
    """
    catalog = Catalog()
    families = list(known_families())
    for folder, base in families:
        catalog.scan(importlib.import_module(f"runtime.kinds.{folder}"), base)
    for plugin in plugin_folders:
        about = read_plugin(plugin)
        for folder, base in families:
            for file in sorted((plugin / folder).glob("*.py")):
                if not file.name.startswith("_"):
                    take(catalog, plugin_module(about["name"], folder, file), base, file)
    return catalog


def plugins_in(folder: Path) -> list[Path]:
    """The plugin folders directly inside of ``folder``, in the order of their names."""
    return sorted(one.parent for one in folder.glob("*/plugin.yaml"))


def known_families() -> Iterator[tuple[str, type[Kind]]]:
    """The folder name and base class of each family that this installation has."""
    for folder, module, name in FAMILIES:
        if importlib.util.find_spec(module) and importlib.util.find_spec(f"runtime.kinds.{folder}"):
            yield folder, getattr(importlib.import_module(module), name)


def read_plugin(folder: Path) -> Mapping[str, Any]:
    """The content of a plugin's plugin.yaml. Raises CatalogError."""
    file = folder / "plugin.yaml"
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise CatalogError(f"{file}: {error}") from error
    if not isinstance(found, dict):
        raise CatalogError(f"{file}: must say name, version and label")
    for key in ("name", "version"):
        if not isinstance(found.get(key), str) or not found[key]:
            raise CatalogError(f"{file}: {key} must be a text, in quotes when it looks like a number")
    if not found["name"].isidentifier():
        raise CatalogError(f"{file}: name must be letters, digits and _")
    label = found.get("label")
    if not isinstance(label, dict) or not label.get("en") or not label.get("zh"):
        raise CatalogError(f"{file}: label needs en and zh")
    return found


def plugin_module(plugin: str, folder: str, file: Path) -> ModuleType:
    """The module of one file of a plugin, run anew. Raises CatalogError."""
    name = f"dougong_plugin_{plugin}_{folder}_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CatalogError(f"{file}: cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise CatalogError(f"{file}: {type(error).__name__}: {error}") from error
    return module


def take(catalog: Catalog, module: ModuleType, base: type[Kind], file: Path) -> None:
    """Take in the kinds that a plugin's module defines and names. Raises CatalogError when it has none."""
    found = [
        one
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, base) and one.__module__ == module.__name__ and one.__dict__.get("name")
    ]
    if not found:
        raise CatalogError(f"{file}: defines no {base.family} kind (a class of {base.__name__} with a name)")
    for one in found:
        try:
            catalog.add(one)
        except CatalogError as error:
            raise CatalogError(f"{file}: {error}") from error
