"""`estafeta flows preview`: each flow as a picture, and its messages as each channel will show them."""

from estafeta.app.preview.command import flows
from estafeta.app.preview.shown import Shown, preview

__all__ = ["Shown", "flows", "preview"]
