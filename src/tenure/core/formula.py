"""Arithmetic over named figures: A / B, (A - B) * 100. Hides how a formula is read, and what has no value.

A formula has names, numbers, + - * /, parentheses and nothing else. A figure that is not defined, and a division by
zero, make the result None.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tenure.core.errors import QuestionRefused

Figure = Decimal | None
LONGEST = 1_000
LARGEST = 10**15
"""Numbers in a formula are smaller."""

_OPERATORS: dict[type[ast.operator], Callable[[Decimal, Decimal], Figure]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: None if b == 0 else a / b,
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read, with the names in it."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr

    @classmethod
    def parse(cls, text: str, known: tuple[str, ...]) -> Formula:
        """The formula of a text.

        Raises: QuestionRefused if it is none, or names a figure that is not known.
        """
        try:
            tree = ast.parse(text.strip()[: LONGEST + 1], mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            raise _refused(text, "Write names and numbers with + - * / and parentheses, such as A / B.") from None
        if len(text) > LONGEST:
            raise _refused(text[:50], f"A formula has at most {LONGEST} characters.")
        names = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                if node.id not in known:
                    raise _refused(node.id, f"There is no figure of this name. Use: {', '.join(known)}.", known)
                names.append(node.id)
            elif not _is_plain(node):
                raise _refused(text, "Write names and numbers with + - * / and parentheses, such as A / B.")
        return cls(text, tuple(dict.fromkeys(names)), tree)

    def value(self, figures: Mapping[str, Figure]) -> Figure:
        """The result for these figures; None where it is not defined."""
        return _value(self.tree, figures)


def _is_plain(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (int, float)) and not isinstance(node.value, bool) and abs(node.value) < LARGEST
    if isinstance(node, ast.BinOp):
        return type(node.op) in _OPERATORS
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, (ast.USub, ast.UAdd))
    return isinstance(node, (ast.operator, ast.unaryop, ast.expr_context))


def _value(node: ast.expr, figures: Mapping[str, Figure]) -> Figure:
    if isinstance(node, ast.Name):
        return figures[node.id]
    if isinstance(node, ast.Constant):
        return Decimal(str(node.value))
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, figures)
        return None if inner is None else -inner if isinstance(node.op, ast.USub) else inner
    assert isinstance(node, ast.BinOp)
    left, right = _value(node.left, figures), _value(node.right, figures)
    return None if left is None or right is None else _OPERATORS[type(node.op)](left, right)


def _refused(value: str, fix: str, allowed: tuple[str, ...] = ()) -> QuestionRefused:
    return QuestionRefused(
        "question.bad_value", "`formula` cannot be read.", fix=fix, field="formula", value=value, allowed=list(allowed)
    )
