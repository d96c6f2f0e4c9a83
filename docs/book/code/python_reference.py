"""Prints the reference of the Python package as Markdown: what it exports, with its documentation."""

import dataclasses
import inspect
import re

import wardseal


def said(thing: object, between: str = " ") -> str:
    """The documentation with names as code, its paragraphs parted by `between`."""
    text = inspect.getdoc(thing) or ""
    text = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", text).replace("``", "`")
    return between.join(" ".join(part.split()) for part in text.split("\n\n"))


def signature(thing: object) -> str:
    given = inspect.signature(thing)  # type: ignore[arg-type]
    kept = [one for name, one in given.parameters.items() if name not in ("self", "cls")]
    return str(given.replace(parameters=kept)).replace("'", "")


def members(cls: type) -> None:
    if dataclasses.is_dataclass(cls):
        for field in dataclasses.fields(cls):
            print(f"- `{field.name}: {field.type}`")
    for name, thing in vars(cls).items():
        if name.startswith("_") or (dataclasses.is_dataclass(cls) and name in cls.__dataclass_fields__):
            continue
        if isinstance(thing, property):
            kind = str(inspect.signature(thing.fget).return_annotation)
            print(f"- `{name}: {kind}`  \n  {said(thing)}")
        elif isinstance(thing, (classmethod, staticmethod)):
            print(f"- `{cls.__name__}.{name}{signature(thing.__func__)}`  \n  {said(thing.__func__)}")
        elif callable(thing):
            print(f"- `{name}{signature(thing)}`  \n  {said(thing)}")


print("# Python\n\nEverything that the package `wardseal` exports, of its own documentation. The [quick start](../quick-start/python.md) says how it goes together.\n")
for name in sorted(wardseal.__all__, key=lambda name: (name != "Wardseal", name)):
    thing = getattr(wardseal, name)
    print(f"## {name}\n")
    if inspect.isclass(thing):
        print(said(thing, "\n\n") + "\n")
        members(thing)
    else:
        words = re.sub(r"typing\.", "", str(thing))
        print(f"```text\n{name} = {words}\n```")
    print()
