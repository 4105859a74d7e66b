"""What a lesson refers to: files by links, definitions by links whose text is a name, names of minigen in code."""

from __future__ import annotations

import ast
import importlib.util
import pkgutil
import re
from functools import cache
from pathlib import Path

from tests.lessons.lesson import FOLDER, ROOT, Lesson


def links(lesson: Lesson) -> list[tuple[str, str]]:
    """(text, target) of each link; text that is code stands in backticks."""
    found: list[tuple[str, str]] = []
    for inline in (token for token in lesson.tokens if token.type == "inline"):
        target, text = "", ""
        for child in inline.children or []:
            if child.type == "link_open":
                target, text = str(child.attrs["href"]), ""
            elif child.type == "link_close":
                found.append((text, target))
            else:
                text += f"`{child.content}`" if child.type == "code_inline" else child.content
    return found


def images(lesson: Lesson) -> dict[str, str]:
    """The words for who cannot see it, by each picture's path."""
    inlines = (token for token in lesson.tokens if token.type == "inline")
    children = [child for inline in inlines for child in inline.children or [] if child.type == "image"]
    return {str(child.attrs["src"]): child.content for child in children}


def code_spans(lesson: Lesson) -> list[str]:
    inlines = (token for token in lesson.tokens if token.type == "inline")
    return [child.content for inline in inlines for child in inline.children or [] if child.type == "code_inline"]


def check_link(text: str, target: str, folder: Path = FOLDER) -> None:
    """A link from `folder` leads to a file of the repository; where its text is a name in code, the file defines it."""
    if target.startswith(("https://", "http://")):
        return
    file = (folder / target).resolve()
    assert file.exists(), f"[{text}]({target}): no such file"
    assert file.is_relative_to(ROOT), f"[{text}]({target}): outside the repository"
    name = re.fullmatch(r"`([A-Za-z_][\w.]*)(\(.*\))?`", text)
    if name and file.suffix == ".py" and not name[1].endswith(".py"):
        assert name[1] in definitions(file), f"[{text}]({target}): {file.name} defines no {name[1]}"
    elif name is None and text.startswith("`"):
        assert f"/{file.relative_to(ROOT)}".endswith(f"/{text.strip('`').rstrip('/')}"), f"[{text}]({target})"


@cache
def definitions(file: Path) -> frozenset[str]:
    """The names that a file defines: functions, classes, constants, and Class.method."""
    names: set[str] = set()
    _collect("", ast.parse(file.read_text(encoding="utf-8")).body, names)
    return frozenset(names)


def _collect(prefix: str, nodes: list[ast.stmt], names: set[str]) -> None:
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(prefix + node.name)
        if isinstance(node, ast.ClassDef):
            _collect(f"{prefix}{node.name}.", node.body, names)
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names |= {prefix + n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}


def check_code_span(code: str) -> None:
    """`minigen.…`, `ops.…` and the like can be had; `python -m minigen.…` names a module."""
    name = re.fullmatch(
        r"(minigen|(?:ops|nn|optim|backend|data|models|training|inference|evaluation))((?:\.\w+)+)(\(.*\))?", code
    )
    if name and name[2] != ".py":
        pkgutil.resolve_name(("" if name[1] == "minigen" else "minigen.") + name[1] + name[2])
    module = re.match(r"python -m (minigen[\w.]*)", code)
    if module:
        assert importlib.util.find_spec(module[1]), f"`{code}`: no such module"
