"""python -m minigen: what is in the package, and the commands."""

import sys

import minigen
from minigen.command_line import UsageError, prepare_process, run_command


def main(words: list[str] | None = None) -> int:
    """Print it; a word is an error, as the commands are modules of their own."""
    return run_command("minigen", _tell, words)


def _tell(words: list[str]) -> int:
    if words:
        raise UsageError(f"unknown word {words[0]!r}: the commands are python -m minigen.train, minigen.apply, …")
    print(minigen.__doc__)
    return 0


if __name__ == "__main__":
    prepare_process()
    sys.exit(main())
