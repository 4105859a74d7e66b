"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

MISTAKES = {
    "answer_shared": [
        ("7.0", "4", "twice"),
        ("7.0", "6", "last x"),
        ("7.0", "12", "that is y"),
        ("7.0", "5", "2x"),
        ("7.0", "-7", "sign"),
    ],
    "divide": [
        ("-a.value / b.value**2", "a.value / b.value**2", "sign"),
        ("-a.value / b.value**2", "-a.value / b.value", "b²"),
        ("-a.value / b.value**2", "-1 / b.value**2", "a is missing"),
        ("-a.value / b.value**2", "1 / b.value", "-1/b²"),
        ("(a, 1 / b.value)", "(a, a.value / b.value)", "does not hold a"),
        (", (b, -a.value / b.value**2)", "", "no edge to b"),
        ("return Node(a.value / b.value, ", "return (a.value / b.value, ", "Node"),
        ("Node(a.value / b.value,", "Node(b.value / a.value,", "b / a"),
    ],
    "backward": [
        ("gradients[parent] += gradients[node] * slope", "gradients[parent] = gradients[node] * slope", "add up"),
        ("gradients[node] * slope", "slope", "must be"),
        ("gradients[node] * slope", "gradients[node]", "must be"),
        ("gradients = {output: 1.0}", "gradients = {output: output.value}", "must be 1"),
        ("gradients[parent] = 0.0", "gradients[parent] = 1.0", "must be"),
        ("(-parent.order, parent)", "(parent.order, parent)", "have arrived"),
        ("return gradients", "return list(gradients.items())", "dict"),
        ("return gradients", "return {node: g for node, g in gradients.items() if not node.edges}", "must be 1"),
        ("if parent not in gradients:", "if parent in gradients:", "KeyError"),
    ],
    "topological": [
        ("seen.add(node)  # line 3", "pass", "must be listed once"),
        ("return found", "return found[::-1]", "before a parent"),
        ("found.append(node)  # line 4", "found.insert(0, node)  # line 4", "before a parent"),
    ],
}
