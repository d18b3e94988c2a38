"""What is wrong with a definition, and where: file, line and key of each mistake."""

from dataclasses import dataclass, field

CAMPAIGN_FILE = "campaign.yaml"
UNITS_FILE = "units.csv"


@dataclass(frozen=True)
class Mistake:
    """One mistake in a sentence. `line` None: it concerns the whole file; `key` "": no key in particular."""

    file: str
    line: int | None
    key: str
    sentence: str

    def __str__(self) -> str:
        line = f" 第 {self.line} 行" if self.line else ""
        key = f" {self.key}" if self.key else ""
        return f"{self.file}{line}{key}：{self.sentence}"


class DefinitionError(ValueError):
    """A definition that cannot be taken; nothing was changed. `mistakes`: all that was found, in order."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


@dataclass
class Log:
    """Gathers mistakes while a definition is read.

    Paths look like `forms[0].indicators[3].of`, from 0; a row of units.csv is `units[5]`.
    `lines`: the line of each path, "" for the whole. `unsound`: paths whose value could not be read: a check
    built on one would only add noise.
    """

    units_file: str = UNITS_FILE
    lines: dict[str, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    unsound: set[str] = field(default_factory=set)

    def add(self, path: str, sentence: str, *, line: int | None = None) -> None:
        """Note a mistake at `path`; the line is that of the path or of what holds it."""
        in_units = path.startswith("units[")
        key = path.partition("]")[2].lstrip(".") if in_units else path
        self.mistakes.append(
            Mistake(
                file=self.units_file if in_units else CAMPAIGN_FILE,
                line=line or self.line_of(path),
                key=key,
                sentence=sentence,
            )
        )

    def add_file(self, file: str, sentence: str, line: int | None = None, key: str = "") -> None:
        self.mistakes.append(Mistake(file, line, key, sentence))

    def line_of(self, path: str) -> int | None:
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get("")

    def sound(self, *paths: str) -> bool:
        return self.unsound.isdisjoint(paths)

    def sound_in_all(self, path: str, name: str) -> bool:
        """Tell whether the list at `path` was read whole, and the key `name` of each of its entries."""
        return self.sound(path) and not any(
            part.startswith(f"{path}[") and part.endswith(f"].{name}") for part in self.unsound
        )

    def raise_if_any(self) -> None:
        if self.mistakes:
            self.mistakes.sort(key=lambda mistake: (mistake.file != CAMPAIGN_FILE, mistake.line or 0))
            raise DefinitionError(self.mistakes)


def shown(text: str, length: int = 40) -> str:
    """Return `text` fit to stand in a sentence: shortened, without characters that cannot be printed."""
    printed = "".join(character if character.isprintable() else "□" for character in text[:length])
    return printed + "…" if len(text) > length else printed
