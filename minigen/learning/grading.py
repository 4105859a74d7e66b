"""Run one check on a reader's file: solved, wrong and why, or not begun."""

from __future__ import annotations

import ast
import traceback
import warnings
from types import ModuleType
from typing import NamedTuple

from minigen.learning.comparing import WrongError
from minigen.learning.course import Exercise

YOUR_TURN = "your turn"
READS_KEYBOARD = "your code reads the keyboard; an exercise is given all that it needs"


class Verdict(NamedTuple):
    """What the grader says: state is "solved", "wrong" or "to do" (not begun)."""

    state: str
    message: str = ""


def grade(exercise: Exercise, source: str, path: str = "exercise.py") -> Verdict:
    """Judge one exercise in a file's text. It runs here: `apart.grade_apart` protects from what it may do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a check says itself what is not finite
        return _grade(exercise, source, path)


def _grade(exercise: Exercise, source: str, path: str) -> Verdict:
    try:
        tree = ast.parse(source)
        _refuse_ready_made(exercise, tree)
        your = ModuleType("exercise")
        exec(compile(source, path, "exec"), your.__dict__)  # noqa: S102 (the reader's own code)
        if not hasattr(your, exercise.name):
            return Verdict("wrong", f"there is no `{exercise.name}` in the file any more")
        if exercise.tier == "pencil" and getattr(your, exercise.name) is None:
            return Verdict("to do")
        return _judge_bug(exercise, your) if exercise.tier == "bug" else _judge(exercise, your)
    except SyntaxError as error:
        return Verdict("wrong", f"line {error.lineno} cannot be read: {error.msg}")
    except BaseException as error:
        return _explain(error, exercise, source, path)


def _judge(exercise: Exercise, your: ModuleType) -> Verdict:
    try:
        exercise.check(your)
    except WrongError as error:
        return Verdict("wrong", str(error))
    return Verdict("solved")


def _judge_bug(exercise: Exercise, your: ModuleType) -> Verdict:
    """Both must be right: the line that the reader names, and what the program does now."""
    verdict, named = _judge(exercise, your), getattr(your, "BUGGY_LINE", None)
    state, symptom = verdict
    if named == exercise.line:
        return verdict if state == "solved" else Verdict("wrong", f"line {named} is it, but not right yet: {symptom}")
    if state == "solved":
        return Verdict("wrong", "the function is right now; set BUGGY_LINE to the number of the line that was wrong")
    return Verdict("wrong", f"line {named} is not the faulty one: {symptom}") if named else Verdict("to do", symptom)


def _refuse_ready_made(exercise: Exercise, tree: ast.Module) -> None:
    """Notice minigen's own function in place of the reader's: in the exercise, and in what it calls in the file."""
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    waiting: list[ast.stmt] = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
    waiting += [functions.pop(exercise.name)] if exercise.name in functions else []
    while waiting:
        for node in ast.walk(waiting.pop()):
            if isinstance(node, ast.Name) and node.id in functions:
                waiting.append(functions.pop(node.id))
            names = [node.attr] if isinstance(node, ast.Attribute) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
            for name in exercise.without.intersection(names):
                line = getattr(node, "lineno", 0)
                raise WrongError(f"line {line} calls minigen's own `{name}`: that is what you are to write")


def _explain(error: BaseException, exercise: Exercise, source: str, path: str) -> Verdict:
    """What the reader's code raised, with the reader's own line; no line of the grader."""
    if isinstance(error, WrongError):
        return Verdict("wrong", str(error))
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    if isinstance(error, NotImplementedError) and str(error) == YOUR_TURN:
        own = frames and frames[-1].name == exercise.name
        return Verdict("to do", "" if own or not frames else f"it needs your `{frames[-1].name}` first")
    lines = source.splitlines()
    at = "your answer cannot be judged: "
    if frames and frames[-1].lineno:
        at = f"line {frames[-1].lineno}, `{lines[frames[-1].lineno - 1].strip()}`: "
    known = {
        EOFError: READS_KEYBOARD,
        SystemExit: "your code ends the program (sys.exit or quit); it must return",
        MemoryError: "your code asks for more memory than an exercise may have",
        RecursionError: "your function calls itself too often: without end, or once for each of thousands of steps",
    }
    return Verdict("wrong", at + known.get(type(error), f"{type(error).__name__}: {error}"))
