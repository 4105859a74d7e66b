"""Typical mistakes: exercise -> (old text of the solution, new text, a word of what the reader must be told)."""

BLOCK = "top : top + stride * rows : stride, left : left + stride * cols : stride"
MISTAKES = {
    "answer_size": [
        ("14", "13", "+ 1"),
        ("14", "28", "stride is 2"),
        ("14", "27", "stride"),
        ("14", "14.5", "down"),
        ("14", "15", "down"),
        ("14", "12.5", "both sides"),
    ],
    "im2col": [
        (" * dilation, v * dilation", ", v", "`dilation` apart"),
        (BLOCK, "top : top + rows, left : left + cols", "`stride` apart"),
        (
            "columns.reshape(channels * kernel * kernel, rows * cols)",
            "columns.reshape(channels * kernel * kernel, rows * cols).T",
            "transpose",
        ),
        ("columns[:, u, v] =", "columns[:, v, u] =", "(u, v), not (v, u)"),
        (" // stride + 1", " // stride", "shape"),
        ("reach = dilation * (kernel - 1) + 1", "reach = kernel", "line"),
        ("return columns", "columns = np.moveaxis(columns, 0, 2); return columns", "channel first"),
        ("top, left = u * dilation", "top, left = u * stride", "wrong in"),
        ("(width - reach)", "(height - reach)", "shape"),
        ("columns[:, u, v] = x", "columns[:, u, v] = -x", "sign"),
    ],
    "col2im": [
        (" += columns", " = columns", "must *add* where windows overlap"),
        (" += columns", " -= columns", "sign"),
        (" += columns", " += 2 * columns", "2 times the right value"),
        (" += columns[:, u, v]", " += columns[:, v, u]", "wrong in"),
        (BLOCK, "top : top + rows, left : left + cols", "stride"),
        (" * dilation, v * dilation", ", v", "`dilation` apart"),
        ("np.zeros(shape)", "np.zeros(shape[1:])", "line"),
        ("np.zeros(shape)", "np.ones(shape)", "too large by 1"),
        ("return x", "return x / kernel**2", "times the right value"),
        (
            "columns.reshape(channels, kernel, kernel, rows, cols)",
            "columns.reshape(kernel, kernel, channels, rows, cols).transpose(2, 0, 1, 3, 4)",
            "channels",
        ),
    ],
    "convolve": [
        ("x.shape[1] - len(weight) + 1", "x.shape[1] - len(weight)", "shape"),
        ("x.shape[1] - len(weight) + 1", "x.shape[1]", "line"),
        ("weight[u, v]", "weight[v, u]", "wrong in"),
        ("x.shape[1]", "min(x.shape)", "shape"),
    ],
}
