"""The colours of drawings and pages: data blue, parameters orange, gradients green, on white paper and on dark.

Each hue is a CSS variable for its fill, its stroke and its text: var(--gradient-text). The same names work on both
papers; the reader's screen chooses.
"""

HUES = {  # name: (fill, stroke, text) on white paper, and the same three on dark paper
    "data": ("#d6e8fa #1f6fb8 #155a99", "#12365a #62aef0 #8cc4f5"),
    "parameter": ("#fde5c8 #b8630a #94500a", "#54330c #f0a954 #f5be7c"),
    "gradient": ("#d5f0dc #1c7f3e #166733", "#14432a #5fd08a #86deaa"),
    "mark": ("#fbd9dd #b3243a #9c1c30", "#5a1b26 #f27e90 #f59aa8"),
    "plain": ("#f1f3f5 #7b8794 #1f2933", "#222b35 #8a97a5 #e4e9ee"),
    "page": ("#ffffff #667380 #1f2933", "#10161d #9aa7b4 #e4e9ee"),  # paper, faint words, words
}


def variables(selector: str) -> str:
    """CSS that gives the elements of a selector the variables of all hues."""
    papers = [
        " ".join(
            f"--{hue}-{part}: {color};"
            for hue, both in HUES.items()
            for part, color in zip(("fill", "stroke", "text"), both[dark].split(), strict=True)
        )
        for dark in (0, 1)
    ]
    return f"{selector} {{ {papers[0]} }}\n@media (prefers-color-scheme: dark) {{ {selector} {{ {papers[1]} }} }}"
