"""Tables in Markdown, line by line."""


def heading(columns):
    return [row(columns), "|---" * len(columns) + "|"]


def row(cells):
    return f"| {' | '.join(map(str, cells))} |"
