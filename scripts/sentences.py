#!/usr/bin/env python3
"""Writes docs/sentences.md: what the bot says, from the golden conversations, each sentence and card once.

    scripts/sentences.py           writes the page
    scripts/sentences.py --check   fails with 1 if the page is not what the conversations say
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "sentences.md"
HEAD = """# What it says

Every sentence and card of the conversations that the tests play, where it is said first; `make sentences` writes this
page. Colour and icon of a card stand before its title. A card that ends is edited: the line with its letter is what it
became. The picture shows the cards as they are rendered.

![The cards](cards.png)
"""


def turns(text):
    """The turns of a conversation: what somebody did, and each answer to it, as lists of lines."""
    turn, answers = None, []
    for line in text.splitlines():
        if line == "calls:":
            break
        if line.startswith(("#", "given:", "|")) or not line.strip():
            continue
        if line.startswith("bot:"):
            answers.append([line])
        elif line.startswith("  ") and answers:
            answers[-1].append(line)
        else:
            if turn is not None:
                yield turn, answers
            turn, answers = line, []
    if turn is not None:
        yield turn, answers


def without_letters(answer):
    """The answer without what differs between conversations."""
    return re.sub(r"\[card [A-Z]+\]", "[card]", "\n".join(answer))


def page():
    """The text of the page."""
    seen, parts = set(), [HEAD]
    for path in sorted((ROOT / "tests" / "conversations").glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        lines = []
        for turn, answers in turns(text):
            new = [answer for answer in answers if without_letters(answer) not in seen]
            seen.update(without_letters(answer) for answer in new)
            if new:
                lines += [turn, *(line for answer in new for line in answer)]
        if not lines:
            continue
        about = " ".join(re.findall(r"^# (.*)$", text, re.MULTILINE))
        title = path.stem.replace("_", " ").capitalize()
        parts.append("\n".join([f"## {title}", "", about, "", "```text", *lines, "```", ""]))
    return "\n".join(parts)


def main():
    """Writes or checks the page."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        sys.exit("docs/sentences.md is not what the conversations say: run make sentences.")


if __name__ == "__main__":
    main()
