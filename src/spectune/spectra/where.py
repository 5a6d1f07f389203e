"""Choose rows by a condition on metadata columns, parsed and never evaluated.

    instrument == "m5" and (season != 3 or dm >= 15.5) and not type in ("a", "b")

Operators are ``==  !=  <  <=  >  >=  in  not in  and  or  not`` and parentheses; a column stands
on the left of an operator, values on its right. Words are quoted, columns with spaces in their
names stand in backquotes. A missing value fulfils no comparison, not even ``!=``; compare with
``""`` to ask whether a value is missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from spectune.errors import SettingError
from spectune.spectra.condition import (
    KEYWORDS,
    OPERATORS,
    Among,
    Compare,
    Condition,
    Every,
    Not,
    Some,
    describe,
    matches,
)

__all__ = ["Among", "Compare", "Condition", "Every", "Not", "Some", "describe", "matches", "parse"]


def parse(text: str) -> Condition:
    """The condition that ``text`` writes.

    >>> parse('season < 4 and not cultivar in ("KP", "R2E2")')
    Every(conditions=(Compare(column='season', operator='<', value=4.0), Not(condition=Among(column='cultivar', \
values=('KP', 'R2E2')))))

    Raises:
        SettingError: text that is no condition, with the place where it stops to be one.
    """
    reader = _Reader(text, _tokens(text))
    condition = reader.some()
    if reader.token.kind != "end":
        raise reader.fault("expected 'and', 'or' or the end")
    return condition


_Kind = Literal["number", "word", "column", "name", "sign", "mark", "end"]
_TOKEN = re.compile(
    r"""(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
      | (?P<word>"[^"]*"|'[^']*')
      | (?P<column>`[^`]+`)
      | (?P<name>[^\W\d][\w.]*)
      | (?P<sign>==|!=|<=|>=|<|>)
      | (?P<mark>[(),\[\]])""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class _Token:
    kind: _Kind
    text: str
    at: int

    @property
    def keyword(self) -> str:
        return self.text.casefold() if self.kind == "name" and self.text.casefold() in KEYWORDS else ""


def _tokens(text: str) -> list[_Token]:
    made: list[_Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if not found:
            raise _fault(text, at, _hint(text[at]))
        kind = next(kind for kind in get_args(_Kind) if kind != "end" and found[kind] is not None)
        made.append(_Token(kind, found[0], at))
        at = found.end()
    return [*made, _Token("end", "", len(text))]


def _hint(sign: str) -> str:
    hints = {"=": "use == to compare", "&": "use 'and'", "|": "use 'or'", "!": "use 'not' or !="}
    if sign.isalnum():
        return "a word needs quotation marks, a column name begins with a letter"
    return hints.get(sign, "a quotation mark is not closed" if sign in "\"'`" else f"{sign!r} means nothing here")


def _fault(text: str, at: int, why: str) -> SettingError:
    rest = text[at : at + 20] or "the end"
    return SettingError(f"condition {text!r}: {why}, at character {at + 1} ({rest!r})")


class _Reader:
    """Recursive descent over the tokens; one method for each level of binding."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self.text, self.tokens, self.place, self.depth = text, tokens, 0, 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.place]

    def fault(self, why: str) -> SettingError:
        return _fault(self.text, self.token.at, why)

    def some(self) -> Condition:
        found = [self.every()]
        while self.token.keyword == "or":
            self.place += 1
            found.append(self.every())
        return found[0] if len(found) == 1 else Some(tuple(found))

    def every(self) -> Condition:
        found = [self.one()]
        while self.token.keyword == "and":
            self.place += 1
            found.append(self.one())
        return found[0] if len(found) == 1 else Every(tuple(found))

    def one(self) -> Condition:
        self.depth += 1
        if self.depth > 50:
            raise self.fault("parentheses are nested too deeply")
        condition = self.inner()
        self.depth -= 1
        return condition

    def inner(self) -> Condition:
        if self.token.keyword == "not":
            self.place += 1
            return Not(self.one())
        if self.token.text == "(":
            self.place += 1
            condition = self.some()
            self.expect(")")
            return condition
        return self.comparison()

    def comparison(self) -> Condition:
        name = self.token
        if name.keyword or name.kind not in ("name", "column"):
            raise self.fault("expected a column name")
        self.place += 1
        column = name.text.strip("`")
        negated = self.token.keyword == "not"
        self.place += negated
        if self.token.keyword == "in":
            self.place += 1
            among = Among(column, self.values())
            return Not(among) if negated else among
        if negated or self.token.kind != "sign":
            raise self.fault("expected ==, !=, <, <=, >, >=, 'in' or 'not in'")
        sign = next(sign for sign in OPERATORS if sign == self.token.text)
        self.place += 1
        return Compare(column, sign, self.value())

    def values(self) -> tuple[float | str, ...]:
        closing = {"(": ")", "[": "]"}.get(self.token.text)
        if closing is None:
            raise self.fault("expected a list of values in parentheses")
        self.place += 1
        found = [self.value()]
        while self.token.text == ",":
            self.place += 1
            if self.token.text == closing:
                break
            found.append(self.value())
        self.expect(closing)
        return tuple(found)

    def value(self) -> float | str:
        token = self.token
        if token.kind not in ("number", "word"):
            quote = "; words need quotation marks" if token.kind == "name" else ""
            raise self.fault(f"expected a number or a quoted word{quote}")
        self.place += 1
        return float(token.text) if token.kind == "number" else token.text[1:-1]

    def expect(self, mark: str) -> None:
        if self.token.text != mark:
            raise self.fault(f"expected {mark!r}")
        self.place += 1
