"""Verbs of two words, such as `xray diff`, beside the verb of the first word alone."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class TwoWordGroup(TyperGroup):
    """A group whose commands may have names of two words; the longer name wins.

    `jettison xray TARGET` and `jettison xray diff A B` are two commands of one list, so that each
    has its own options, its own help, and its own section in the reference.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments begin with, and what is left of them.

        Shape: (name, command, arguments).
        """
        name = " ".join(args[:2])
        if len(args) > 1 and name in self.commands:
            return name, self.commands[name], args[2:]
        below = [known for known in self.commands if known.startswith(f"{args[0]} ")]
        if below and args[0] not in self.commands:
            ctx.fail(f"{args[0]} is the first word of: {', '.join(below)}.")
        return super().resolve_command(ctx, args)
