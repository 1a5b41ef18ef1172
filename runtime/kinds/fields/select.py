"""Select: one of given options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from runtime.base.errors import Message, Problem
from runtime.formula.types import Type, choice
from runtime.kinds.field import CHOICE_OPERATORS, Choice, Chooses, Context, Examples, Field, Invalid, Valid, bad, shown
from runtime.kinds.fields.text import narrow, plain
from runtime.kinds.options import COLOR, label_schema, option

KEY = r"^[^\s,;|'\"，；、]{1,63}$"
SEPARATORS = frozenset(",;|，；、\n")
WAS = option("string", "Former key", "原键名", ("The key before a rename", "改名前的键"), pattern=KEY)
ORDER = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1000,
    "propertyNames": {"pattern": KEY},
}
AMBIGUOUS = ""


def label_of(key: str, doc: Any) -> Mapping[str, str]:
    """The label of an option in both languages; what is missing is taken from the other, or the key."""
    if isinstance(doc, Mapping):
        either = doc.get("en") or doc.get("zh") or key
        return {"en": str(doc.get("en") or either), "zh": str(doc.get("zh") or either)}
    return {"en": str(doc or key), "zh": str(doc or key)}


def folded(text: str) -> str:
    """``text`` without the differences that people do not mean: case, width, space around."""
    return " ".join(narrow(text).casefold().split())


class ChoiceField(Chooses, Field):
    """What select, multiselect and stage share: the table of options, made when first needed."""

    choices_option: ClassVar[str] = "options"

    @cached_property
    def _options(self) -> Mapping[str, Any]:
        found = self.settings.get(self.choices_option)
        return {str(key): doc for key, doc in found.items()} if isinstance(found, Mapping) else {}

    @cached_property
    def _labels(self) -> Mapping[str, Mapping[str, str]]:
        return {key: label_of(key, doc) for key, doc in self._options.items()}

    @cached_property
    def _keys(self) -> Mapping[str, str]:
        """Every spelling of an option -> its key; AMBIGUOUS where two options share a spelling."""
        found: dict[str, str] = {}
        for key, label in self._labels.items():
            for spelling in {folded(label["en"]), folded(label["zh"]), folded(key)}:
                found[spelling] = key if found.get(spelling, key) == key else AMBIGUOUS
        for key, doc in self._options.items():
            if isinstance(doc, Mapping) and doc.get("was"):
                found.setdefault(folded(str(doc["was"])), key)
        return found

    @cached_property
    def former(self) -> Mapping[str, str]:
        """What options were called, where no option is called so now: former key -> key."""
        found: dict[str, str] = {}
        for key, doc in self._options.items():
            was = str(doc.get("was") or "") if isinstance(doc, Mapping) else ""
            if was and was not in self._options:
                found.setdefault(was, key)
        return found

    def choices(self) -> Sequence[Choice]:
        pairs = self._options.items()
        return tuple(Choice(key, self._labels[key], doc if isinstance(doc, Mapping) else {}) for key, doc in pairs)

    def key_of(self, raw: Any) -> str | None:
        """The key that ``raw`` (a key, a former key or a label) means, None for blank. Raises BadValue."""
        if isinstance(raw, str) and raw in self._options:
            return raw
        text = plain(raw).strip()
        if text in self._options:
            return text
        if not text:
            return None
        key = self._keys.get(folded(text)) if len(text) <= 200 else None
        if key:
            return key
        if key == AMBIGUOUS:
            en = f"{shown(text)!r} is the label of several options, use the key"
            raise bad("ambiguous", en, f"“{shown(text)}”对应多个选项，请使用键名")
        some = list(self._labels.values())[:10]
        en, zh = ", ".join(one["en"] for one in some), "、".join(one["zh"] for one in some)
        more = len(self._labels) > len(some)
        raise bad(
            "not_an_option",
            f"{shown(text)!r} is not an option; allowed: {en}{' ...' if more else ''}",
            f"“{shown(text)}”不是可选项；可选：{zh}{'……' if more else ''}",
        )

    def label_in(self, key: str, language: str) -> str:
        """The label of a stored key; a key that is no longer there stands for itself."""
        found = self._labels.get(key) or self._labels.get(self._keys.get(folded(key), ""))
        return found["zh" if language.startswith("zh") else "en"] if found else key

    def written(self, key: str, language: str) -> str:
        """The label where :meth:`key_of` reads it back as the same key, otherwise the key."""
        label = self.label_in(key, language)
        if SEPARATORS.isdisjoint(label) and self._keys.get(folded(label)) == key and label not in self._options:
            return label
        return key

    def check(self) -> Iterable[Problem]:
        found = []
        seen: dict[tuple[str, str], str] = {}
        for key, label in self._labels.items():
            for language, text in label.items():
                other = seen.setdefault((language, folded(text)), key)
                if other != key:
                    en = f"options {other!r} and {key!r} have the same label {text!r}"
                    message = Message(en, f"选项“{other}”与“{key}”的标签相同：“{text}”")
                    found.append(Problem("same_label", message, path=f"{self.choices_option}.{key}"))
                    break
        default = self.settings.get("default")
        wanted = default if isinstance(default, list) else [default]
        for one in wanted:
            if one is not None and not str(one).startswith("=") and str(one) not in self._options:
                text = shown(str(one))
                message = Message(f"the default {text!r} is not an option", f"默认值“{text}”不是可选项")
                found.append(Problem("default", message, path="default"))
        return found


class Select(ChoiceField):
    """One option; stored is its key, labels are read too where they are unambiguous."""

    name = "select"
    label = {"en": "Select", "zh": "单选"}
    help = {"en": "One of given options.", "zh": "从给定选项中选一个。"}
    icon = "select"
    operators = CHOICE_OPERATORS
    widget = "select"
    searchable = True
    options = {
        "options": {
            **ORDER,
            "x-label": {"en": "Options", "zh": "选项"},
            "additionalProperties": label_schema("Option", "选项", color=COLOR, was=WAS),
        },
        "style": option("string", "Shown as", "展示方式", enum=["list", "buttons", "radio"], default="list"),
    }
    required_options = ("options",)
    examples: ClassVar[Examples] = (
        {"options": {"draft": {"en": "Draft", "zh": "草稿"}, "sent": {"en": "Sent", "zh": "已发送", "color": "green"}}},
        {"options": {"A": "A", "B": "B"}, "style": "buttons"},
    )
    valid: ClassVar[Valid] = (
        (examples[0], "draft", "draft"),
        (examples[0], " 已发送 ", "sent"),
        (examples[0], "DRAFT", "draft"),
        (examples[0], "", None),
        ({"options": {"new": {"en": "New", "zh": "新", "was": "old"}}}, "old", "new"),
    )
    invalid: ClassVar[Invalid] = (
        (examples[0], "gone"),
        (examples[0], ["draft"]),
        (examples[0], True),
        ({"options": {"a": "Same", "b": "Same"}}, "same"),
    )

    def type(self) -> Type:
        return choice(*self._options, former=self.former)

    def clean(self, raw: Any, context: Context) -> str | None:
        return self.key_of(raw)

    def text(self, value: Any, context: Context) -> str:
        return "" if value is None else self.written(value, context.language)

    def show(self, value: Any, context: Context) -> str:
        return "" if value is None else self.label_in(value, context.language)

    @cached_property
    def _searched(self) -> Mapping[str, str]:
        return {key: " ".join(dict.fromkeys((label["en"], label["zh"]))) for key, label in self._labels.items()}

    def search_text(self, value: Any) -> str:
        return self._searched.get(value) or " ".join(
            dict.fromkeys((self.label_in(value, "en"), self.label_in(value, "zh")))
        )

    def json_schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self._options)}
