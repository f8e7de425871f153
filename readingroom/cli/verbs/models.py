"""``readingroom models list|show|import|pull|export``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from readingroom.cli.output import Output, number
from readingroom.cli.parser import Parser, add_common

if TYPE_CHECKING:
    from readingroom.inference.cards import Card

_ACTIONS = {
    "list": "list the models that are here",
    "show": "show a model's card",
    "import": "take a card, or weights that others published, into the user's folder",
    "pull": "download a model with a pinned checksum",
    "export": "copy a card and its files into --out",
}


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb."""
    actions = parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=Parser
    )
    for action, text in _ACTIONS.items():
        sub = actions.add_parser(action, help=text, description=text)
        add_common(sub, defaults=False)
        if action == "import":
            kinds = "a card's .json file; lungmask's .pth file; or the folder or ZIP of MONAI's "
            kinds += "lung nodule bundle or of an nnU-Net result (TotalSegmentator)"
            sub.add_argument("path", type=Path, metavar="PATH", help=kinds)
        elif action != "list":
            sub.add_argument("name", metavar="NAME")
        if action == "export":
            sub.add_argument("--out", required=True, type=Path, metavar="DIR")


def run(args: argparse.Namespace, output: Output) -> int:
    """Do what was asked with the model cards."""
    {
        "list": _list,
        "show": _show,
        "import": _import,
        "pull": _pull,
        "export": _export,
    }[args.action](args, output)
    return 0


def _list(args: argparse.Namespace, output: Output) -> None:
    from readingroom.inference.cards import list_cards

    cards = list_cards()
    columns = ["name", "version", "architecture", "licence", "sha256"]
    rows = [[c.name, c.version, c.architecture, c.licence, c.sha256[:12]] for c in cards]
    output.table("models", columns, rows)
    output.data(models=[_facts(card) for card in cards])


def _show(args: argparse.Namespace, output: Output) -> None:
    from readingroom.inference.cards import load_card

    card = load_card(args.name)
    output.say(f"{card.name} {card.version}  {card.architecture}  {card.licence}")
    output.say(f"  for: {card.intended_use}")
    output.say(f"  limits: {card.limits}")
    output.say(f"  trained on: {card.training.data}")
    columns = ["metric", "value", "on"]
    rows = [[name, number(m.value, 4), m.dataset] for name, m in card.metrics.items()]
    output.table("metrics", columns, rows)
    output.data(model=_facts(card))


def _import(args: argparse.Namespace, output: Output) -> None:
    from readingroom.inference.transfer import import_card
    from readingroom.readers.lungnodule.publicweights import import_published

    is_card = args.path.suffix == ".json" or not args.path.exists()
    take = import_card if is_card else import_published
    _arrived(take(args.path), output)


def _pull(args: argparse.Namespace, output: Output) -> None:
    from readingroom.inference.transfer import pull

    with output.progress(args.name) as progress:
        card = pull(args.name, progress=progress)
    _arrived(card, output)


def _export(args: argparse.Namespace, output: Output) -> None:
    from readingroom.inference.transfer import export_card

    path = export_card(args.name, args.out)
    output.say(f"  {path}")
    output.data(card=str(path))


def _arrived(card: Card, output: Output) -> None:
    output.say(f"  {card.name} {card.version} is ready.", f"  {card.name} {card.version} 已就绪。")
    output.data(model=_facts(card))


def _facts(card: Card) -> dict[str, object]:
    return {**card.model_dump(by_alias=True), "sha256": card.sha256}
