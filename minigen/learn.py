"""python -m minigen.learn [LESSON [EXERCISE]]: the course's exercises, graded."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap

from minigen.command_line import Parser, UsageError, closest, prepare_process, run_command
from minigen.learning.apart import grade_apart
from minigen.learning.course import Exercise, Lesson, find_course
from minigen.learning.progress import Progress

USAGE = "%(prog)s [LESSON [EXERCISE]] [--hint | --solution]"
TIERS = "Write the code; (pencil): find a number; (bug): find the faulty line; (open): beat a mark."
NO_BREAK = "\N{NO-BREAK SPACE}"
EPILOG = "Fill the gaps in lessons/exercises/NN_topic.py, then grade them: python -m minigen.learn NN"


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 where all that was graded is solved, 1 where not, 2 where it cannot be done."""
    return run_command("minigen.learn", _main, arguments)


def _main(words: list[str]) -> int:
    parser = Parser(
        "python -m minigen.learn", USAGE, "List the course's exercises, or grade those of a lesson.", EPILOG
    )
    parser.add_argument(
        "lesson", nargs="?", default=None, help="the lesson's number or topic (default: list all lessons)"
    )
    parser.add_argument("exercise", nargs="?", default=None, help="one exercise (default: all of the lesson)")
    parser.add_switch("--hint", "show the next hint for the first unsolved exercise")
    parser.add_switch("--solution", "show the solution of the first unsolved exercise, after a try")
    options = parser.parse(words)
    if options.hint and options.solution:
        raise UsageError("--hint and --solution: must be one of them")
    if not options.lesson and (options.hint or options.solution):
        raise UsageError("a lesson is missing: python -m minigen.learn LESSON [EXERCISE] [--hint | --solution]")
    progress = Progress()
    try:
        return _answer(options, find_course(), progress)
    finally:
        if progress.trouble:
            print(progress.trouble, file=sys.stderr)


def _answer(options: argparse.Namespace, lessons: list[Lesson], progress: Progress) -> int:
    if not options.lesson:
        return _list(lessons, progress)
    lesson = _lesson(options.lesson, lessons)
    chosen = _exercises(options.exercise, lesson)
    if not (options.hint or options.solution):
        return _grade(lesson, chosen, progress)
    unsolved = [e for e in chosen if not progress.of(lesson.topic, e.name).solved]
    (_hint if options.hint else _solution)(lesson, (unsolved or chosen)[0], progress)
    return 0


def _lesson(word: str, lessons: list[Lesson]) -> Lesson:
    for lesson in lessons:
        if word in (lesson.number, lesson.number.lstrip("0"), lesson.topic, lesson.path.stem, lesson.path.name):
            return lesson
    known = [name for lesson in lessons for name in (lesson.number, lesson.topic)]
    raise UsageError(f"no exercises for lesson {word!r}{closest(word, known)} (python -m minigen.learn lists all)")


def _exercises(word: str | None, lesson: Lesson) -> list[Exercise]:
    names = [exercise.name for exercise in lesson.exercises]
    if word and word not in names:
        known = f"{closest(word, names)}; it has {', '.join(names)}"
        raise UsageError(f"lesson {lesson.number} has no exercise {word!r}{known}")
    return [exercise for exercise in lesson.exercises if word in (None, exercise.name)]


def _list(lessons: list[Lesson], progress: Progress) -> int:
    solved = total = 0
    for lesson in lessons:
        marks = []
        for exercise in lesson.exercises:
            done = progress.of(lesson.topic, exercise.name).solved
            marks.append(f"{'✓' if done else '·'} {exercise.title}")
            solved, total = solved + done, total + 1
        line = f"{lesson.number} {lesson.topic:<28} " + "  ".join(mark.replace(" ", NO_BREAK) for mark in marks)
        width = max(shutil.get_terminal_size().columns, 60)
        print(textwrap.fill(line, width, subsequent_indent=32 * " ", break_on_hyphens=False).replace(NO_BREAK, " "))
    print(f"\n{solved} of {total} solved (✓). {TIERS}")
    print(f"To grade a file in {lessons[0].path.parent}: python -m minigen.learn NN")
    return 0


def _grade(lesson: Lesson, chosen: list[Exercise], progress: Progress) -> int:
    solved = 0
    for exercise in chosen:
        record = progress.of(lesson.topic, exercise.name)
        verdict, printed = grade_apart(lesson, exercise)
        print(f"{verdict.state:<8}{exercise.title}")
        if verdict.message:
            print(textwrap.indent(verdict.message, " " * 8))
        if printed:
            print(textwrap.indent(f"your code printed:\n{printed}", " " * 8))
        record.solved |= verdict.state == "solved"
        record.tries += verdict.state == "wrong"
        solved += verdict.state == "solved"
        progress.save()
    print(f"\n{solved} of {len(chosen)} solved in {lesson.path}")
    return 0 if solved == len(chosen) else 1


def _hint(lesson: Lesson, exercise: Exercise, progress: Progress) -> None:
    record = progress.of(lesson.topic, exercise.name)
    record.hints = min(record.hints + 1, len(exercise.hints))
    progress.save()
    print(f"{exercise.name}, hint {record.hints} of {len(exercise.hints)}: {exercise.hints[record.hints - 1]}")


def _solution(lesson: Lesson, exercise: Exercise, progress: Progress) -> None:
    record = progress.of(lesson.topic, exercise.name)
    if not (record.solved or record.tries):
        command = f"python -m minigen.learn {lesson.number} {exercise.name}"
        raise UsageError(f"try {exercise.name} first: write something and grade it ({command}), or ask for a --hint")
    print(f"BUGGY_LINE = {exercise.line}\n\n" * bool(exercise.line) + lesson.solution(exercise.name))


if __name__ == "__main__":
    prepare_process()
    sys.exit(main())
