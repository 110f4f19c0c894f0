"""Sums, worked out exactly with fractions. Every step is bounded: a sum must never take the box.

Grammar: expression = term (("+" | "-") term)*; term = power-like factors with * / // mod %; right-associative ^.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation, localcontext
from fractions import Fraction
from math import factorial, isqrt
from typing import Final

from appliance.tools.builtin.sums.sum_tokens import NAMES, SumError, Token, tokens

MAX_BITS: Final = 4096
MAX_DEPTH: Final = 50
_MAX_FACTORIAL: Final = 300
_PRECISION: Final = 50

_PI: Final = Fraction("3.14159265358979323846264338327950288419716939937511")
_E: Final = Fraction("2.71828182845904523536028747135266249775724709369996")
_CONSTANTS: Final = {"pi": _PI, "e": _E, "tau": 2 * _PI}
_FRONT: Final = {"half": Fraction(1, 2), "third": Fraction(1, 3), "quarter": Fraction(1, 4), "double": Fraction(2)}


def evaluate(text: str) -> Fraction:
    """Work out a sum. Raises SumError with a text for the owner."""
    found = tokens(text)
    if not found:
        raise SumError("There is nothing to work out.")
    return _Parser(found).whole()


class _Parser:
    def __init__(self, found: Sequence[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0
        self._signs = 0

    def whole(self) -> Fraction:
        value = self._expression()
        if self._at < len(self._tokens):
            raise SumError("I cannot make sense of that sum; an operator is missing or a bracket too many.")
        return value

    def _kind(self, ahead: int = 0) -> str:
        place = self._at + ahead
        return self._tokens[place].kind if place < len(self._tokens) else ""

    def _take(self, *kinds: str) -> str:
        kind = self._kind()
        if kind and kind in kinds:
            self._at += 1
            return kind
        return ""

    def _expression(self) -> Fraction:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SumError("That sum has too many brackets inside each other.")
        value = self._term()
        while operator := self._take("+", "-"):
            right, is_percent = self._right_of_sum()
            # As on a pocket calculator: 50 + 10 % adds ten per cent of the fifty.
            amount = _bounded(value * right) if is_percent else right
            value = _bounded(value + amount if operator == "+" else value - amount)
        self._depth -= 1
        return value

    def _right_of_sum(self) -> tuple[Fraction, bool]:
        start = self._at
        value = self._term()
        taken = self._tokens[start : self._at]
        return value, len(taken) == 2 and taken[0].kind == "number" and taken[1].kind == "%"

    def _term(self) -> Fraction:
        value = self._unary()
        while True:
            if self._take("*"):
                value = _bounded(value * self._unary())
            elif self._take("/"):
                value = _bounded(value / _divisor(self._unary()))
            elif self._take("//"):
                value = Fraction(value // _divisor(self._unary()))
            elif self._take("mod") or (self._kind() == "%" and self._begins_operand(1) and self._take("%")):
                value = value % _divisor(self._unary())
            elif self._take("%of"):
                value = _bounded(value / 100 * self._unary())
            elif self._kind() in ("(", "name") and self._follows_number():
                value = _bounded(value * self._unary())  # 2(3 + 4), 2 pi
            else:
                return value

    def _follows_number(self) -> bool:
        return self._tokens[self._at - 1].kind in ("number", ")")

    def _begins_operand(self, ahead: int) -> bool:
        return self._kind(ahead) in ("number", "name", "(")

    def _unary(self) -> Fraction:
        self._signs += 1
        if self._signs > MAX_DEPTH * 4:
            raise SumError("That sum has too many signs in a row.")
        try:
            if self._take("-", "neg"):
                return -self._unary()
            if self._take("+"):
                return self._unary()
            if front := self._take(*_FRONT):
                return _bounded(_FRONT[front] * self._unary())
            return self._power()
        finally:
            self._signs -= 1

    def _power(self) -> Fraction:
        base = self._postfix()
        return power(base, self._unary()) if self._take("^") else base

    def _postfix(self) -> Fraction:
        value = self._operand()
        while True:
            if self._take("!"):
                value = _factorial(value)
            elif self._take("²"):
                value = power(value, Fraction(2))
            elif self._take("³"):
                value = power(value, Fraction(3))
            elif self._kind() == "%" and not self._begins_operand(1):
                self._at += 1
                value = value / 100
            else:
                return value

    def _operand(self) -> Fraction:
        if self._at >= len(self._tokens):
            raise SumError("That sum ends too early.")
        token = self._tokens[self._at]
        self._at += 1
        if token.kind == "number":
            return token.value
        if token.kind == "(":
            value = self._expression()
            if not self._take(")"):
                raise SumError("A closing bracket is missing.")
            return value
        if token.name in _CONSTANTS:
            return _CONSTANTS[token.name]
        if token.name in NAMES:
            return _FUNCTIONS[token.name](self._argument())
        raise SumError("I cannot make sense of that sum; a number is missing.")

    def _argument(self) -> Fraction:
        return self._postfix() if self._kind() != "-" else self._unary()


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """Raise, with the size of the result known before the work is done. Raises SumError."""
    if exponent.denominator == 1:
        size = max(base.numerator.bit_length(), base.denominator.bit_length())
        if base not in (0, 1, -1) and abs(exponent) * size > MAX_BITS:
            raise SumError("That number is too large for me.")
        if base == 0 and exponent < 0:
            raise SumError("Nothing can be divided by zero.")
        if base in (0, 1, -1):
            return base ** int(exponent % 2) if base == -1 else Fraction(1 if exponent == 0 else base)
        return base ** int(exponent)
    if base < 0:
        raise SumError("The root of a negative number is not a real number.")
    if base == 0:
        if exponent < 0:
            raise SumError("Nothing can be divided by zero.")
        return Fraction(0)
    if exponent == Fraction(1, 2):
        return _sqrt(base)
    if abs(exponent) * max(base.numerator.bit_length(), base.denominator.bit_length()) > MAX_BITS:
        raise SumError("That number is too large for me.")
    return _decimal(base, lambda value: value ** _as_decimal(exponent))


def _sqrt(value: Fraction) -> Fraction:
    if value < 0:
        raise SumError("The root of a negative number is not a real number.")
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    return _decimal(value, lambda one: one.sqrt())


def _cbrt(value: Fraction) -> Fraction:
    root = _decimal(abs(value), lambda one: one ** (Decimal(1) / 3)) if value else Fraction(0)
    near = Fraction(round(root))
    root = near if near**3 == abs(value) else root
    return root if value >= 0 else -root


def _log(value: Fraction, work: Callable[[Decimal], Decimal]) -> Fraction:
    if value <= 0:
        raise SumError("A logarithm needs a number above zero.")
    return _decimal(value, work)


def _factorial(value: Fraction) -> Fraction:
    if value.denominator != 1 or value < 0:
        raise SumError("A factorial needs a whole number.")
    if value > _MAX_FACTORIAL:
        raise SumError(f"I work out factorials up to {_MAX_FACTORIAL}.")
    return Fraction(factorial(int(value)))


def _divisor(value: Fraction) -> Fraction:
    if value == 0:
        raise SumError("Nothing can be divided by zero.")
    return value


def _bounded(value: Fraction) -> Fraction:
    if value.numerator.bit_length() > MAX_BITS or value.denominator.bit_length() > MAX_BITS:
        raise SumError("That number is too large for me.")
    return value


def _as_decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _decimal(value: Fraction, work: Callable[[Decimal], Decimal]) -> Fraction:
    """Work with 50 digits where no exact answer exists."""
    with localcontext() as context:
        context.prec = _PRECISION
        try:
            return Fraction(work(_as_decimal(value)))
        except (InvalidOperation, OverflowError, ArithmeticError) as error:
            raise SumError("That number is too large for me.") from error


_FUNCTIONS: Final[dict[str, Callable[[Fraction], Fraction]]] = {
    "sqrt": _sqrt,
    "cbrt": _cbrt,
    "abs": abs,
    "round": lambda value: Fraction((value + Fraction(1, 2)).__floor__()),
    "floor": lambda value: Fraction(value.__floor__()),
    "ceil": lambda value: Fraction(value.__ceil__()),
    "ln": lambda value: _log(value, lambda one: one.ln()),
    "log": lambda value: _log(value, lambda one: one.log10()),
}
