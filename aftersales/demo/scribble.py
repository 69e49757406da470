"""A signature as somebody draws it with a finger: so many strokes as the name has characters."""

import io
import math
from random import Random

from PIL import Image, ImageDraw

SIZE = (360, 130)


def scribble(name: str, seed: int) -> bytes:
    """A PNG. The same name and seed give the same picture."""
    rng = Random(f"{name}{seed}")
    picture = Image.new("L", SIZE, 255)
    pen = ImageDraw.Draw(picture)
    width = (SIZE[0] - 60) / len(name)
    for place in range(len(name)):
        for _stroke in range(rng.randrange(3, 6)):
            pen.line(_stroke_points(rng, 30 + place * width, width), fill=20, width=rng.choice((3, 3, 4)), joint="curve")
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _stroke_points(rng: Random, left: float, width: float) -> list[tuple[float, float]]:
    x, y = left + rng.uniform(0, 0.5) * width, rng.uniform(25, 95)
    angle, bend = rng.uniform(-0.6, 1.7), rng.uniform(-0.35, 0.35)
    points = [(x, y)]
    for _step in range(rng.randrange(6, 14)):
        x, y = x + 7 * math.cos(angle), min(max(y + 7 * math.sin(angle), 8), SIZE[1] - 8)
        angle += bend
        points.append((x, y))
    return points
