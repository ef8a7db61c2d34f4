"""Results as a table in Markdown."""


class Table:
    """A heading, a sentence, and rows."""

    def __init__(self, name: str, about: str):
        self.name, self.about = name, " ".join(about.split())
        self.rows = []
        self.notes = []

    def add(self, result, base=None, bar: str = "", what: str = "time") -> None:
        """A program's result; `base` is the peer that it is compared with, `bar` what is to be reached."""
        ratio = ""
        if base is not None:
            value = result.seconds / base.seconds if what == "time" else base.seconds / result.seconds
            ratio = f"{value:.2f}x {'the time' if what == 'time' else 'the speed'} of {base.name}"
        self.rows.append(
            (result.name, f"{result.seconds:.2f} s", f"{result.cpu:.2f} s", f"{result.memory / (1 << 20):.0f} MiB", ratio, bar)
        )

    def note(self, text: str) -> None:
        self.notes.append(text)

    def __str__(self) -> str:
        head = ("", "time (median)", "processor", "peak memory", "ratio", "bar")
        lines = [f"### {self.name}", "", self.about, ""]
        if self.rows:
            lines += ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
            lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        lines += ["", *[f"- {note}" for note in self.notes]] if self.notes else []
        return "\n".join(lines) + "\n"
