"""Where the sample rosters are: in the checkout, or inside the installed wheel."""

from importlib.resources import files
from pathlib import Path


def sample(name: str) -> Path:
    """Return the path of a sample file."""
    return samples() / name


def samples() -> Path:
    """Return the folder of the samples."""
    inside = Path(str(files("flows"))) / "samples"
    return inside if inside.is_dir() else Path(__file__).parents[1] / "data" / "samples"
