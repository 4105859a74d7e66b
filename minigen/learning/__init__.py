"""Grading exercises: what a check needs, as one import.

    from minigen.learning import WrongError, differentiates, exercise, number, same

A lesson has three files of one name: lessons/exercises/10_convolution.py, which the reader fills, the same below
`solutions/`, and below `checks/` a function for each exercise that raises WrongError with what the reader is told.
"""

from minigen.learning.comparing import WrongError, close, number, same
from minigen.learning.course import exercise
from minigen.learning.derivatives import differentiates, recorded

__all__ = ["WrongError", "close", "differentiates", "exercise", "number", "recorded", "same"]
