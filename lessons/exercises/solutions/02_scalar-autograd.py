"""Exercises of lesson 2: a scalar autograd.

Fill the gaps, then run: python -m minigen.learn 02
"""

import heapq
import itertools


class Node:
    """A number, and how it was made: edges are pairs (parent, slope) with slope = d(this number)/d(parent)."""

    count = itertools.count()

    def __init__(self, value, *edges):
        self.value, self.edges = value, edges
        self.order = next(Node.count)  # a number is always newer than those that it was made from


def add(a, b):
    """a + b"""
    return Node(a.value + b.value, (a, 1.0), (b, 1.0))


def multiply(a, b):
    """a · b"""
    return Node(a.value * b.value, (a, b.value), (b, a.value))


# Pencil: what is dy/dx for y = x·x + x at x = 3?
answer_shared = 7.0


def divide(a, b):
    """a / b, as a Node with one edge to a and one to b."""
    return Node(a.value / b.value, (a, 1 / b.value), (b, -a.value / b.value**2))


def backward(output):
    """d(output)/d(node) for every node that output was made from, itself included: a dict from Node to float.

    A node may be used many times; the gradients that arrive at it add up, before they travel on. Visit each node once.
    """
    gradients = {output: 1.0}
    queue = [(-output.order, output)]
    while queue:
        _, node = heapq.heappop(queue)
        for parent, slope in node.edges:
            if parent not in gradients:
                gradients[parent] = 0.0
                heapq.heappush(queue, (-parent.order, parent))
            gradients[parent] += gradients[node] * slope
    return gradients


# Find the bug: enter the number of the wrong line, and fix the function below.
BUGGY_LINE = 4


def topological(output):
    """A list of all nodes that output was made from, each once, and each behind its parents; output is the last."""
    found, seen = [], set()

    def visit(node):
        if node in seen:  # line 1
            return  # line 2
        seen.add(node)  # line 3
        for parent, _ in node.edges:  # line 5
            visit(parent)  # line 6
        found.append(node)  # line 4

    visit(output)
    return found  # line 7
