"""The demonstration's steps as they are shown."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


def bars(console: Console) -> Progress:
    """One bar per step, with how much of it is done and for how long it has run."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


def begin(progress: Progress, words: str, total: int | None) -> TaskID:
    """A step begins. In a log no bar moves until the end, so there its name is said at once."""
    if not progress.console.is_terminal:
        progress.console.print(f"{words} …")
    return progress.add_task(words, total=total)
