"""The formula of a derivative, read from the line of source that computes it.

An operation hands `record` pairs such as (a, lambda g: g * b). The source of that pair says that the input's name is a,
the gradient that it receives is g · b, and the local derivative is b.
"""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import re
from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple

_MOST = 90  # letters


class Formula(NamedTuple):
    """What an edge of the graph computes.

    Attributes:
        input: the input's name in the operation, "a"; "" if the source is not at hand.
        gradient: the name of the gradient that arrives, "g".
        sent: what goes on to the input, "g · b".
        local: the local derivative, "b"; "" where it is no factor of g.
    """

    input: str
    gradient: str
    sent: str
    local: str


def formula(derivative: Callable[..., Any]) -> Formula:
    """The formula of a derivative that was given to `record`."""
    code = getattr(inspect.unwrap(derivative), "__code__", None)
    return _formula(code) if code else Formula("", "g", "", "")


@functools.cache
def _formula(code: CodeType) -> Formula:
    tree = _tree(code.co_filename)
    written = _find(tree, code)
    g = code.co_varnames[0] if code.co_argcount else "g"
    if written is None:
        return Formula("", g, "", "")
    if isinstance(written, ast.Lambda):
        expression, name = written.body, ""
    else:
        name = written.name
        returned = written.body[-1].value if isinstance(written.body[-1], ast.Return) else None
        expression = returned or ast.Call(ast.Name(name), [ast.Name(g)], [])
    expression = _without_unbroadcast(expression)
    functions = [
        n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n is not written and written in ast.walk(n)
    ]
    scope = functions[-1] if functions else tree  # the innermost comes last
    pairs = [n for n in ast.walk(scope) if isinstance(n, ast.Tuple) and len(n.elts) == 2]
    given = [p.elts[0] for p in pairs if p.elts[1] is written or (name and _is_name(p.elts[1], name))]
    local = _local(expression, g)
    return Formula(_text(given[0]) if given else "", g, _text(expression), _text(local) if local else "")


@functools.lru_cache(maxsize=64)
def _tree(filename: str) -> ast.Module:
    try:
        return ast.parse("".join(linecache.getlines(filename)))
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def _find(tree: ast.Module, code: CodeType) -> ast.Lambda | ast.FunctionDef | None:
    """The lambda or function of a code object: among several lambdas on a line, the one that spans its instructions."""
    at = [(row, column) for row, _, column, _ in code.co_positions() if row and column]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name and node.lineno == code.co_firstlineno:
            return node
        if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno and code.co_name == "<lambda>":
            body = node.body
            first, last = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
            if at and all(first <= place <= last for place in at):
                return node
    return None


def _without_unbroadcast(expression: ast.expr) -> ast.expr:
    """unbroadcast(g * b, a.shape) only sums what broadcasting repeated: g * b."""
    if isinstance(expression, ast.Call) and _is_name(expression.func, "unbroadcast"):
        return expression.args[0]
    return expression


def _local(expression: ast.expr, g: str) -> ast.expr | None:
    """The factor of g: b of g * b, 1 / b of g / b, -1 of -g."""
    if _is_name(expression, g):
        return ast.Constant(1)
    if isinstance(expression, ast.UnaryOp) and isinstance(expression.op, ast.USub):
        factor = _local(expression.operand, g)
        return None if factor is None else ast.Constant(-1) if ast.unparse(factor) == "1" else _negative(factor)
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, (ast.Mult, ast.Div)):
        factor = _local(expression.left, g)
        if factor is not None and not _uses(expression.right, g):
            one = ast.unparse(factor) == "1"
            if isinstance(expression.op, ast.Mult) and one:
                return expression.right
            if isinstance(expression.op, ast.Mult) and ast.unparse(factor) == "-1":
                return _negative(expression.right)
            return ast.BinOp(factor, expression.op, expression.right)
        factor = _local(expression.right, g) if isinstance(expression.op, ast.Mult) else None
        if factor is not None and not _uses(expression.left, g):
            return expression.left if ast.unparse(factor) == "1" else ast.BinOp(expression.left, ast.Mult(), factor)
    return None


def _negative(factor: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), factor)


def _is_name(expression: ast.expr, name: str) -> bool:
    return isinstance(expression, ast.Name) and expression.id == name


def _uses(expression: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(expression))


def _text(expression: ast.expr) -> str:
    text = re.sub(r" \*\* 2\b(?!\.)", "²", ast.unparse(ast.fix_missing_locations(expression))).replace(" * ", " · ")
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"
