"""`python -m minigen.learn`: whatever the reader's code does, one verdict comes back, and nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from minigen import learn
from minigen.learning import course
from minigen.learning.apart import grade_apart
from minigen.learning.course import Lesson, find_course

CHECKS = """
from minigen.learning import exercise, number, same

@exercise("gap", "first hint", "second hint")
def double(your):
    same(your.double(3.0), 6.0, "double(3)")

@exercise("pencil", "add", "one and one")
def answer(your):
    number(your.answer, 2)
"""
EXERCISE = 'def double(x):\n    raise NotImplementedError("your turn")\n\n\nanswer = None\n'
SOLUTION = "def double(x):\n    return 2 * x\n\n\nanswer = 2\n"


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lesson:
    """A course of one lesson in the working folder, and a home for the progress."""
    for folder, text in (("", EXERCISE), ("checks", CHECKS), ("solutions", SOLUTION)):
        path = tmp_path / "exercises" / folder / "03_doubling.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return Lesson(tmp_path / "exercises" / "03_doubling.py")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("while True: pass", "no answer after 2 s"),
        ("import os; os._exit(3)", "ended itself (exit code 3)"),
        ("import os; os.abort()", "was ended by signal"),
        ("import sys; sys.exit()", "line 2, `import sys; sys.exit()`: your code ends the program"),
        ("return input('? ')", "reads the keyboard"),
        ("return bytearray(10**11)", "more memory"),
        ("return double(x)", "calls itself too often"),
        ("raise ValueError('small')", "line 2, `raise ValueError('small')`: ValueError: small"),
        ("return x +", "line 2 cannot be read"),
        ("return '6'", "is a str, must be numbers"),
        ("import sys; sys.stdout.close(); return x", "is 0.5 times the right value"),
    ],
)
def test_whatever_the_code_does_is_explained(lesson, body, words):
    lesson.path.write_text(f"def double(x):\n    {body}\n", encoding="utf-8")
    verdict, _ = grade_apart(lesson, lesson.exercises[0], 2)
    assert verdict.state == "wrong"
    assert words in verdict.message
    assert "minigen/learning" not in verdict.message
    assert "\n" not in verdict.message


def test_what_the_code_prints_is_shown_but_not_all_of_it(lesson):
    lesson.path.write_text("def double(x):\n    print('here ' * 10**6)\n    return 2 * x\n", encoding="utf-8")
    verdict, printed = grade_apart(lesson, lesson.exercises[0])
    assert verdict.state == "solved"
    assert printed.startswith("here here")
    assert len(printed) <= 2000


def test_a_reader_goes_from_the_list_to_the_solution(lesson, capsys):
    def run(*words: str) -> str:
        codes.append(learn.main(list(words)))
        return "".join(capsys.readouterr())

    codes: list[int] = []
    assert "03 doubling" in run()
    assert "0 of 2 solved" in run("03")
    assert "try double first" in run("3", "double", "--solution")
    assert "hint 1 of 2: first hint" in run("doubling", "--hint")
    assert "hint 2 of 2: second hint" in run("03", "--hint")
    lesson.path.write_text(EXERCISE.replace('raise NotImplementedError("your turn")', "return x + x + 1"))
    assert "double(3) is wrong: yours 7, right 6" in run("03")
    assert "return 2 * x" in run("3", "double", "--solution")
    lesson.path.write_text(SOLUTION, encoding="utf-8")
    assert "2 of 2 solved" in run("03")
    assert "✓ double  ✓ answer (pencil)" in run()
    assert codes == [0, 1, 2, 0, 0, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["04"], "no exercises for lesson '04'"),
        (["doublin"], "did you mean 'doubling'?"),
        (["3", "doubel"], "did you mean 'double'?; it has double, answer"),
        (["3", "--hnt"], "did you mean '--hint'?"),
        (["--hint"], "a lesson is missing"),
        (["3", "--hint", "--solution"], "--hint and --solution: must be one of them"),
    ],
)
def test_words_that_name_nothing_are_answered(lesson, capsys, words, message):
    assert learn.main(words) == 2
    assert message in capsys.readouterr().err


def test_a_course_is_found_in_the_folder_or_in_the_clone(lesson, tmp_path, monkeypatch):
    assert [found.path for found in find_course()] == [lesson.path]
    monkeypatch.chdir(tmp_path / "exercises")
    assert len(find_course()) == 24
    monkeypatch.setattr(course.files, "__file__", str(tmp_path / "site-packages" / "minigen" / "files.py"))
    with pytest.raises(FileNotFoundError, match="come with a clone"):
        find_course()


def test_a_damaged_progress_file_is_kept(lesson, tmp_path, capsys):
    lesson.path.write_text(SOLUTION, encoding="utf-8")
    file = tmp_path / "home" / "minigen" / "exercises.json"
    file.parent.mkdir(parents=True)
    for damage in ('{"doubling/dou', '{"doubling/double": {"tries": "many"}}', "[]"):
        file.write_text(damage)
        assert learn.main(["3"]) == 0
        assert "kept as exercises.damaged" in capsys.readouterr().err
        assert file.with_suffix(".damaged").read_text() == damage
        assert json.loads(file.read_text())["doubling/double"]["solved"]


def test_a_folder_that_takes_no_progress_stops_nobody(lesson, tmp_path, capsys):
    (tmp_path / "home").write_text("a file where the folder must be")
    lesson.path.write_text(SOLUTION, encoding="utf-8")
    assert learn.main(["3"]) == 0
    captured = capsys.readouterr()
    assert "2 of 2 solved" in captured.out
    assert "progress is not kept" in captured.err


def test_a_solved_exercise_stays_solved(lesson, capsys):
    for text in (SOLUTION, EXERCISE):
        lesson.path.write_text(text, encoding="utf-8")
        learn.main(["3"])
    learn.main([])
    assert "✓ double" in capsys.readouterr().out
