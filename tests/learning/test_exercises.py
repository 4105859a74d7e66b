"""The exercises are tested like derivatives: the untouched file earns nothing, the solution all, a mistake its hint."""

from __future__ import annotations

import ast
import functools
import runpy
from pathlib import Path

import pytest

from minigen.learning.course import Exercise, Lesson
from minigen.learning.grading import Verdict, grade

FOLDER = Path(__file__).parents[2] / "lessons" / "exercises"
LESSONS = {path.stem: Lesson(path) for path in sorted(FOLDER.glob("[0-9]*.py"))}
every_lesson = pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
EXERCISES = {f"{stem}-{e.name}": (lesson, e) for stem, lesson in LESSONS.items() for e in lesson.exercises}
every_exercise = pytest.mark.parametrize(("lesson", "exercise"), EXERCISES.values(), ids=EXERCISES)


def mistakes_of(lesson: Lesson) -> dict[str, list[tuple[str, str, str]]]:
    return runpy.run_path(str(Path(__file__).parent / "mistakes" / lesson.path.name))["MISTAKES"]


@functools.cache
def solution(lesson: Lesson) -> str:
    return (FOLDER / "solutions" / lesson.path.name).read_text(encoding="utf-8")


def changed(lesson: Lesson, exercise: Exercise, old: str, new: str) -> Verdict:
    """The verdict on the solution with one exercise's text changed."""
    whole, part = solution(lesson), lesson.solution(exercise.name)
    assert old in part, f"{exercise.name}: its solution does not hold {old!r}"
    assert whole.count(part) == 1
    return grade(exercise, whole.replace(part, part.replace(old, new)))


@every_exercise
def test_the_untouched_file_earns_nothing(lesson, exercise):
    assert grade(exercise, lesson.source()).state == "to do"


@every_exercise
def test_the_solution_earns_all(lesson, exercise):
    assert grade(exercise, solution(lesson)) == Verdict("solved")


@every_exercise
def test_a_typical_mistake_earns_a_hint(lesson, exercise):
    mistakes = mistakes_of(lesson)[exercise.name]
    missed = []
    for old, new, word in mistakes:
        verdict = changed(lesson, exercise, old, new)
        if verdict.state != "wrong" or word not in verdict.message:
            missed.append(f"{new!r} for {old!r}: {word!r} is not in {verdict}")
    assert not missed, "\n".join(missed)
    assert len(mistakes) >= (3 if exercise.tier == "bug" else 5)


@every_exercise
def test_what_is_no_answer_earns_nothing(lesson, exercise):
    """Returning the input, zeros or nothing; another line than the faulty one; the right line alone; the mend alone."""
    text = solution(lesson)
    if exercise.tier == "bug":
        named = f"BUGGY_LINE = {exercise.line}"
        unmended = lesson.source().replace("BUGGY_LINE = 0", named)
        answers = [
            text.replace(named, "BUGGY_LINE = 0"),
            text.replace(named, f"BUGGY_LINE = {exercise.line + 1}"),
            unmended,
        ]
    elif exercise.tier == "pencil":
        answers = [
            text.replace(lesson.solution(exercise.name), f"{exercise.name} = {wrong}") for wrong in ("0", "nan", "''")
        ]
        answers = [answer.replace("= nan", "= float('nan')") for answer in answers]
    else:
        (function,) = (node for node in ast.parse(text).body if getattr(node, "name", "") == exercise.name)
        bodies = [f"return {argument.arg}" for argument in function.args.args]
        bodies += [f"return 0 * {function.args.args[0].arg}", "return 0.0", "return None"]
        answers = [with_body(lesson, exercise, body) for body in bodies]
    for answer in answers:
        assert answer != text
        verdict = grade(exercise, answer)
        assert verdict.state == "wrong", answer
        assert verdict.message


def with_body(lesson: Lesson, exercise: Exercise, body: str) -> str:
    """The solution, where the function has another body."""
    text, part = solution(lesson), lesson.solution(exercise.name)
    (node,) = (node for node in ast.parse(text).body if getattr(node, "name", "") == exercise.name)
    head = "\n".join(text.splitlines()[node.lineno - 1 : node.body[0].end_lineno])
    return text.replace(part, f"{head}\n    {body}")


SWAPPED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult,
}
EQUIVALENT = {"mean - deviation * noise": "the noise is symmetric"}


@every_exercise
def test_every_other_operator_is_caught(lesson, exercise):
    """Each + - * / @ ** of a solution in turn becomes another one, as mutation tests do with the derivatives."""
    text, part = solution(lesson), lesson.solution(exercise.name)
    missed = []
    for number in range(len(arithmetic(ast.parse(part)))):
        mutant = ast.parse(part)
        node = arithmetic(mutant)[number]
        node.op = SWAPPED[type(node.op)]()
        if grade(exercise, text.replace(part, ast.unparse(mutant))).state == "solved":
            missed.append(ast.unparse(node))
    assert not set(missed) - set(EQUIVALENT)


def arithmetic(tree: ast.Module) -> list[ast.BinOp | ast.AugAssign]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in SWAPPED]


READY = [(lesson, e, name) for lesson, e in EXERCISES.values() for name in sorted(e.without)]


@pytest.mark.parametrize(("lesson", "exercise", "name"), READY)
def test_minigens_own_function_is_noticed(lesson, exercise, name):
    for body in (
        f"import minigen; return minigen.ops.{name}(*locals().values())",
        f"from minigen.ops import {name} as f; return f",
    ):
        verdict = grade(exercise, with_body(lesson, exercise, body))
        assert verdict.state == "wrong"
        assert f"own `{name}`" in verdict.message


@every_lesson
def test_the_exercise_is_its_solution_with_gaps(lesson):
    """Docstrings, signatures and all that is given are the same in both files."""
    kinds = {exercise.name: exercise.tier for exercise in lesson.exercises}

    def given(text: str) -> list[str]:
        found = []
        for node in ast.parse(text).body:
            name = getattr(node, "name", "") or (ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else "")
            if kinds.get(name) in ("gap", "open", "bug"):
                node.body = node.body[:1]
            found.append(name if kinds.get(name) == "pencil" or name == "BUGGY_LINE" else ast.unparse(node))
        return found

    assert given(lesson.source()) == given(solution(lesson))


@every_exercise
def test_there_are_hints_and_they_do_not_repeat(exercise, lesson):
    assert len(set(exercise.hints)) == len(exercise.hints) >= 2
