"""python -m minigen.gradcheck: check the derivatives of every operation, or of those in your own file."""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigen import backend
from minigen.command_line import Parser, UsageError, prepare_process, run_command
from minigen.gradcheck import GradcheckError, gradcheck
from minigen.gradcheck.case import Case
from minigen.gradcheck.cases import CASES
from minigen.gradcheck.own import OwnFileError, cases_in, where
from minigen.gradcheck.pattern import pattern


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 where every derivative is right, else 1."""
    return run_command("minigen.gradcheck", _main, arguments)


def _main(words: list[str]) -> int:
    parser = Parser("python -m minigen.gradcheck", "%(prog)s [FILE.py] [OP …] [options]", __doc__.split(": ")[1])
    parser.add_argument("op", nargs="*", default=[], help="operations to check (all where left out)")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed for the inputs, cotangents and directions (default 0)"
    )
    parser.add_argument("--device", choices=backend.DEVICES, default="cpu", help="where to compute")
    parser.epilog = (
        "FILE.py is a file of yours with CHECKS = [(function, (2, 3)), …]: a function and its inputs' shapes"
    )
    options = parser.parse(words)
    own = Path(options.op.pop(0)) if options.op and options.op[0].endswith(".py") else None
    try:
        cases = cases_in(own) if own else CASES
    except OwnFileError as error:
        raise UsageError(str(error)) from error
    unknown = set(options.op) - {case.op for case in cases}
    if unknown:
        names = dict.fromkeys(case.op for case in cases)
        raise UsageError(f"unknown operation {', '.join(sorted(unknown))}; known: {', '.join(names)}")
    if options.seed < 0:
        raise UsageError(f"--seed is {options.seed}, must not be negative")
    backend.module(options.device)

    print(f"seed {options.seed}, float64, {options.device}; relative errors, worst of all cases\n")
    print(f"{'operation':<34}{'cases':>5}{'arguments':>11}{'order 1':>11}{'order 2':>11}  verdict")
    failures, refusals = [], []
    for op, group in itertools.groupby(cases, key=lambda case: case.op):
        if not options.op or op in options.op:
            results = [_check(case, options.seed, options.device, own) for case in group]
            _print_row(op, results)
            refusals += [result.refusal for result in results if result.refusal]
            failures += _report(results)
    for refusal in dict.fromkeys(refusals):
        print(f"\nrefused: an operation that cannot be differentiated twice says so, which is right. {refusal}")
    print("\n" + ("\n\n".join(failures) if failures else "every derivative is right"))
    return 1 if failures else 0


@dataclass
class Result:
    """What the check of a case found: the errors by order, why there is no second derivative, and what is wrong."""

    case: Case
    size: int
    errors: dict[int, float | None]
    refusal: str = ""
    failure: str = ""


def _check(case: Case, seed: int, device: str, own: Path | None) -> Result:
    """Check order 1 and, if it is right, order 2. An error in the reader's own file is a finding, too."""
    inputs = case.inputs(seed, device)
    result = Result(case, sum(x.size for x in inputs), {})
    for order in (1, 2):
        try:
            result.errors[order + case.above] = gradcheck(_named(case), inputs, order, seed)
        except GradcheckError as failure:
            result.errors[order + case.above] = failure.error
            result.failure = str(failure)
            break
        except NotImplementedError as refusal:
            result.refusal = str(refusal)
        except Exception as error:
            if own is None:
                raise
            result.failure = f"gradcheck of {case.name}, seed {seed}, order {order}: {where(error, own)}"
            break
    return result


def _named(case: Case) -> Callable[..., Any]:
    """The case's function under the case's name, which a lambda has not."""

    @functools.wraps(case.call)
    def function(*inputs: Any) -> Any:
        return case.call(*inputs)

    function.__name__ = case.name
    return function


def _print_row(op: str, results: Sequence[Result]) -> None:
    columns = ""
    for order in (1, 2):
        found = [result.errors[order] for result in results if order in result.errors]
        known = [error for error in found if error is not None]
        refused = any(result.refusal for result in results)
        columns += f"{max(known):>11.1e}" if known else f"{'refused' if order == 2 and refused else '-':>11}"
    arguments = max(len(result.case.draws) for result in results)
    verdict = "WRONG" if any(result.failure for result in results) else "right"
    print(f"{op:<34}{len(results):>5}{arguments:>11}{columns}  {verdict}")


def _report(results: Sequence[Result]) -> list[str]:
    """The message of the simplest case that failed, and what the others have in common."""
    failed = sorted((result for result in results if result.failure), key=lambda result: result.size)
    if not failed:
        return []
    lines = [failed[0].failure]
    others = [result.case.name for result in failed[1:]]
    if others:
        lines.append(f"also wrong: {'; '.join(others)}")
    if len(results) > 1 and (common := pattern([(r.case.options, not r.failure) for r in results])):
        lines.append(common)
    return ["\n".join(lines)]


if __name__ == "__main__":
    prepare_process()
    sys.exit(main())
