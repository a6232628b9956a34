"""A document's fenced blocks, as what they are to whoever follows it: files to write and lines to type."""
import re
import typing

FENCE = re.compile(r"^```(\w*)$")
NAMED_FILE = re.compile(r"`(/[^`]+)`:$")


class Step(typing.NamedTuple):
    line: int
    path: str  # of the file to write; empty: type the text
    text: str


def steps_of(document: str) -> typing.Iterator[Step]:
    """Blocks of "sh" line by line; the other blocks are files, which the sentence before them names at its end."""
    language, block, named = None, [], ""
    for number, line in enumerate(document.splitlines(), start=1):
        fence = FENCE.match(line)
        if not fence:
            if language is not None:
                block.append(line)
            elif line:
                found = NAMED_FILE.search(line)
                named = found.group(1) if found else ""
        elif language is None:
            language, block = fence.group(1), []
        else:
            yield from _steps_of_block(number - len(block), language, named, block)
            language = None


def _steps_of_block(first: int, language: str, path: str, block: typing.List[str]) -> typing.Iterator[Step]:
    if language == "sh":
        yield from (Step(first + i, "", line) for i, line in enumerate(block) if line)
    elif path:
        yield Step(first, path, "\n".join(block) + "\n")
    else:
        raise ValueError(f"line {first}: no sentence names the file of this block")
