"""``readingroom train READER --out DIR``."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom import readers
from readingroom.cli.output import Output
from readingroom.errors import RefusedInput

if TYPE_CHECKING:
    from readingroom.training.loop import TrainingResult


def add_arguments(parser: argparse.ArgumentParser, argv: Sequence[str], language: str) -> None:
    """Describe the verb."""
    parser.add_argument("reader", choices=readers.names(), metavar="READER")
    parser.add_argument("--card", metavar="NAME", help="train only this model")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="training scans (default: the public demo scan)"
    )
    parser.add_argument(
        "--budget-minutes", type=float, metavar="MIN", help="stop each model after this time"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--start-from", metavar="CARD", help="begin with the weights of this model (fine-tuning)"
    )
    parser.add_argument("--restart", action="store_true", help="ignore earlier checkpoints")


def run(args: argparse.Namespace, output: Output) -> int:
    """Train each recipe of the reader, going on from its checkpoint."""
    from readingroom.demo.data import fetch_organs
    from readingroom.inference.cards import load_card
    from readingroom.training.loop import train

    data = args.data or fetch_organs()
    recipes = importlib.import_module(f"readingroom.readers.{args.reader}.train").recipes(data)
    results: dict[str, dict[str, Any]] = {}
    for name in _chosen(recipes, args.card):
        recipe = recipes[name]
        with output.progress(name) as progress:
            result = train(
                recipe,
                args.out / name,
                resume=not args.restart,
                start_from=load_card(args.start_from) if args.start_from else None,
                budget_s=None if args.budget_minutes is None else 60.0 * args.budget_minutes,
                device=args.device,
                progress=progress,
            )
        card = _publish(recipe, result, args.out / "cards") if result.finished else None
        results[name] = {
            "step": result.step,
            "finished": result.finished,
            "seconds": round(result.seconds, 1),
            "metrics": result.metrics,
            "card": None if card is None else str(card),
        }
        output.say(f"  {name}: step {result.step}, {_metrics(result.metrics)}")
        if card is not None:
            output.say(f"  {card}  (use it: readingroom models import {card})")
    output.data(models=results, out=str(args.out))
    return 0


def _publish(recipe: Any, result: TrainingResult, folder: Path) -> Path:
    """Write the finished network as a card, its weights halved to keep the file small.

    A recipe that names an ``example_shape`` gets its ONNX graph beside the weights.
    """
    import torch

    from readingroom.inference.publish import save_card

    shape = getattr(recipe, "example_shape", None)
    card = save_card(
        result.network,
        recipe.card(),
        folder,
        onnx=shape is not None,
        example_inputs=None if shape is None else (torch.zeros(shape),),
        half=True,
    )
    return folder / f"{card.name}.json"


def _chosen(recipes: Mapping[str, Any], name: str | None) -> list[str]:
    if name is None:
        return list(recipes)
    if name not in recipes:
        raise RefusedInput(
            "CARD_UNKNOWN",
            f"There is no training recipe called '{name}'.",
            f"Recipes: {', '.join(recipes)}.",
        )
    return [name]


def _metrics(metrics: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
