"""Results as a table in Markdown."""

from statistics import median


class Table:
    """A heading, a sentence, and rows."""

    def __init__(self, name: str, about: str):
        self.name, self.about = name, " ".join(about.split())
        self.rows = []
        self.notes = []

    def add(self, result, bar: str = "", time_of=(), speed_of=()) -> None:
        """A program's result. `time_of` and `speed_of` are the peers that it is compared with, `bar` what is to be reached."""
        ratios = [f"{spread(result.times(peer))} the time of {peer.name}" for peer in time_of]
        ratios += [f"{spread(1 / ratio for ratio in result.times(peer))} the speed of {peer.name}" for peer in speed_of]
        memory = f"{result.memory / (1 << 20):.0f} MiB"
        times = (f"{result.seconds:.2f} s", f"{result.cpu:.2f} s")
        self.rows.append((result.name, *times, memory, "; ".join(ratios), bar))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def __str__(self) -> str:
        head = ("", "time", "processor", "memory", "ratio", "bar")
        lines = [f"### {self.name}", "", self.about, ""]
        if self.rows:
            lines += ["| " + " | ".join(head) + " |", "| --- " * len(head) + "|"]
            lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        lines += ["", *[f"- {note}" for note in self.notes]] if self.notes else []
        return "\n".join(lines) + "\n"


def spread(ratios) -> str:
    """The median, and the least and the largest when there are several."""
    ratios = sorted(ratios)
    middle = f"{median(ratios):.2f}x"
    return middle if len(ratios) == 1 else f"{middle} ({ratios[0]:.2f}-{ratios[-1]:.2f})"
